"""``slow-broker``: a broker has a fraction of its time.

`Fault.amount` is the share of the time in which it runs. No disk is slowed: that takes a device of one's own, or
control groups, and neither is to be had without root. To clients it looks the same: a broker that takes its time.
"""

from __future__ import annotations

import contextlib
import threading
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kafka_forge.faults import Fault, Scene
    from kafka_forge.values.model import JsonObject

_CYCLE_SECONDS = 0.2


class SlowBroker:
    """A broker has a fraction of its time."""

    id = "slow-broker"
    title = "a broker runs for a part of the time only (SIGSTOP, SIGCONT), as on a starved machine or a slow disk"
    amounts = (0.1, 0.5)

    @contextlib.contextmanager
    def inflict(self, scene: Scene, fault: Fault) -> Iterator[JsonObject]:
        """See `kafka_forge.faults.Kind.inflict`."""
        broker, over = scene.cluster.broker(fault.node), threading.Event()

        def slow() -> None:
            while not over.is_set():
                broker.pause()
                over.wait(_CYCLE_SECONDS * (1 - fault.amount))
                broker.resume()
                time.sleep(_CYCLE_SECONDS * fault.amount)

        thread = threading.Thread(target=slow, name="slow-broker", daemon=True)
        thread.start()
        try:
            yield {"node": broker.node, "share": fault.amount}
        finally:
            over.set()
            thread.join()
            scene.cluster.heal()


FAULT = SlowBroker()
