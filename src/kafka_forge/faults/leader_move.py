"""``leader-move``: partitions get other leaders while all brokers live."""

from __future__ import annotations

import contextlib
import time
from typing import TYPE_CHECKING

from kafka_forge.brokers import leaders

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kafka_forge.faults import Fault, Scene
    from kafka_forge.values.model import JsonObject


class LeaderMove:
    """Partitions get other leaders while all brokers live."""

    id = "leader-move"
    title = "another copy of every partition becomes its leader (reassignment and preferred election)"
    amounts = (1.0, 3.0)

    @contextlib.contextmanager
    def inflict(self, scene: Scene, fault: Fault) -> Iterator[JsonObject]:
        """See `kafka_forge.faults.Kind.inflict`."""
        moves = []
        for _ in range(round(fault.amount)):
            moves.append(leaders.move(scene.cluster.broker(1).internal, scene.topics))
            time.sleep(fault.lasts / fault.amount)
        yield {"moves": [len(each) for each in moves]}


FAULT = LeaderMove()
