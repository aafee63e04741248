"""``refuse-first``: a broker that metadata names as the leader does not lead."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from kafka_forge.faults._meeting import meeting

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kafka_forge.faults import Fault, Scene
    from kafka_forge.values.model import JsonObject


class RefuseFirst:
    """A broker that metadata names as the leader does not lead."""

    id = "refuse-first"
    title = "the first requests to produce of every connection are refused (error 6) by a broker that only has a copy"
    amounts = (1.0, 3.0)

    @contextlib.contextmanager
    def inflict(self, scene: Scene, fault: Fault) -> Iterator[JsonObject]:
        """See `kafka_forge.faults.Kind.inflict`."""
        with meeting(scene.links, self.id) as told:
            scene.links.refuse_first(round(fault.amount))
            yield told


FAULT = RefuseFirst()
