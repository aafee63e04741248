"""``kill``: a broker crashes and comes back."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kafka_forge.faults import Fault, Scene
    from kafka_forge.values.model import JsonObject


class Kill:
    """A broker crashes and comes back."""

    id = "kill"
    title = "a broker's process is ended outright (SIGKILL), and started anew"
    amounts = (1.0, 1.0)

    @contextlib.contextmanager
    def inflict(self, scene: Scene, fault: Fault) -> Iterator[JsonObject]:
        """See `kafka_forge.faults.Kind.inflict`."""
        broker = scene.cluster.broker(fault.node)
        broker.kill()
        scene.links.shut(broker.node)
        try:
            yield {"node": broker.node}
        finally:
            scene.cluster.heal()
            scene.links.open(broker.node)


FAULT = Kill()
