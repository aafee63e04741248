"""What ``inspect`` and ``roundtrip`` share: each is one half of what ``verify`` does with an artifact."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from kafka_forge.brokers import Broker
    from kafka_forge.progress import Progress
    from kafka_forge.selection import Selection


def examine_built(
    selection: Selection,
    *,
    base: str,
    broker: Broker | None,
    jobs: int,
    output: Path | None,
    as_json: bool,
    progress: Progress | None = None,
) -> None:
    """Examine built artifacts by inspection (no broker) or by round trip (a broker), and print the checks.

    Raises:
        NotBuilt: a selected artifact is not there.
        VerdictsNotGreen: a check failed.
    """
    from kafka_forge.cleaning import using
    from kafka_forge.cli._artifacts import built
    from kafka_forge.cli.options import echo_json
    from kafka_forge.examine import Run, examine_all
    from kafka_forge.paths import Cache, project_root
    from kafka_forge.report import terminal
    from kafka_forge.verify import contracts_of

    root, cache = project_root(), Cache.default()
    target = (output or root / "output").resolve()
    with contextlib.ExitStack() as stack:
        listener = progress or stack.enter_context(terminal.progress_for().shown())
        stack.enter_context(using(cache))
        ready = built(selection, base, root, target, cache, listener)
        run = Run(ready.base, broker, cache, target, listener, inspect=broker is None)
        reports = examine_all(run, ready.artifacts, contracts_of(ready.artifacts, root), jobs)
    if as_json:
        echo_json([report.model_dump(mode="json") for report in reports])
    else:
        terminal.print_checks(reports)
    _fail_if_red([report.recipe for report in reports if report.verdict == "fail"])


def _fail_if_red(recipes: list[str]) -> None:
    from kafka_forge.errors import VerdictsNotGreen

    if recipes:
        names = ", ".join(dict.fromkeys(recipes))
        raise VerdictsNotGreen(
            f"{len(recipes)} artifacts failed: {names}",
            todo="the failed checks are listed above; --json has the evidence.",
        )
