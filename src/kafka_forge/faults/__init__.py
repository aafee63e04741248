"""The faults: one kind a file, each with a name, what it does to a cluster and its links, and how it is taken back.

A module here defines ``FAULT``, an object that fits `Kind`. Its id is the file's name with dashes.
"""

from __future__ import annotations

import functools
import importlib
import pkgutil
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from contextlib import AbstractContextManager

    from kafka_forge.brokers import Cluster
    from kafka_forge.brokers.links import Links
    from kafka_forge.values.model import JsonObject


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault of a schedule.

    Attributes:
        kind: the id of a `Kind`.
        after: seconds of calm before it.
        lasts: seconds until it is taken back; the taking back may take longer.
        node: the broker that it strikes (a node id), where it strikes one.
        amount: how much of it, in the kind's own unit; see there.
    """

    kind: str
    after: float = 0.3
    lasts: float = 1.0
    node: int = 1
    amount: float = 1.0


@dataclass(frozen=True, slots=True)
class Scene:
    """What faults are done to.

    Attributes:
        cluster: one that was started ``linked``.
        links: its links.
        topics: those that the clients use; a fault that needs one takes these.
    """

    cluster: Cluster
    links: Links
    topics: Sequence[str] = ()


class Kind(Protocol):
    """One kind of fault."""

    @property
    def id(self) -> str:
        """Its name in contracts, schedules and reports."""

    @property
    def title(self) -> str:
        """What happens, in one sentence."""

    @property
    def amounts(self) -> tuple[float, float]:
        """The least and the greatest `Fault.amount` that a schedule may draw."""

    def inflict(self, scene: Scene, fault: Fault) -> AbstractContextManager[JsonObject]:
        """Do it, and take it back when the block ends.

        The value tells what was done, such as ``{"node": 2}``; where it counts something (``met``: requests that the
        fault has met), that is complete when the block has ended.

        Raises:
            FaultRefused: this machine cannot do it.
        """


@functools.cache
def by_id() -> Mapping[str, Kind]:
    """Return every kind of this package by its id."""
    found: dict[str, Kind] = {}
    for info in sorted(pkgutil.iter_modules(__path__), key=lambda module: module.name):
        if not info.name.startswith("_"):
            kind: Kind = importlib.import_module(f"{__name__}.{info.name}").FAULT
            found[kind.id] = kind
    return found
