"""What ``inspect`` and ``roundtrip`` share: each is one half of what ``verify`` does with an artifact."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from kafka_forge.report.model import ArtifactReport
    from kafka_forge.values.selection import Selection


def examine_built(
    selection: Selection,
    *,
    base: str,
    brokers: tuple[str, ...],
    jobs: int,
    output: Path | None,
    as_json: bool,
) -> None:
    """Examine built artifacts by inspection (no broker) or by round trip (some brokers), and print the checks.

    Raises:
        NotBuilt: a selected artifact is not there.
        ForgeError: a broker could not be had, or died (KF5xx).
        VerdictsNotGreen: a check failed.
    """
    from kafka_forge.cli._artifacts import built
    from kafka_forge.cli.options import echo_json
    from kafka_forge.contracts.loading import contracts_of
    from kafka_forge.examining.examine import Run, examine_all
    from kafka_forge.ground.cleaning import using
    from kafka_forge.ground.paths import Cache, project_root
    from kafka_forge.report import terminal

    root, cache = project_root(), Cache.default()
    target = (output or root / "output").resolve()
    with terminal.progress_for().shown() as progress, using(cache):
        ready = built(selection, base, root, target, cache, progress)
        run = Run(ready.base, brokers, cache, target, progress, inspect=not brokers)
        examined = examine_all(run, ready.artifacts, contracts_of(ready.artifacts, root), jobs)
    if as_json:
        echo_json([report.model_dump(mode="json") for report in examined.artifacts])
    else:
        terminal.print_checks(examined.artifacts)
    if examined.faults:
        raise examined.faults[0]
    _fail_if_red([report for report in examined.artifacts if report.verdict == "fail"])


def _fail_if_red(failed: list[ArtifactReport]) -> None:
    from kafka_forge.errors import VerdictsNotGreen

    if failed:
        names = ", ".join(dict.fromkeys(report.recipe for report in failed))
        raise VerdictsNotGreen(
            f"{len(failed)} artifacts failed: {names}",
            todo="the failed checks are listed above; --json has the evidence.",
        )
