"""The whole matrix as one table: a row for each recipe and Python, a column for each platform.

The terminal, the Markdown and the HTML page all show this grid; only their ink differs.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import TYPE_CHECKING

from kafka_forge.report.model import cell_id
from kafka_forge.values import python_names
from kafka_forge.values.model import PLATFORMS, Verdict

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from kafka_forge.planning.plan import Planned
    from kafka_forge.report.model import ArtifactReport, Report

WORDS = {Verdict.INSPECTED: "inspected, not run here"}
"""Verdicts that say more than their one word in the evidence; a cell of the grid has room for the word only."""


@dataclass(frozen=True, slots=True)
class GridCell:
    """What one cell shows.

    Attributes:
        id: ``recipe/platform/python``.
        verdict: None where the cell is only planned.
        counts: verdict → number of checks.
        reason: for the cells that are not a plain pass: why, in one sentence.
    """

    id: str
    verdict: Verdict | None
    counts: Mapping[Verdict, int]
    reason: str = ""

    @property
    def text(self) -> str:
        """The verdict and how many checks stand behind it."""
        if self.verdict is None:
            return "planned"
        counted = self.counts.get(self.verdict, 0)
        return f"{self.verdict} {counted}/{sum(self.counts.values())}" if counted else str(self.verdict)


@dataclass(frozen=True, slots=True)
class GridRow:
    """One recipe and Python; ``cells`` has no entry for a platform that was not part of the run."""

    recipe: str
    version: str
    python: str
    cells: Mapping[str, GridCell]


@dataclass(frozen=True, slots=True)
class Grid:
    """All rows, and the platforms that any of them has."""

    platforms: tuple[str, ...]
    rows: tuple[GridRow, ...]

    def labelled(self, labels: Mapping[str, str]) -> Grid:
        """Return the same grid with other words for some Pythons."""
        return replace(self, rows=tuple(replace(row, python=labels.get(row.python, row.python)) for row in self.rows))

    @property
    def cells(self) -> tuple[GridCell, ...]:
        """Every cell, row by row."""
        return tuple(row.cells[name] for row in self.rows for name in self.platforms if name in row.cells)


def report_grid(report: Report) -> Grid:
    """Return the grid of a report: what was proven, and what the base cannot have."""
    return _grid((each.recipe, each.version, each.python, each.platform, _cell(each)) for each in report.artifacts)


def planned_grid(plans: Sequence[Planned], labels: Mapping[str, str] = MappingProxyType({})) -> Grid:
    """Return the grid of what would be built, with other words for some Pythons where ``labels`` has them."""
    rows = ((planned.cell, planned.refused) for planned in plans)
    return _grid(
        (
            cell.recipe,
            cell.version,
            cell.python,
            cell.platform,
            GridCell(cell.id, Verdict.REFUSED if refused else None, {}, refused or ""),
        )
        for cell, refused in rows
    ).labelled(labels)


def _cell(row: ArtifactReport) -> GridCell:
    reasons = dict.fromkeys(check.summary for check in row.checks if check.verdict is row.verdict and not check.because)
    reason = "" if row.verdict is Verdict.PASS else "; ".join(reasons)
    return GridCell(cell_id(row), row.verdict, Counter(check.verdict for check in row.checks), reason)


def _grid(found: Iterable[tuple[str, str, str | None, str, GridCell]]) -> Grid:
    cells: dict[tuple[str, str], dict[str, GridCell]] = {}
    versions: dict[str, str] = {}
    for recipe, version, python, platform, cell in found:
        cells.setdefault((recipe, python or "any"), {})[platform] = cell
        versions[recipe] = version or versions.get(recipe, "")
    order = sorted(cells, key=lambda key: (key[0], python_names.order(key[1])))
    seen = {platform for row in cells.values() for platform in row}
    return Grid(
        platforms=tuple(platform for platform in PLATFORMS if platform in seen),
        rows=tuple(GridRow(recipe, versions[recipe], python, cells[recipe, python]) for recipe, python in order),
    )
