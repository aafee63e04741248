"""The report as one HTML file: the whole matrix, and behind each cell its evidence. It opens from disk."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

from kafka_forge.ground.files import write_text_atomic
from kafka_forge.report.grid import WORDS, report_grid
from kafka_forge.report.model import cell_id

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kafka_forge.report.model import Report

_TEMPLATE = Path(__file__).parent / "page.html.j2"
_FIRST = 160
"""Characters of a check's evidence that show before it is opened."""


def write(report: Report, file: Path, faults: Sequence[str] = ()) -> None:
    """Write the page of a report, whole or not at all.

    Raises:
        DiskFull, NotWritable: the file system refuses.
    """
    write_text_atomic(file, render(report, faults))


def render(report: Report, faults: Sequence[str] = ()) -> str:
    """Return the page of a report as HTML; ``faults`` are shown above the matrix."""
    import jinja2

    loader = jinja2.FileSystemLoader(_TEMPLATE.parent)
    environment = jinja2.Environment(loader=loader, autoescape=True, trim_blocks=True, lstrip_blocks=True)
    environment.filters.update(anchor=_anchor, opening=_opening, pretty=_pretty, cell_id=cell_id)
    template = environment.get_template(_TEMPLATE.name)
    grid = report_grid(report)
    cells = {cell.id: cell for cell in grid.cells}
    return str(template.render(report=report, grid=grid, cells=cells, faults=faults, words=WORDS))


def _anchor(name: str) -> str:
    """Return a cell's id as an anchor; slashes and dots are allowed in one."""
    return f"cell-{name.replace('/', '-')}"


def _opening(evidence: dict[str, object]) -> str:
    text = json.dumps(evidence, ensure_ascii=False, default=str)
    return text if len(text) <= _FIRST else f"{text[:_FIRST]}…"


def _pretty(evidence: dict[str, object]) -> str:
    return json.dumps(evidence, ensure_ascii=False, default=str, indent=2)
