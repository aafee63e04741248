"""``kafka-forge report``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from kafka_forge.cli.options import echo_json, inspected_option, json_option

if TYPE_CHECKING:
    from kafka_forge.report.model import ArtifactReport, Report

_FILE = click.Path(dir_okay=False, path_type=Path)


@click.group()
def command() -> None:
    """Show the evidence of a run, and merge the reports of several."""


@command.command()
@click.argument("cells", nargs=-1, metavar="[CELL]...")
@click.option("--file", type=_FILE, help="The report.  [default: output/report.json in the checkout]")
@click.option("--check", "pattern", default="*", metavar="PATTERN", help="Only these checks, as in 'roundtrip*'.")
@click.option("--markdown", is_flag=True, help="Print the matrix in Markdown.")
@json_option
def show(cells: tuple[str, ...], file: Path | None, pattern: str, markdown: bool, as_json: bool) -> None:
    """Show the matrix of a run; of a CELL (as in pykafka/linux-64/3.12, or 'pykafka/*') every check's evidence."""
    from kafka_forge.ground.paths import project_root
    from kafka_forge.report import markdown as markdown_page
    from kafka_forge.report import merging, terminal

    report = merging.load(file or project_root() / "output" / "report.json")
    if cells:
        chosen = [_narrowed(artifact, pattern) for artifact in _chosen(report, cells)]
        if as_json:
            echo_json([artifact.model_dump(mode="json") for artifact in chosen])
        else:
            terminal.print_evidence(chosen)
    elif markdown:
        click.echo(markdown_page.render(report), nl=False)
    elif as_json:
        echo_json(report.model_dump(mode="json"))
    else:
        terminal.print_report(report)


def _chosen(report: Report, patterns: tuple[str, ...]) -> list[ArtifactReport]:
    import fnmatch

    from kafka_forge.errors import UnknownCell
    from kafka_forge.report.model import cell_id

    names = {cell_id(artifact): artifact for artifact in report.artifacts}
    for pattern in patterns:
        if not fnmatch.filter(names, pattern):
            raise UnknownCell(
                f"the report has no cell {pattern!r}", details=sorted(names), todo="name one of these, or a pattern."
            )
    return [
        artifact for name, artifact in names.items() if any(fnmatch.fnmatchcase(name, pattern) for pattern in patterns)
    ]


def _narrowed(artifact: ArtifactReport, pattern: str) -> ArtifactReport:
    import fnmatch

    kept = [check for check in artifact.checks if fnmatch.fnmatchcase(check.id, pattern.replace("[", "[[]"))]
    return artifact.model_copy(update={"checks": kept})


@command.command()
@click.argument("files", nargs=-1, required=True, type=_FILE, metavar="REPORT...")
@click.option(
    "--output",
    required=True,
    type=click.Path(file_okay=False, path_type=Path),
    help="The folder for report.json, report.html and report.md.",
)
@click.option("--artifacts", is_flag=True, help="Bring the artifacts together too: the output is then a channel.")
@click.option("--expected", type=_FILE, help="What `matrix --json` printed: each of its cells must be there.")
@inspected_option(default=True)
def merge(files: tuple[Path, ...], output: Path, artifacts: bool, expected: Path | None, inspected: bool) -> None:
    """Merge the reports of several runs, write them as JSON, HTML and Markdown, and fail unless they are green.

    Green is: every check passes, or is refused for a reason that the contract names, or (for macOS, where the run's
    machine is none, and unless --no-inspected) is inspected.
    """
    import sys

    from kafka_forge.errors import VerdictsNotGreen
    from kafka_forge.ground.files import write_text_atomic
    from kafka_forge.report import gathering, markdown, merging, page, terminal

    report = merging.merge([merging.load(file) for file in files], sys.argv)
    if artifacts:
        report = gathering.gather(report, [file.parent for file in files], output)
    faults = merging.faults(report, merging.expected_cells(expected) if expected else (), inspected=inspected)
    page.write(report, output / "report.html", faults)
    write_text_atomic(output / "report.md", markdown.render(report, faults))
    write_text_atomic(output / "report.json", report.model_dump_json(indent=2) + "\n")
    terminal.print_report(report)
    if faults:
        raise VerdictsNotGreen(
            f"{len(faults)} faults in {len(files)} reports",
            where=str(output / "report.json"),
            details=faults[:20],
            todo="`kafka-forge report show CELL --file REPORT` shows a cell's evidence.",
        )
