"""What `bench clients` can measure besides the plain case: delivery reports, idempotence, more partitions, a codec, and
messages that are awaited one by one, or a loop of asyncio that something else wants, too.

Each workload is the run's own settings with a few of them changed, so that what it costs can be said as a ratio to the
same client's plain rate in the same round.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from kafka_forge.bench.results import DIRECTIONS, PLAIN
from kafka_forge.errors import NothingSelected

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from kafka_forge.bench.setup import Setup
    from kafka_forge.values.model import JsonObject

_AWAITED = 5000
"""Messages of which each waits for the last one's acknowledgement: a thousand or some take a second."""
ALL = "all"
"""Stands for every workload on the command line."""


@dataclass(frozen=True, slots=True)
class Workload:
    """One way to load the clients.

    Attributes:
        id: its name in JSON and for ``--workload``.
        title: its name in the tables; empty for the plain one.
        directions: which of ``produce`` and ``consume`` it is about.
        changes: fields of `Setup` that differ from the run's, with their values.
    """

    id: str
    title: str
    directions: tuple[str, ...] = DIRECTIONS
    changes: Mapping[str, Any] = field(default_factory=dict)

    @property
    def in_loop(self) -> bool:
        """Whether it is about a loop of asyncio, so that clients without one have no part in it."""
        return bool(self.changes.get("heartbeat"))

    def of(self, setup: Setup) -> Setup:
        """Return the run's settings as this workload changes them."""
        return replace(setup, **self.changes)

    def conditions(self, setup: Setup) -> JsonObject:
        """Return under which settings it is measured, for the JSON."""
        own = self.of(setup)
        return {
            "partitions": own.partitions,
            "acks": own.acks,
            "codec": own.codec,
            "idempotent": own.idempotent,
            "reports": own.reports,
            "awaited": own.awaited,
            "heartbeat": own.heartbeat,
            "linger_ms": own.linger_ms,
        }


WORKLOADS = (
    Workload(PLAIN, ""),
    Workload("reports", "keys, headers and delivery reports", ("produce",), {"reports": True}),
    Workload("idempotent", "idempotent, acks=all", ("produce",), {"idempotent": True, "acks": "all"}),
    Workload("partitions-8", "eight partitions", changes={"partitions": 8}),
    Workload("lz4", "lz4", changes={"codec": "lz4"}),
    Workload("awaited", "each awaited", ("produce",), {"awaited": True, "linger_ms": 0, "messages": _AWAITED}),
    Workload("loop", "with a heartbeat in the loop", changes={"heartbeat": True}),
)
BY_ID = {workload.id: workload for workload in WORKLOADS}


def title_of(name: str) -> str:
    """Return a workload's name in the tables; its own id where it is none of ours, empty for the plain one."""
    return BY_ID[name].title if name in BY_ID else name


def choose(names: Sequence[str]) -> list[Workload]:
    """Return the workloads of these ids in their order, all of them for ``all``.

    Raises:
        NothingSelected: there is no such workload.
    """
    if unknown := sorted(set(names) - {*BY_ID, ALL}):
        raise NothingSelected(
            f"there is no workload {', '.join(unknown)}", todo=f"name some of {', '.join(BY_ID)}, or {ALL}."
        )
    return [workload for workload in WORKLOADS if ALL in names or workload.id in names]


def cells(chosen: Sequence[Workload]) -> list[tuple[str, str]]:
    """Return the pairs of workload and direction to measure, in the order of the tables.

    Whatever is not plain is compared with the plain case, which is therefore measured too, in those directions.

    >>> cells([BY_ID["idempotent"]])
    [('plain', 'produce'), ('idempotent', 'produce')]
    """
    ways = [way for way in DIRECTIONS if any(way in workload.directions for workload in chosen)]
    others = [workload for workload in chosen if workload.id != PLAIN]
    return [
        *((PLAIN, way) for way in ways),
        *((workload.id, way) for workload in others for way in DIRECTIONS if way in workload.directions),
    ]
