"""The matrix in Markdown: for the summary of a CI run and for the README."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kafka_forge.report.grid import WORDS, report_grid
from kafka_forge.values.model import Verdict

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kafka_forge.report.grid import Grid, GridCell
    from kafka_forge.report.model import Report

_SIGNS = {Verdict.PASS: "✅", Verdict.FAIL: "❌", Verdict.REFUSED: "⛔", Verdict.INSPECTED: "🔍"}


def render(report: Report, faults: Sequence[str] = ()) -> str:
    """Return the matrix of a report, then the reason of everything that is no plain pass, then the faults."""
    grid = report_grid(report)
    parts = [table(grid), *_reasons(grid)]
    if report.rolled:
        parts.append("\n".join(["**Rolled:**", "", *(f"- {_plain(text)}" for text in report.rolled)]))
    if faults:
        parts.append("\n".join(["**Not green:**", "", *(f"- {_plain(fault)}" for fault in faults)]))
    return "\n\n".join(parts) + "\n"


def table(grid: Grid) -> str:
    """Return the grid as a Markdown table; a cell counts the checks that have its verdict, of all."""
    lines = [
        f"| recipe | version | Python | {' | '.join(grid.platforms)} |",
        f"|---|---|---|{'---|' * len(grid.platforms)}",
    ]
    for row in grid.rows:
        cells = [_cell(row.cells.get(platform)) for platform in grid.platforms]
        lines.append(f"| {row.recipe} | {row.version} | {row.python} | {' | '.join(cells)} |")
    return "\n".join(lines)


def _cell(cell: GridCell | None) -> str:
    if cell is None:
        return ""
    return f"{_SIGNS[cell.verdict]} {cell.text}" if cell.verdict else cell.text


def _reasons(grid: Grid) -> list[str]:
    """Return, for each verdict that is no pass, its reasons with the cells that they hold for."""
    parts = []
    for verdict in (Verdict.FAIL, Verdict.REFUSED, Verdict.INSPECTED):
        reasons: dict[str, list[str]] = {}
        for cell in grid.cells:
            if cell.verdict is verdict:
                reasons.setdefault(cell.reason, []).append(cell.id)
        if reasons:
            lines = [f"- {_plain(reason)}: {', '.join(f'`{each}`' for each in ids)}" for reason, ids in reasons.items()]
            parts.append("\n".join([f"**{WORDS.get(verdict, verdict)}:**", "", *lines]))
    return parts


def _plain(text: str) -> str:
    """Return text that Markdown shows as it is, on one line."""
    for sign in "\\`*_<>[]|":
        text = text.replace(sign, f"\\{sign}")
    return " ".join(text.split())
