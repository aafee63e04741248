"""The terminal: live progress where there is one, plain lines where there is none, and the verdict's table."""

from __future__ import annotations

import contextlib
import json
import sys
import threading
import time
from collections import Counter
from typing import TYPE_CHECKING

from rich import box
from rich.console import Console
from rich.progress import BarColumn, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.progress import Progress as RichProgress
from rich.table import Table
from rich.text import Text

from kafka_forge.errors.hiding import hidden
from kafka_forge.report.grid import report_grid
from kafka_forge.report.model import cell_id, gravest
from kafka_forge.values.model import Verdict

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from rich.progress import TaskID

    from kafka_forge.ground.progress import Progress, Task
    from kafka_forge.planning.matrix import Job
    from kafka_forge.report.grid import Grid, GridCell
    from kafka_forge.report.model import ArtifactReport, CheckReport, Report

_WIDTH = 120
_SHOWN = 4
"""How many checks with the same reason are named in the terminal."""

_STYLE = {Verdict.PASS: "green", Verdict.FAIL: "bold red", Verdict.REFUSED: "yellow", Verdict.INSPECTED: "cyan"}


class _LiveTask:
    def __init__(self, bars: RichProgress, task: TaskID) -> None:
        self._bars, self._task = bars, task

    def advance(self, amount: float = 1) -> None:
        self._bars.advance(self._task, amount)

    def note(self, text: str) -> None:
        self._bars.update(self._task, note=hidden(text))


class LiveProgress:
    """Progress bars; what is finished leaves one plain line."""

    def __init__(self, console: Console) -> None:
        self.console = console
        self._bars = RichProgress(
            SpinnerColumn(),
            TextColumn("{task.description}"),
            BarColumn(bar_width=24),
            TimeElapsedColumn(),
            TextColumn("[dim]{task.fields[note]}"),
            console=console,
            transient=True,
        )

    @contextlib.contextmanager
    def task(self, label: str, total: float | None = None) -> Iterator[Task]:
        """See `kafka_forge.ground.progress.Progress.task`."""
        task = self._bars.add_task(hidden(label), total=total, note="")
        begun = time.monotonic()
        try:
            yield _LiveTask(self._bars, task)
        finally:
            self._bars.remove_task(task)
        if time.monotonic() - begun > 1:
            self.say(f"{label}  {time.monotonic() - begun:.1f} s")

    def say(self, text: str) -> None:
        """See `kafka_forge.ground.progress.Progress.say`."""
        self.console.print(Text(hidden(text)), soft_wrap=True)

    def begins(self, text: str) -> None:
        """See `kafka_forge.ground.progress.Progress.begins`: its bar shows it."""

    @contextlib.contextmanager
    def shown(self) -> Iterator[Progress]:
        """Draw the bars while the block runs."""
        with self._bars:
            yield self


class _PlainTask:
    def advance(self, amount: float = 1) -> None:
        pass

    def note(self, text: str) -> None:
        pass


class PlainProgress:
    """One line when a piece of work ends, and when one begins that may take minutes: for logs and pipes."""

    def __init__(self, console: Console) -> None:
        self.console = console
        self._lock = threading.Lock()
        self._begun = time.monotonic()

    @contextlib.contextmanager
    def task(self, label: str, total: float | None = None) -> Iterator[Task]:  # noqa: ARG002
        """See `kafka_forge.ground.progress.Progress.task`."""
        begun = time.monotonic()
        yield _PlainTask()
        self.say(f"{label}  {time.monotonic() - begun:.1f} s")

    def say(self, text: str) -> None:
        """See `kafka_forge.ground.progress.Progress.say`."""
        with self._lock:
            self.console.print(
                Text(f"[{time.monotonic() - self._begun:7.1f}] {hidden(text)}"), soft_wrap=True, highlight=False
            )

    def begins(self, text: str) -> None:
        """See `kafka_forge.ground.progress.Progress.begins`."""
        self.say(text)

    @contextlib.contextmanager
    def shown(self) -> Iterator[Progress]:
        """Exist, so that callers need not know which progress they have."""
        yield self


def progress_for(stream_is_stdout: bool = False) -> LiveProgress | PlainProgress:
    """Return live bars on a terminal, plain lines elsewhere; on standard error unless told otherwise."""
    console = Console(stderr=not stream_is_stdout)
    return LiveProgress(console) if console.is_terminal else PlainProgress(console)


def verdict_text(verdict: Verdict) -> Text:
    """Return a verdict in its colour."""
    return Text(verdict.value, style=_STYLE[verdict])


def _counts(artifact: ArtifactReport) -> str:
    counts = Counter(check.verdict for check in artifact.checks)
    return ", ".join(f"{counts[verdict]} {verdict}" for verdict in _STYLE if counts[verdict])


def print_report(report: Report, console: Console | None = None) -> None:
    """Print the table of artifacts, then every failure with its reason, then the refusals.

    With several platforms, the table is the whole matrix; with several brokers, it shows what each of them, and the
    inspection, says about each artifact.
    """
    console = console or wide_console()
    console.print(_table(report))
    _print_some(report.artifacts, Verdict.FAIL, console)
    _print_some(report.artifacts, Verdict.REFUSED, console)
    nothing = " (nothing failed; what is refused, the contracts name)" if report.verdict is Verdict.REFUSED else ""
    console.print(Text("verdict: ").append_text(verdict_text(report.verdict)), f"in {report.seconds:.0f} s{nothing}")


def _table(report: Report) -> Table:
    grid = report_grid(report)
    if len(grid.platforms) > 1:
        return grid_table(grid, title=_title(report))
    return _by_broker(report) if len(report.brokers) > 1 else _by_artifact(report)


def _title(report: Report) -> str:
    return (
        f"{report.what}: {len(report.artifacts)} artifacts, Kafka {', '.join(each.version for each in report.brokers)}"
    )


def _by_artifact(report: Report) -> Table:
    table = Table(title=_title(report), title_justify="left")
    for header in ("artifact", "version", "python", "checks", "verdict"):
        table.add_column(header, overflow="fold")
    for artifact in report.artifacts:
        table.add_row(
            artifact.recipe,
            artifact.version,
            artifact.python or "any",
            _counts(artifact),
            verdict_text(artifact.verdict),
        )
    return table


def _by_broker(report: Report) -> Table:
    """Return the table with a column for each broker; without lines, so that it has room in 80 columns."""
    total = sum(len(artifact.checks) for artifact in report.artifacts)
    table = Table(
        title=f"{_title(report)}, {total} checks",
        title_justify="left",
        box=box.SIMPLE,
        padding=(0, 1, 0, 0),
        pad_edge=False,
    )
    parts = [None, *(broker.name for broker in report.brokers)]
    for header in ("artifact", "python", *(part or "inspect" for part in parts), "verdict"):
        table.add_column(header, overflow="fold")
    for artifact in report.artifacts:
        table.add_row(
            f"{artifact.recipe} {artifact.version}",
            artifact.python or "any",
            *(_part(artifact, part) for part in parts),
            verdict_text(artifact.verdict),
        )
    return table


def _part(artifact: ArtifactReport, broker: str | None) -> Text:
    """Return what the checks with one broker (None: without any) say; a dash where there are none."""
    verdicts = [check.verdict for check in artifact.checks if check.broker == broker]
    return verdict_text(gravest(verdicts)) if verdicts else Text("–")


def wide_console() -> Console:
    """Return a console on standard output; where that is no terminal, its lines are long enough for the matrix."""
    console = Console(file=sys.stdout)
    if not console.is_terminal:
        console.width = max(console.width, _WIDTH)
    return console


def grid_table(grid: Grid, *, title: str) -> Table:
    """Return the whole matrix as a table: a row for each recipe and Python, a column for each platform."""
    table = Table(title=title, title_justify="left", box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0))
    for header in ("recipe", "python"):
        table.add_column(header, no_wrap=True)
    for platform in grid.platforms:
        table.add_column(platform.replace("-", "\n"))
    for row in grid.rows:
        table.add_row(row.recipe, row.python, *(_ink(row.cells.get(platform)) for platform in grid.platforms))
    return table


def _ink(cell: GridCell | None) -> Text:
    if cell is None:
        return Text("–", style="dim")
    return verdict_text(cell.verdict) if cell.verdict else Text("build")


def jobs_table(jobs: Sequence[Job]) -> Table:
    """Return the CI jobs as a table."""
    table = Table(title=f"{len(jobs)} CI jobs", title_justify="left", box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0))
    for header in ("platform", "runner", "in", "recipes"):
        table.add_column(header)
    for job in jobs:
        table.add_row(job.platform, job.runner, job.container or "–", ", ".join(job.recipes))
    return table


def print_checks(artifacts: Sequence[ArtifactReport], console: Console | None = None) -> None:
    """Print every check of some artifacts, a line each, in the order that they were judged."""
    console = console or Console(file=sys.stdout)
    for artifact in artifacts:
        title = f"{artifact.recipe} {artifact.version} {artifact.platform} python {artifact.python or 'any'}: "
        console.print(Text(title, style="bold").append_text(verdict_text(artifact.verdict)))
        for check in artifact.checks:
            where = f" on {check.broker}" if check.broker else ""
            line = Text("  ").append_text(verdict_text(check.verdict)).append(f"  {check.id}{where}: {check.summary}")
            console.print(line.append(_following(check)), soft_wrap=True)


def print_evidence(artifacts: Sequence[ArtifactReport], console: Console | None = None) -> None:
    """Print what each artifact is, what stood in its fresh environment, and every check with all of its evidence."""
    console = console or Console(file=sys.stdout)
    for artifact in artifacts:
        console.print(Text(f"{cell_id(artifact)}: ", style="bold").append_text(verdict_text(artifact.verdict)))
        if artifact.sha256:
            console.print(Text(f"  {artifact.file} ({artifact.size} bytes), sha256 {artifact.sha256}"), soft_wrap=True)
            console.print(Text(f"  with {', '.join(artifact.environment)}", style="dim"), soft_wrap=True)
        for check in artifact.checks:
            line = Text("  ").append_text(verdict_text(check.verdict)).append(f"  {check.id}: {check.summary}")
            line.append(f" (Kafka {check.broker})" if check.broker else "").append(_following(check))
            console.print(line, soft_wrap=True)
            for key, value in check.evidence.items():
                text = f"      {key}: {json.dumps(value, ensure_ascii=False, default=str)}"
                console.print(Text(text, style="dim"), soft_wrap=True)


def _print_some(artifacts: Sequence[ArtifactReport], verdict: Verdict, console: Console) -> None:
    """Print the checks of one verdict: each recipe's each reason once, with its Pythons, its brokers and its checks."""
    found: dict[tuple[str, str], list[tuple[ArtifactReport, CheckReport]]] = {}
    for artifact in artifacts:
        for check in artifact.checks:
            if check.verdict is verdict and check.because is None:
                found.setdefault((artifact.recipe, check.summary), []).append((artifact, check))
    if found:
        console.print(Text(f"\n{verdict.value}:", style=_STYLE[verdict]))
    for (recipe, summary), those in found.items():
        several = len({artifact.platform for artifact in artifacts}) > 1
        cells = ((artifact, artifact.python or "any") for artifact, _ in those)
        pythons = dict.fromkeys(f"{each.platform} {python}" if several else python for each, python in cells)
        brokers = dict.fromkeys(check.broker for _, check in those if check.broker)
        where = ", ".join(pythons) + (f"; Kafka {', '.join(brokers)}" if brokers else "")
        console.print(Text(f"  {recipe} [{where}] {summary}"), soft_wrap=True)
        ids = list(dict.fromkeys(check.id for _, check in those))
        console.print(Text(f"    {_few(ids)}", style="dim"), soft_wrap=True)


def _following(check: CheckReport) -> str:
    """Return which failure a check's own follows from, for the end of its line."""
    return f" (follows from {check.because})" if check.because else ""


def _few(ids: Sequence[str]) -> str:
    """Return the first ids, and how many more there are: the report has them all."""
    rest = f" and {len(ids) - _SHOWN} more" if len(ids) > _SHOWN else ""
    return ", ".join(ids[:_SHOWN]) + rest
