"""``rolling-restart``: every broker is restarted, as for an upgrade."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kafka_forge.faults import Fault, Scene
    from kafka_forge.values.model import JsonObject


class RollingRestart:
    """Every broker is restarted, as for an upgrade."""

    id = "rolling-restart"
    title = "one broker after the other is ended in order and started anew, each when the last one is whole again"
    amounts = (1.0, 1.0)

    @contextlib.contextmanager
    def inflict(self, scene: Scene, fault: Fault) -> Iterator[JsonObject]:  # noqa: ARG002
        """See `kafka_forge.faults.Kind.inflict`."""
        for broker in scene.cluster.brokers:
            broker.terminate()
            scene.links.shut(broker.node)
            scene.cluster.heal()
            scene.links.open(broker.node)
        yield {"nodes": [broker.node for broker in scene.cluster.brokers]}


FAULT = RollingRestart()
