"""``disk-full``: a broker's disk takes no more.

A small file system of its own would need root. The limit on the size of files (RLIMIT_FSIZE, setrlimit(2)) needs none,
and has the same effect on a broker: a write fails (EFBIG instead of ENOSPC), the log folder is given up, and a broker
whose only log folder that was ends itself.
"""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

import psutil

from kafka_forge.errors import FaultRefused

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kafka_forge.faults import Fault, Scene
    from kafka_forge.values.model import JsonObject

_ENDS_SECONDS = 20.0


class DiskFull:
    """A broker's disk takes no more."""

    id = "disk-full"
    title = "the kernel refuses a broker's writes, so it gives up its log folder and ends; then there is room again"
    amounts = (1.0, 1.0)

    @contextlib.contextmanager
    def inflict(self, scene: Scene, fault: Fault) -> Iterator[JsonObject]:
        """See `kafka_forge.faults.Kind.inflict`."""
        broker = scene.cluster.broker(fault.node)
        process = broker.identity.process()
        if process is None or not hasattr(process, "rlimit"):
            raise FaultRefused(
                "only Linux lets one process limit the files of another (prlimit(2))",
                todo="leave the fault disk-full out on this machine.",
            )
        _, hard = process.rlimit(psutil.RLIMIT_FSIZE)
        process.rlimit(psutil.RLIMIT_FSIZE, (0, hard))
        told: JsonObject = {"node": broker.node}
        try:
            yield told
            with contextlib.suppress(psutil.TimeoutExpired):
                process.wait(_ENDS_SECONDS)
            told["ended"] = not broker.alive
        finally:
            scene.links.shut(broker.node)
            broker.kill()
            scene.cluster.heal()
            scene.links.open(broker.node)


FAULT = DiskFull()
