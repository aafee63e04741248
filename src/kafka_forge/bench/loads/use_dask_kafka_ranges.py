"""The load with dask-kafka-ranges: a bag of a topic's messages, summed up by a cluster of two processes."""

from __future__ import annotations

import time
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

import dask_kafka_ranges
import psutil
from dask_kafka_ranges import close_consumers, plan_ranges, read_kafka
from distributed import Client, LocalCluster

if TYPE_CHECKING:
    from kafka_forge.bench.loads import load
else:
    import load

_PROCESSES = 2


def _versions() -> dict[str, str]:
    return {name: version(name) for name in ("dask", "distributed", "confluent-kafka")} | {
        "client": version(dask_kafka_ranges.__name__)
    }


def produce(_request: load.Request) -> load.Measured:
    """Refuse: what it writes, it has read."""
    raise ValueError("it writes what it has read: see consume")


def _ranges(request: load.Request, settings: dict[str, Any]) -> list[Any]:
    """Return a range of each partition, which together have the request's messages, of one size as far as there are."""
    left, chosen = request.messages, []
    whole = sorted(plan_ranges(request.topic, settings, size=1 << 40), key=lambda each: each.end - each.start)
    for place, each in enumerate(whole):
        count = min(each.end - each.start, -(-left // (len(whole) - place)))
        chosen.append(each._replace(end=each.start + count))
        left -= count
    if left:
        raise ValueError(f"the topic holds {left} messages too few")
    return chosen


def _cpu_seconds(cluster: Any) -> float:
    """Return the user and system seconds of this process and the cluster's, so far."""
    workers = [psutil.Process(worker.pid).cpu_times() for worker in cluster.workers.values()]
    return load.cpu_seconds() + sum(used.user + used.system for used in workers)


def consume(request: load.Request) -> load.Measured:
    """Consume by a bag whose parts are summed up where they are read: from the call to the sum.

    The cluster, with consumers of nothing yet, is there before: to start it takes seconds.
    """
    settings = {
        "bootstrap.servers": request.address,
        "queued.min.messages": load.QUEUED_MESSAGES,
        "max.partition.fetch.bytes": load.FETCH_BYTES,
    }
    ranges = _ranges(request, settings)
    with (
        LocalCluster(
            n_workers=_PROCESSES, threads_per_worker=1, processes=True, dashboard_address=None, memory_limit=0
        ) as cluster,
        Client(cluster) as client,
    ):
        client.run(close_consumers)  # imports the package there
        cpu, wall = _cpu_seconds(cluster), time.monotonic()
        bag = read_kafka(request.topic, settings, ranges=ranges)
        received = bag.map_partitions(lambda part: [sum(len(each.value) for each in part)]).sum().compute()
        seconds, cpu = time.monotonic() - wall, _cpu_seconds(cluster) - cpu
    if received != request.messages * request.message_bytes:
        raise ValueError(f"received {received} bytes of values")
    told = {**settings, "processes": _PROCESSES, "ranges": len(ranges)}
    return load.Measured(request.messages, received, seconds, cpu, request.messages, told, _versions())


if __name__ == "__main__":
    load.run(produce, consume)
