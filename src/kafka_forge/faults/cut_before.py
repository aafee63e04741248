"""``cut-before``: a connection breaks before the broker has the messages."""

from __future__ import annotations

import contextlib
import time
from typing import TYPE_CHECKING

from kafka_forge.faults._meeting import meeting

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kafka_forge.faults import Fault, Scene
    from kafka_forge.values.model import JsonObject


class CutBefore:
    """A connection breaks before the broker has the messages."""

    id = "cut-before"
    title = "each connection is reset in place of its next request to produce, which no broker sees"
    amounts = (1.0, 3.0)

    @contextlib.contextmanager
    def inflict(self, scene: Scene, fault: Fault) -> Iterator[JsonObject]:
        """See `kafka_forge.faults.Kind.inflict`."""
        with meeting(scene.links, self.id) as told:
            for turn in range(round(fault.amount)):
                if turn:
                    time.sleep(fault.lasts / fault.amount)
                scene.links.cut_before()
            yield told


FAULT = CutBefore()
