"""``cut-after``: a connection breaks after the broker has the messages, and before it has said so."""

from __future__ import annotations

import contextlib
import time
from typing import TYPE_CHECKING

from kafka_forge.faults._meeting import meeting

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kafka_forge.faults import Fault, Scene
    from kafka_forge.values.model import JsonObject


class CutAfter:
    """A connection breaks after the broker has the messages, and before it has said so."""

    id = "cut-after"
    title = "each connection is reset in place of the answer to its next request to produce, which a broker has done"
    amounts = (1.0, 3.0)

    @contextlib.contextmanager
    def inflict(self, scene: Scene, fault: Fault) -> Iterator[JsonObject]:
        """See `kafka_forge.faults.Kind.inflict`."""
        with meeting(scene.links, self.id) as told:
            for turn in range(round(fault.amount)):
                if turn:
                    time.sleep(fault.lasts / fault.amount)
                scene.links.cut_after()
            yield told


FAULT = CutAfter()
