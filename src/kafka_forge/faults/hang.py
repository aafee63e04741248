"""``hang``: the network swallows everything for a while."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kafka_forge.faults import Fault, Scene
    from kafka_forge.values.model import JsonObject


class Hang:
    """The network swallows everything for a while."""

    id = "hang"
    title = "connections stand, but nothing passes, either way, for a while"
    amounts = (1.0, 1.0)

    @contextlib.contextmanager
    def inflict(self, scene: Scene, fault: Fault) -> Iterator[JsonObject]:  # noqa: ARG002
        """See `kafka_forge.faults.Kind.inflict`."""
        scene.links.hang()
        try:
            yield {}
        finally:
            scene.links.mend()


FAULT = Hang()
