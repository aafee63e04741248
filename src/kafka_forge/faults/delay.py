"""``delay``: answers take their time."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kafka_forge.faults import Fault, Scene
    from kafka_forge.values.model import JsonObject


class Delay:
    """Answers take their time."""

    id = "delay"
    title = "every answer is held back, for so many seconds as the amount says"
    amounts = (0.05, 0.5)

    @contextlib.contextmanager
    def inflict(self, scene: Scene, fault: Fault) -> Iterator[JsonObject]:
        """See `kafka_forge.faults.Kind.inflict`."""
        scene.links.slow(fault.amount)
        try:
            yield {"seconds": fault.amount}
        finally:
            scene.links.mend()


FAULT = Delay()
