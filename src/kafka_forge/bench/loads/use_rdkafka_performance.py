"""The load with rdkafka_performance, librdkafka's own measuring program: no Python takes part, so it is the ceiling.

Where each message is awaited, which that program cannot do, it is round_trip, which is ours and stands beside it.
"""

from __future__ import annotations

import re
import resource
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kafka_forge.bench.loads import load
else:
    import load

_PRODUCED = re.compile(r"% (\d+) messages produced \(\d+ bytes\), (\d+) delivered .* in \d+ms: (\d+) msgs/s")
_CONSUMED = re.compile(r"% (\d+) messages \((\d+) bytes\) consumed in \d+ms: (\d+) msgs/s")
_BATCH = 1000


def _run(request: load.Request, arguments: list[str], settings: dict[str, Any]) -> tuple[str, float]:
    """Run the program; return what it printed, and its user and system seconds."""
    told = [item for name, value in settings.items() for item in ("-X", f"{name}={value}")]
    common = [request.program, "-b", request.address, "-t", request.topic, *arguments, *told]
    return _timed(common, request)


def _timed(command: Sequence[str | Path], request: load.Request) -> tuple[str, float]:
    """Run a program; return what it printed, and its user and system seconds."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=request.seconds)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode:
        raise RuntimeError(f"ended with status {done.returncode}: {(done.stdout + done.stderr).strip()[-300:]}")
    return done.stdout, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def _last(pattern: re.Pattern[str], output: str) -> tuple[int, int, float]:
    found = pattern.findall(output)
    if not found:
        raise ValueError(f"no summary in what it printed: {output.strip()[-300:]}")
    first, second, rate = found[-1]
    return int(first), int(second), float(rate)


def produce(request: load.Request) -> load.Measured:
    """Produce with delivery reports, which the program always counts; its clock runs from first call to last report."""
    settings = {
        "linger.ms": request.linger_ms,
        "queue.buffering.max.messages": load.QUEUED_MESSAGES,
        "batch.num.messages": load.BATCH_MESSAGES,
        "batch.size": load.BATCH_BYTES,
        "enable.idempotence": str(request.idempotent).lower(),
    }
    acks = "-1" if request.acks == "all" else request.acks
    if request.awaited:
        return _one_by_one(request, acks)
    arguments = [
        "-P",
        "-s",
        str(request.message_bytes),
        "-m",
        request.payload.decode(),
        "-a",
        acks,
        "-z",
        request.codec,
    ]
    if request.reports:
        arguments += ["-k", load.KEY.decode()]
        arguments += ["-H", "=".join((load.HEADER, load.HEADER_VALUE.decode()))]
    _run(request, [*arguments, "-c", "1"], settings)  # as the other loads send one message before
    output, cpu = _run(request, [*arguments, "-c", str(request.messages)], settings)
    _sent, delivered, rate = _last(_PRODUCED, output)
    if delivered != request.messages:
        raise ValueError(f"{delivered} of {request.messages} messages were delivered")
    size = delivered * request.message_bytes
    return load.Measured(delivered, size, delivered / rate, cpu, delivered, settings, {"client": "rdkafka_performance"})


def _one_by_one(request: load.Request, acks: str) -> load.Measured:
    settings = {"linger.ms": request.linger_ms, "compression.type": request.codec}
    program = Path(request.program).with_name("round_trip")
    arguments = [request.address, request.topic, str(request.messages), str(request.message_bytes), acks]
    command: list[str | Path] = [program, *arguments, *(f"{name}={value}" for name, value in settings.items())]
    output, cpu = _timed(command, request)
    took = [int(line) / 1e9 for line in output.splitlines()]
    if len(took) != request.messages:
        raise ValueError(f"{len(took)} of {request.messages} messages were delivered")
    size, versions = request.messages * request.message_bytes, {"client": "round_trip"}
    measured = load.Measured(request.messages, size, sum(took), cpu, request.messages, settings, versions)
    measured.latency_p99 = load.percentile(took, 990)
    return measured


def consume(request: load.Request) -> load.Measured:
    """Consume in batches where there is one partition; the program's clock runs from the first message in hand.

    It takes its last batch whole, so it may have consumed some more than it was asked for: its figures are of all.
    """
    settings = {
        "queued.min.messages": load.QUEUED_MESSAGES,
        "max.partition.fetch.bytes": load.FETCH_BYTES,
        "fetch.queue.backoff.ms": load.QUEUE_BACKOFF_MS,
    }
    partitions = [item for number in range(request.partitions) for item in ("-p", str(number))]
    batches = ["-B", str(_BATCH)] if request.partitions == 1 else []
    arguments = ["-C", *partitions, "-o", "beginning", *batches, "-c", str(request.messages)]
    output, cpu = _run(request, arguments, settings)
    messages, size, rate = _last(_CONSUMED, output)
    if not 0 <= messages - request.messages < _BATCH or size != messages * request.message_bytes:
        raise ValueError(f"{messages} messages with {size} bytes were received")
    versions = {"client": "rdkafka_performance"}
    return load.Measured(messages, size, messages / rate, cpu, messages, settings, versions)


if __name__ == "__main__":
    load.run(produce, consume)
