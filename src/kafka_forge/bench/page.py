"""The page with plots: one HTML file that opens from disk and needs nothing else (plots are SVG within it)."""

from __future__ import annotations

import functools
import io
import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kafka_forge.bench import reference, roster, tables
from kafka_forge.bench.results import DIRECTIONS, MEGABYTE, PLAIN
from kafka_forge.errors import UnsupportedMachine
from kafka_forge.ground.files import write_text_atomic

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from kafka_forge.bench.results import Results, Row

_TEMPLATE = Path(__file__).parent / "page.html.j2"
_COLOURS = (
    "#1b6ca8",
    "#d1495b",
    "#e59500",
    "#3c8d5a",
    "#86c29b",
    "#7fb2d9",
    "#8d6cab",
    "#555555",
    "#a0703c",
    "#c7a0cf",
)
_WIDTH = 9.0
"""Inches of a plot."""


def available() -> None:
    """Make sure that the page can be written, before an hour is spent on measuring.

    Raises:
        UnsupportedMachine: jinja2 or matplotlib is not installed.
    """
    try:
        import jinja2  # noqa: F401
        import matplotlib  # noqa: F401
    except ImportError as error:
        raise UnsupportedMachine(
            f"the page needs jinja2 and matplotlib: {error}",
            todo="run scripts/bench.py, which installs them, or `pip install -e .[bench]`.",
        ) from error


def write(results: Results, file: Path) -> None:
    """Write the page of a run, whole or not at all."""
    file.parent.mkdir(parents=True, exist_ok=True)
    write_text_atomic(file, render(results))


def render(results: Results) -> str:
    """Return the page of a run as HTML."""
    import jinja2

    rows = results.rows()
    plain = [row for row in rows if row.key.workload == PLAIN]
    loader = jinja2.FileSystemLoader(_TEMPLATE.parent)
    template = jinja2.Environment(loader=loader, autoescape=True, trim_blocks=True, lstrip_blocks=True).get_template(
        _TEMPLATE.name
    )
    return str(
        template.render(
            tables=[_table(some) for some in tables.groups(rows)],
            curves=[_Safe(_svg(functools.partial(_curves, rows=plain, direction=way))) for way in _curved(plain)],
            warnings=results.warnings(),
            conditions=results.conditions,
            clients=results.conditions.get("clients", {}),
            details=json.dumps(results.conditions, indent=1, ensure_ascii=False),
            reference=reference,
            title_of=tables.title_of,
        )
    )


def _curved(rows: Sequence[Row]) -> list[str]:
    """Return the directions with figures at more than one size."""
    seen = {(row.key.direction, row.key.message_bytes) for row in rows if row.rate}
    return [way for way in DIRECTIONS if sum(direction == way for direction, _ in seen) > 1]


class _Safe(str):
    """Text that is HTML already."""

    __slots__ = ()

    def __html__(self) -> str:
        return str(self)


def _table(rows: Sequence[Row]) -> dict[str, Any]:
    headers = tables.columns(rows)
    return {
        "heading": tables.heading(rows),
        "columns": headers,
        "rows": [{"cells": tables.cells(row, headers), "failed": row.rate is None} for row in rows],
        "plot": _Safe(_svg(lambda figure: _bars(figure, rows), 0.9 + 0.36 * len(rows))),
    }


def _svg(draw: Callable[[Any], None], height: float = 3.6) -> str:
    """Return what is drawn into a figure of so many inches as an SVG element."""
    import matplotlib as mpl
    from matplotlib.figure import Figure

    with mpl.rc_context({"svg.fonttype": "none", "font.family": "sans-serif", "svg.hashsalt": "kafka-forge"}):
        figure = Figure(figsize=(_WIDTH, height), layout="constrained")
        draw(figure)
        text = io.StringIO()
        figure.savefig(text, format="svg", metadata={"Date": None})
    return re.sub(r"^.*?(?=<svg)", "", text.getvalue(), flags=re.DOTALL)


def _bars(figure: Any, rows: Sequence[Row]) -> None:
    """Draw messages per second as bars with their intervals; a client that failed has its word instead of a bar."""
    axes = figure.subplots()
    for place, row in enumerate(rows):
        if row.rate is None:
            axes.text(0, place, " failed", va="center", color="#d1495b")
            continue
        rate = row.rate
        errors = [[rate.median - rate.low], [rate.high - rate.median]]
        colour = _colour(row.key.client)
        axes.barh(place, rate.median, xerr=errors, capsize=4, color=colour, ecolor="#222222", height=0.65)
        axes.annotate(f"{rate.median:,.0f}", (rate.high, place), xytext=(6, 0), textcoords="offset points", va="center")
    axes.set_yticks(range(len(rows)), [tables.title_of(row.key.client) for row in rows])
    axes.set_ylim(len(rows) - 0.4, -0.6)
    axes.set_xlim(0, 1.15 * max((row.rate.high for row in rows if row.rate), default=1.0))
    axes.set_xlabel("messages per second (median, 95 % interval)")
    axes.locator_params(axis="x", nbins=7)
    axes.xaxis.set_major_formatter(lambda value, _place: _short(value))
    axes.grid(axis="x", alpha=0.3)
    _open(axes)


def _curves(figure: Any, rows: Sequence[Row], direction: str) -> None:
    """Draw throughput against message size, a line for each client."""
    axes = figure.subplots()
    for name in dict.fromkeys(row.key.client for row in rows):
        some = [row for row in rows if row.key.client == name and row.key.direction == direction and row.rate]
        some.sort(key=lambda row: row.key.message_bytes)
        rates = [row.rate for row in some if row.rate]
        scales = [row.key.message_bytes / MEGABYTE for row in some]
        middle = [rate.median * scale for rate, scale in zip(rates, scales, strict=True)]
        below = [(rate.median - rate.low) * scale for rate, scale in zip(rates, scales, strict=True)]
        above = [(rate.high - rate.median) * scale for rate, scale in zip(rates, scales, strict=True)]
        axes.errorbar(
            [row.key.message_bytes for row in some],
            middle,
            yerr=[below, above],
            marker="o",
            capsize=3,
            color=_colour(name),
            label=tables.title_of(name),
        )
    axes.set(xscale="log", yscale="log", xlabel="size of a message", ylabel="MB/s", title=direction)
    sizes = sorted(tables.sizes(rows))
    axes.set_xticks(sizes, [f"{_short(size)}B" for size in sizes])
    axes.minorticks_off()
    axes.yaxis.set_major_formatter(lambda value, _place: f"{value:g}")
    axes.grid(alpha=0.3)
    axes.legend(fontsize="small", loc="center left", bbox_to_anchor=(1.0, 0.5))
    _open(axes)


def _short(value: float) -> str:
    """Return a number as an axis has room for it.

    >>> _short(0), _short(100), _short(12500), _short(1200000)
    ('0 ', '100 ', '12.5 k', '1.2 M')
    """
    for unit, letter in ((1e6, "M"), (1e3, "k")):
        if value >= unit:
            return f"{value / unit:g} {letter}"
    return f"{value:g} "


def _open(axes: Any) -> None:
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)


def _colour(client: str) -> str:
    """Return a client's colour, the same one in all plots of all pages."""
    known = list(roster.BY_ID)
    return _COLOURS[known.index(client) % len(_COLOURS)] if client in known else "#999999"
