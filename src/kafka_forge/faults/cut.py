"""``cut``: the network between clients and brokers is gone for a while."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kafka_forge.faults import Fault, Scene
    from kafka_forge.values.model import JsonObject


class Cut:
    """The network between clients and brokers is gone for a while."""

    id = "cut"
    title = "every connection is reset, and every new one, for a while"
    amounts = (1.0, 1.0)

    @contextlib.contextmanager
    def inflict(self, scene: Scene, fault: Fault) -> Iterator[JsonObject]:  # noqa: ARG002
        """See `kafka_forge.faults.Kind.inflict`."""
        scene.links.cut()
        try:
            yield {}
        finally:
            scene.links.mend()


FAULT = Cut()
