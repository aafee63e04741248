"""The two tables: producers and consumers, measured side by side on one broker, interleaved in random order."""

from __future__ import annotations

import os
import platform
import random
import time
from datetime import datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING

import psutil

from kafka_forge import platforms
from kafka_forge.bench import results, workloads
from kafka_forge.bench.loads import load
from kafka_forge.bench.results import PLAIN, Key, Results

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from kafka_forge.bench.measuring import Bench
    from kafka_forge.bench.roster import Ready
    from kafka_forge.bench.setup import Setup
    from kafka_forge.bench.workloads import Workload
    from kafka_forge.brokers import Broker
    from kafka_forge.ground.progress import Progress, Task
    from kafka_forge.values.model import JsonObject


def measure(
    bench: Bench,
    clients: Sequence[Ready],
    found: Results,
    progress: Progress,
    keep: Callable[[Results], None] = lambda _results: None,
) -> Results:
    """Measure every cell once to warm up and then ``found.asked`` times; each round has an order of its own.

    Ctrl-C ends it early: what was measured stays, and ``interrupted`` is set.

    Args:
        bench: measures one cell once.
        clients: what to run.
        found: where the samples go.
        progress: who listens.
        keep: is called after every round, to save what there is.

    Raises:
        BrokerDied: the broker ended.
    """
    by_id = {each.client.id: each for each in clients}
    chance = random.Random(found.seed)  # noqa: S311  (an order, not a secret)
    loads = found.conditions.setdefault("load_average", [])
    with progress.task("measure", total=(found.asked + 1) * len(found.keys)) as task:
        try:
            for repetition in range(found.asked + 1):
                order = list(found.keys)
                chance.shuffle(order)
                loads.append([round(value, 2) for value in os.getloadavg()])
                for key in order:
                    _once(bench, by_id[key.client], key, repetition, found, progress, task)
                found.conditions["clients"] = _about(bench, clients)
                keep(found)
        except KeyboardInterrupt:
            found.interrupted = True
            found.conditions["clients"] = _about(bench, clients)
            keep(found)
    return found


def _once(
    bench: Bench, client: Ready, key: Key, repetition: int, found: Results, progress: Progress, task: Task
) -> None:
    if not found.given_up(key):
        which = f"{repetition} of {found.asked}" if repetition else "warm-up"
        task.note(f"{which}: {client.client.title}, {key.told}")
        sample = bench.measure(client, key, repetition)
        found.samples.append(sample)
        told = f"failed: {sample.error}" if sample.error else f"{sample.rate:,.0f} messages/s"
        progress.say(f"{which}: {client.client.title}, {key.told}: {told}")
    task.advance()


def new_results(
    clients: Sequence[Ready],
    sizes: Sequence[int],
    repetitions: int,
    seed: int,
    chosen: Sequence[Workload] = (workloads.BY_ID[PLAIN],),
) -> Results:
    """Return a run without samples: every client and size (bytes), in the directions of the chosen workloads.

    What is about a loop of asyncio is measured with the clients that run in one.
    """
    keys = tuple(
        Key(each.client.id, direction, size, workload)
        for workload, direction in workloads.cells(chosen)
        for size in sizes
        for each in clients
        if direction in each.client.directions and (each.client.in_loop or not workloads.BY_ID[workload].in_loop)
    )
    return Results(keys, {}, seed, repetitions)


def conditions(
    setup: Setup,
    broker: Broker,
    sizes: Sequence[int],
    base: str,
    python: str,
    chosen: Sequence[Workload] = (workloads.BY_ID[PLAIN],),
) -> JsonObject:
    """Return under which conditions a run takes place: machine, broker, settings."""
    return {
        "started": datetime.now(timezone.utc).isoformat(timespec="seconds"),
        "machine": machine(),
        "broker": {"version": broker.version, "owned": broker.owned, "brokers": 1},
        "base": base,
        "python": python,
        "settings": {
            "messages": {str(size): setup.count(size) for size in sizes},
            "partitions": setup.partitions,
            "acks": setup.acks,
            "codec": setup.codec,
            "linger_ms": setup.linger_ms,
            "seconds_at_most": setup.seconds,
            "min_time": setup.min_time,
            "workloads": {
                name: workloads.BY_ID[name].conditions(setup) for name, _direction in workloads.cells(chosen)
            },
        },
        "method": {
            "order": "every round measures every cell once, in a random order; the first round is not counted",
            "produce": "from the first produce call to the return of the client's own flush or stop, one message "
            "having opened the connection before; the broker's end offsets are then counted",
            "reports": "each message with a key, a header and a report, which the client's own callback, future or "
            "queue hands over and the load counts; a report that is missing or has an error is a failure",
            "rdkafka_performance": "its clock also runs while it connects and, where it is idempotent, until it has a "
            "producer id (about half a second); with several partitions it consumes by callbacks, not in batches",
            "consume": "from the first to the last message in hand, values read and their bytes counted; "
            "all consumers read the same topic",
            "count": "settings.messages to warm up; then as many more as last min_time seconds, ten times at the most",
            "cpu": "user and system time of the client's process, all threads",
            "megabyte": results.MEGABYTE,
            "awaited": "each message when the last one was acknowledged, linger 0; the C program is our own, of "
            "librdkafka's produce and poll",
            "loop": f"a heartbeat every {load.BEAT * 1000:g} ms in the client's loop, from the first message on; a "
            "loop waits in whole milliseconds on Linux, so that one late is idle",
            "interval": "percentile bootstrap of the median, 95 %",
        },
    }


def machine() -> JsonObject:
    """Return what this machine is, as far as it matters for speed."""
    return {
        "cpu": _cpu_model(),
        "cores": os.cpu_count(),
        "usable_cores": platforms.usable_cores(),
        "memory_bytes": psutil.virtual_memory().total,
        "system": f"{platform.system()} {platform.release()}",
        "machine": platform.machine(),
    }


def _cpu_model() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor()
    named = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return named[0] if named else platform.processor()


def _about(bench: Bench, clients: Sequence[Ready]) -> JsonObject:
    return {
        each.client.id: {
            "title": each.client.title,
            "from": f"recipe {each.client.recipe}" if each.client.recipe else "the Python index's wheel",
            "installed": list(each.installed),
            "error": each.error,
            **bench.seen.get(each.client.id, {}),
        }
        for each in clients
    }


def elapsed(begun: float) -> str:
    """Return the time since ``begun`` (seconds, ``time.monotonic``) as minutes and seconds."""
    minutes, seconds = divmod(round(time.monotonic() - begun), 60)
    return f"{minutes} min {seconds} s"
