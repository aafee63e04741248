"""The tables of ``bench clients`` in the terminal."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table
from rich.text import Text

from kafka_forge.bench import reference, workloads
from kafka_forge.bench.results import DIRECTIONS
from kafka_forge.bench.roster import BY_ID

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kafka_forge.bench.results import Change, Results, Row
    from kafka_forge.bench.spread import Estimate

COLUMNS = ("client", "time in seconds", "MB/s", "messages/s", "95 % interval", "ratio", "CPU s / million")
"""The columns of the comparison of 2016, and ours; ``ratio`` is to confluent_kafka in the same repetitions."""
TO_CEILING = ("rate / C", "CPU / C")
"""Rate and CPU time as shares of rdkafka_performance's in the same repetitions, where that was measured."""
TO_PLAIN = "to plain"
"""A workload's rate as a share of the same client's plain one in the same repetitions."""
LATENCY = ("p99 ms", "p99 / C")
"""Milliseconds within which 99 % of the messages were acknowledged, and as a multiple of librdkafka's own in C."""
LATE = "loop late ms"
"""Milliseconds by which 99.9 % of the heartbeats in the client's loop were late at the most."""
_WIDTH = 200
"""Columns of the terminal where there is none."""


def _console() -> Console:
    console = Console(file=sys.stdout)
    return console if console.is_terminal else Console(file=sys.stdout, width=_WIDTH)


def title_of(client: str) -> str:
    """Return a client's name in the tables."""
    return BY_ID[client].title if client in BY_ID else client


def sizes(rows: Sequence[Row]) -> list[int]:
    """Return the message sizes of rows, each once, in their order."""
    return list(dict.fromkeys(row.key.message_bytes for row in rows))


def groups(rows: Sequence[Row]) -> list[list[Row]]:
    """Return the rows of each table: one for each workload, size and direction, in this order."""
    order = {name: place for place, name in enumerate(workloads.BY_ID)}
    tried = dict.fromkeys((row.key.workload, row.key.message_bytes, row.key.direction) for row in rows)
    places = {size: place for place, size in enumerate(sizes(rows))}
    known = sorted(tried, key=lambda one: (order.get(one[0], len(order)), places[one[1]], DIRECTIONS.index(one[2])))
    return [
        [row for row in rows if (row.key.workload, row.key.message_bytes, row.key.direction) == one] for one in known
    ]


def columns(rows: Sequence[Row]) -> tuple[str, ...]:
    """Return the headers of the table that these rows make."""
    ceiling = TO_CEILING if any(row.to_ceiling for row in rows) else ()
    plain = (TO_PLAIN,) if any(row.to_plain for row in rows) else ()
    latency = LATENCY if any(row.latency_p99 for row in rows) else ()
    return (*COLUMNS, *ceiling, *plain, *latency, *((LATE,) if any(row.late_p999 for row in rows) else ()))


def cells(row: Row, headers: Sequence[str] = COLUMNS) -> tuple[str, ...]:
    """Return a row's columns as text; a client that failed shows why, never a zero."""
    title = title_of(row.key.client)
    if row.rate is None:
        return (title, f"failed: {'; '.join(row.failures)}", *("" for _ in headers[2:]))
    rate = row.rate
    all_of_it = (
        title,
        f"{row.time:.3f}",
        f"{row.megabytes_per_second:.2f}",
        f"{rate.median:,.0f}",
        f"{rate.low:,.0f} – {rate.high:,.0f}{' (wide)' if rate.wide else ''}",
        _spread(row.ratio),
        f"{row.cpu_per_million:.2f}",
        f"{row.to_ceiling.median:.2f}" if row.to_ceiling else "",
        f"{row.cpu_to_ceiling.median:.2f}" if row.cpu_to_ceiling else "",
        _spread(row.to_plain),
        _spread(row.latency_p99, 1000),
        _spread(row.latency_to_ceiling),
        _spread(row.late_p999, 1000),
    )
    known = dict(zip((*COLUMNS, *TO_CEILING, TO_PLAIN, *LATENCY, LATE), all_of_it, strict=True))
    return tuple(known[header] for header in headers)


def _spread(found: Estimate | None, times: float = 1) -> str:
    return f"{found.median * times:.2f} ({found.low * times:.2f} – {found.high * times:.2f})" if found else ""


def heading(rows: Sequence[Row]) -> str:
    """Return a table's title: what was measured, how much of it, and how often."""
    key = rows[0].key
    times = [row.repetitions for row in rows if row.rate]
    often = f", time of {rows[0].compared:,} messages, {min(times)} repetitions" if times else ""
    title = workloads.title_of(key.workload)
    return f"{key.direction}, {key.message_bytes:,} B{', ' if title else ''}{title}{often}"


def print_results(results: Results, console: Console | None = None) -> None:
    """Print a table for each workload, message size and direction, then the warnings and the figures of 2016."""
    console = console or _console()
    for rows in groups(results.rows()):
        _print(console, heading(rows), rows)
    for warning in results.warnings():
        console.print(Text(f"note: {warning}", style="yellow"), soft_wrap=True)
    _print_reference(console)


def _print(console: Console, title: str, rows: Sequence[Row]) -> None:
    table = Table(title=title, title_justify="left")
    headers = columns(rows)
    for number, header in enumerate(headers):
        table.add_column(header, justify="left" if number == 0 else "right", overflow="fold")
    failed = []
    for row in rows:
        texts = cells(row, headers)
        if row.rate is None:
            table.add_row(texts[0], Text("failed", style="bold red"))
            failed.append(f"{texts[0]}: {texts[1]}")
        else:
            table.add_row(*texts)
    console.print(table)
    for line in failed:
        console.print(Text(f"  {line}", style="red"), soft_wrap=True)


def _print_reference(console: Console) -> None:
    """Print the published figures; they are of another machine, and say so."""
    console.print(f"\nFor reference: {reference.TITLE}; another machine, Kafka 0.9, clients of its day", markup=False)
    console.print(Text(reference.SOURCE, style="dim"), soft_wrap=True)
    for direction, rows in reference.TABLES.items():
        table = Table(title=f"{direction}, 2016", title_justify="left")
        for number, header in enumerate(COLUMNS[:4]):
            table.add_column(header, justify="left" if number == 0 else "right")
        for row in rows:
            table.add_row(
                title_of(row.client),
                f"{row.seconds:.3f}",
                f"{row.megabytes_per_second:.2f}",
                f"{row.messages_per_second:,.0f}",
            )
        console.print(table)


def print_changes(changes: Sequence[Change], console: Console | None = None) -> None:
    """Print what moved beyond its interval, and how many cells did not."""
    console = console or _console()
    moved = [change for change in changes if change.moved]
    console.print(f"\ncompared with the earlier run: {len(moved)} of {len(changes)} cells moved beyond their interval")
    for change in moved:
        name = f"{title_of(change.key.client)}, {change.key.told}"
        before = f"{change.before:,.0f}" if change.before is not None else "failed"
        after = f"{change.after:,.0f}" if change.after is not None else "failed"
        factor = f"  × {change.factor:.2f}" if change.factor else ""
        console.print(Text(f"  {name}: {before} → {after} messages/s{factor}"), soft_wrap=True)
