"""``controller-change``: the controllers elect another leader."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from kafka_forge.brokers import leaders

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kafka_forge.faults import Fault, Scene
    from kafka_forge.values.model import JsonObject


class ControllerChange:
    """The controllers elect another leader."""

    id = "controller-change"
    title = "the node of the active controller is ended outright, so another one becomes active"
    amounts = (1.0, 1.0)

    @contextlib.contextmanager
    def inflict(self, scene: Scene, fault: Fault) -> Iterator[JsonObject]:
        """See `kafka_forge.faults.Kind.inflict`."""
        broker = scene.cluster.broker(leaders.controller(scene.cluster.broker(fault.node).internal))
        broker.kill()
        scene.links.shut(broker.node)
        told: JsonObject = {"node": broker.node}
        try:
            yield told
        finally:
            scene.cluster.heal()
            scene.links.open(broker.node)
            told["now"] = leaders.controller(broker.internal)


FAULT = ControllerChange()
