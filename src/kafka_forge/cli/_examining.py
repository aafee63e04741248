"""What ``inspect`` and ``roundtrip`` share, each being one half of ``verify``; and how that and ``audit`` end."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from kafka_forge.examining.reporting import Verified
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
    from kafka_forge.environments.installers import FromChannels
    from kafka_forge.examining.examine import Candidate, Run, examine_all
    from kafka_forge.ground.cleaning import using
    from kafka_forge.ground.paths import Cache, project_root
    from kafka_forge.report import terminal

    root, cache = project_root(), Cache.default()
    target = (output or root / "output").resolve()
    with terminal.progress_for().shown() as progress, using(cache):
        ready = built(selection, base, root, target, cache, progress)
        run = Run(brokers, cache, progress, inspect=not brokers)
        installer = FromChannels((target.as_uri(), ready.base.channel), cache, progress)
        contracts = contracts_of((each.cell for each in ready.artifacts), root)
        candidates = [Candidate(each, contracts[each.cell.id], installer) for each in ready.artifacts]
        examined = examine_all(run, candidates, jobs)
    if as_json:
        echo_json([report.model_dump(mode="json") for report in examined.artifacts])
    else:
        terminal.print_checks(examined.artifacts)
    if examined.faults:
        raise examined.faults[0]
    _fail_if_red([report for report in examined.artifacts if report.verdict == "fail"])


def conclude(verified: Verified, target: Path, *, as_json: bool) -> None:
    """Print a report, which stands in a folder already, and end as it says.

    Raises:
        ForgeError: a broker could not be had, or died (KF5xx).
        VerdictsNotGreen: a check failed.
    """
    import click

    from kafka_forge.errors import VerdictsNotGreen
    from kafka_forge.report import terminal

    report = verified.report
    if as_json:
        click.echo(report.model_dump_json(indent=2))
    else:
        terminal.print_report(report)
        click.echo(f"report: {target / 'report.json'}, as a page: {target / 'report.html'}")
    if verified.faults:
        raise verified.faults[0]
    red = [each for each in report.artifacts if each.verdict == "fail"]
    failed = [f"{each.recipe} {each.platform} {each.python or ''}".strip() for each in red]
    if failed:
        raise VerdictsNotGreen(
            f"{len(failed)} of {len(report.artifacts)} artifacts failed: {', '.join(failed)}",
            where=str(target / "report.json"),
            todo=_NEXT[report.what],
        )


_NEXT = {
    "verify": "the failed checks are listed above; `kafka-forge inspect` and `roundtrip` try one artifact alone.",
    "audit": "the failed checks are listed above; `kafka-forge report show` has their evidence.",
}


def _fail_if_red(failed: list[ArtifactReport]) -> None:
    from kafka_forge.errors import VerdictsNotGreen

    if failed:
        names = ", ".join(dict.fromkeys(report.recipe for report in failed))
        raise VerdictsNotGreen(
            f"{len(failed)} artifacts failed: {names}",
            todo="the failed checks are listed above; --json has the evidence.",
        )
