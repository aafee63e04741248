"""A client that is used through one asyncio loop: what every scenario of that kind shares.

Standard library only; runs inside the fresh environment (CPython 3.11 to 3.14). A client takes part by a `Driver`, a
thin layer over its own asyncio interface. `InLoop` is the `scenario.Client` over it: one loop, on a thread of its own,
carries every action, and what the promise ``roundtrip-asyncio`` is about is tried by `InLoop.loop_cases`.
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Coroutine

    from kafka_forge.scenarios import corpus, lateness, scenario
else:
    import lateness

_SOON = 0.05
_TASKS, _DESCRIPTORS = Path("/proc/self/task"), Path("/proc/self/fd")
_AT_ONCE = 500
"""How many messages go to or come from a client in one turn."""
CANCELLED = 60
"""How many messages are read by awaits of which many are cancelled."""
ROUNDS, ROUND = 5, 20_000
"""The heartbeat's rounds at most, and how many messages pass in each. The best round is judged: the first good one is
the last."""
EMULATED = 1_000
"""How many messages pass in the one round where an emulator's own work would count as the client's, so that lateness
is not judged; under wine 20,000 took ten seconds."""
_TURN = 50
"""How many messages go to or come from a client in one turn beside a heartbeat: what a turn of ours takes is no
lateness of the client's."""


class Producer(Protocol):
    """A producer on the loop."""

    async def send(self, topic: str, message: corpus.Message) -> Awaitable[Any]:
        """Wait for room only; what is returned ends when the broker has acknowledged, or raises."""

    async def close(self) -> None:
        """End it, with everything that it has started."""


class Consumer(Protocol):
    """A consumer on the loop."""

    async def assign(self, topic: str, partitions: list[int]) -> None:
        """Read these partitions from their beginning, in no group."""

    async def subscribe(self, topic: str) -> None:
        """Join its group for this topic."""

    async def read(self, most: int, seconds: float) -> list[Any]:
        """Wait for messages; return up to ``most`` (in the client's own type), none where none came in time."""

    async def commit(self) -> None:
        """Commit what was read, and wait for the broker's word."""

    async def close(self) -> None:
        """Leave the group and end it, with everything that it has started."""


class Driver(Protocol):
    """One client's asyncio interface."""

    unsafe: str | None
    """Why a consumer of this build must not be closed while it reads; None where it may."""

    async def producer(self, name: str, codec: str) -> Producer:
        """Make a producer that compresses with ``codec``."""

    async def consumer(self, name: str, group: str) -> Consumer:
        """Make a consumer; ``group`` counts only where it subscribes."""

    def record(self, message: Any) -> corpus.Record:
        """Return a message of the client as evidence."""

    def counted(self, name: str, key: str) -> int:
        """Return librdkafka's own count (``txmsgs``, ``rxmsgs``) of the client of this name, 0 where none came yet."""

    def statistics(self) -> dict[str, Any]:
        """See `scenario.Client.statistics`."""


class UnsafeError(Exception):
    """What this build of the client does not withstand is not tried on it."""


class InLoop:
    """`scenario.Client` over a `Driver`."""

    together = False

    def __init__(self, driver: Driver, *, counts: bool, native: bool) -> None:
        self.counts = counts
        self._native = native
        self._driver = driver
        self._before: dict[str, list[str]] = {}
        self._loop = asyncio.new_event_loop()
        threading.Thread(target=self._loop.run_forever, name="loop", daemon=True).start()

    def produce(
        self, codec: str, topic: str, messages: list[corpus.Message], deadline: scenario.Deadline
    ) -> dict[str, Any]:
        """See `scenario.Client.produce`."""
        return self._run(self._produce(codec, topic, messages), deadline)

    def consume(self, topic: str, expected: dict[int, int], deadline: scenario.Deadline) -> dict[str, Any]:
        """See `scenario.Client.consume`."""
        return self._run(self._consume(topic, expected, deadline), deadline)

    def group(self, group: str, topic: str, expected: dict[int, int], deadline: scenario.Deadline) -> dict[str, Any]:
        """See `scenario.Client.group`."""
        return self._run(self._group(group, topic, sum(expected.values()), deadline), deadline)

    def statistics(self) -> dict[str, Any]:
        """See `scenario.Client.statistics`."""
        return self._driver.statistics()

    def loop_cases(
        self, topic: str, message: Callable[[int], corpus.Message], deadline: Callable[[], scenario.Deadline]
    ) -> dict[str, Callable[[], dict[str, Any]]]:
        """Return what the promise ``roundtrip-asyncio`` asks for, by case, to be done in this order.

        Args:
            topic: empty, for these cases alone; its partition 0 is used.
            message: gives the message of a number, for partition 0.
            deadline: begins the time of a case.

        The cases' answers:
            ``cancel``: ``sent``, ``read``, ``lost``, ``twice`` (messages), ``cancelled`` (awaits);
            ``close``: ``reading`` (how the read under way ended), ``later`` (how a later one did), ``sent`` and
            ``ended`` (messages that were under way, and whose awaits ended);
            ``heartbeat``: ``rounds``, each with ``messages`` and what `lateness.Heartbeat.told` says;
            ``left-over``: ``threads``, ``tasks``, ``descriptors``: by name or number, where the system tells.
        """
        return {
            "cancel": lambda: self._run(self._cancel(topic, message, limit := deadline(), _thread()), limit),
            "close": lambda: self._run(self._close(topic, message), deadline()),
            "heartbeat": lambda: self._run(self._heartbeat(topic, message, limit := deadline()), limit),
            "left-over": lambda: self._run(_left(self._before, limit := deadline(), _thread()), limit),
        }

    def _run(self, work: Coroutine[Any, Any, dict[str, Any]], deadline: scenario.Deadline) -> dict[str, Any]:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(deadline.left + 1)

    async def _produce(self, codec: str, topic: str, messages: list[corpus.Message]) -> dict[str, Any]:
        name = f"producer-{codec}"
        async with _closing(await self._driver.producer(name, codec)) as producer:
            told = await _acknowledged(producer, topic, messages)
            acked = len(messages) - len(told)
            while self.counts and self._driver.counted(name, "txmsgs") < acked:
                await asyncio.sleep(_SOON)
        return {"sent": len(messages), "acked": acked, "failed": told[:3], "cannot": {}}

    async def _consume(self, topic: str, expected: dict[int, int], deadline: scenario.Deadline) -> dict[str, Any]:
        name, total = f"consumer-{topic}", sum(expected.values())
        records: list[corpus.Record] = []
        async with _closing(await self._driver.consumer(name, "unused")) as consumer:
            await consumer.assign(topic, list(expected))
            while len(records) < total and not deadline.over:
                records += [self._driver.record(each) for each in await consumer.read(_AT_ONCE, 0.5)]
            while self.counts and self._driver.counted(name, "rxmsgs") < len(records) and not deadline.over:
                await consumer.read(1, _SOON)
        return {"records": records, "cannot": {}}

    async def _group(self, group: str, topic: str, total: int, deadline: scenario.Deadline) -> dict[str, Any]:
        first = await self._member(group, topic, total // 2, deadline, commit=True)
        second = await self._member(group, topic, total - len(first), deadline, commit=False)
        return {"first": first, "second": second}

    async def _member(
        self, group: str, topic: str, wanted: int, deadline: scenario.Deadline, *, commit: bool
    ) -> list[list[int]]:
        """Join, read ``wanted`` messages, commit just these if told to, leave."""
        read: list[list[int]] = []
        async with _closing(await self._driver.consumer(f"member-{commit}", group)) as consumer:
            await consumer.subscribe(topic)
            while len(read) < wanted and not deadline.over:
                records = [self._driver.record(each) for each in await consumer.read(wanted - len(read), 0.5)]
                read += [[each["partition"], each["offset"]] for each in records]
            if commit:
                await consumer.commit()
        return read

    async def _cancel(
        self, topic: str, message: Callable[[int], corpus.Message], deadline: scenario.Deadline, asking: int
    ) -> dict[str, Any]:
        """Read with awaits of which many are cancelled, before and while messages come; none may be lost by that."""
        self._before = await _present(asking)
        read: list[int] = []
        cancelled = 0
        consumer = await self._driver.consumer("cancelled", "unused")
        producer = await self._driver.producer("cancelling", "none")
        async with _closing(consumer), _closing(producer):
            await consumer.assign(topic, [0])
            for wait in (_SOON, 0.0) * 3:
                cancelled += await _cancelled(consumer.read(1, 1.0), wait, read, self._driver)
            for number in range(CANCELLED):
                acknowledged = await producer.send(topic, message(number))
                if number % 3 == 0:
                    cancelled += await _cancelled(consumer.read(2, 1.0), 0.0, read, self._driver)
                await acknowledged
            while len(read) < CANCELLED and not deadline.over:
                cancelled += await _cancelled(consumer.read(2, 1.0), 0.001 * (len(read) % 7), read, self._driver)
                read += _offsets(await consumer.read(3, 0.2), self._driver)
        lost = CANCELLED - len(set(read))
        twice = len(read) - len(set(read))
        return {"sent": CANCELLED, "read": len(read), "lost": lost, "twice": twice, "cancelled": cancelled}

    async def _close(self, topic: str, message: Callable[[int], corpus.Message]) -> dict[str, Any]:
        """End both while they are at work, where this build withstands it."""
        if self._driver.unsafe:
            raise UnsafeError(f"not tried, since {self._driver.unsafe}")
        producer = await self._driver.producer("closed", "none")
        sent = [asyncio.ensure_future(await producer.send(topic, message(number))) for number in range(_AT_ONCE)]
        await producer.close()
        told = await asyncio.gather(*sent, return_exceptions=True)
        consumer = await self._driver.consumer("closed", "unused")
        await consumer.assign(topic, [1])  # it stays empty
        reading = asyncio.ensure_future(consumer.read(1, 3600.0))
        await asyncio.sleep(4 * _SOON)
        await consumer.close()
        how = await asyncio.gather(reading, return_exceptions=True)
        later = await asyncio.gather(consumer.read(1, _SOON), return_exceptions=True)
        return {"reading": repr(how[0]), "later": repr(later[0]), "sent": len(sent), "ended": len(told)}

    async def _heartbeat(
        self, topic: str, message: Callable[[int], corpus.Message], deadline: scenario.Deadline
    ) -> dict[str, Any]:
        """Let messages pass in rounds, and see in each how late the loop was.

        What has been imported or kept until then is no client's doing: the collector leaves it alone meanwhile.
        """
        rounds: list[dict[str, Any]] = []
        wanted = ROUND if self._native else EMULATED
        gc.freeze()
        consumer = await self._driver.consumer("beside", "unused")
        producer = await self._driver.producer("beside", "none")
        async with _closing(consumer), _closing(producer):
            await consumer.assign(topic, [2])
            while len(rounds) < ROUNDS and not any(map(_decides, rounds)):
                async with lateness.Heartbeat(explained=self._native) as heartbeat:
                    passing = asyncio.ensure_future(_pass(producer, topic, message, wanted))
                    read = 0
                    while read < wanted and not deadline.over:
                        read += len(await consumer.read(_TURN, 0.5))
                    await passing
                rounds.append({"messages": read, **heartbeat.told()})
        gc.unfreeze()
        return {"rounds": rounds}


def _decides(told: dict[str, Any]) -> bool:
    """Tell whether a round leaves nothing to be found by another one: it is good, or none can be judged."""
    return told["unexplained"] is None or bool(told["unexplained"] <= lateness.LATE_MS)


async def _pass(producer: Producer, topic: str, message: Callable[[int], corpus.Message], wanted: int) -> None:
    for start in range(0, wanted, _TURN):
        numbers = range(start, start + _TURN)
        failed = await _acknowledged(producer, topic, [message(number)._replace(partition=2) for number in numbers])
        if failed:
            raise RuntimeError(f"{len(failed)} messages were not acknowledged: {failed[0]}")


async def _acknowledged(producer: Producer, topic: str, messages: list[corpus.Message]) -> list[str]:
    """Send messages and wait for the broker's word; return what failed."""
    sent = [await producer.send(topic, each) for each in messages]
    return [str(each) for each in await asyncio.gather(*sent, return_exceptions=True) if isinstance(each, Exception)]


async def _cancelled(reading: Coroutine[Any, Any, list[Any]], seconds: float, read: list[int], driver: Driver) -> bool:
    """Give a read so many seconds; return whether it was cancelled then. What it brought before that counts."""
    task = asyncio.ensure_future(reading)
    await asyncio.sleep(seconds)
    task.cancel()
    try:
        read += _offsets(await task, driver)
    except asyncio.CancelledError:
        return True
    return False


def _offsets(messages: list[Any], driver: Driver) -> list[int]:
    return [driver.record(each)["offset"] for each in messages]


@contextlib.asynccontextmanager
async def _closing(client: Any) -> Any:
    try:
        yield client
    finally:
        await client.close()


def _thread() -> int:
    """Return the system's number of the thread that asks for a case: it is none of the client's."""
    return threading.get_native_id()


async def _present(asking: int) -> dict[str, list[str]]:
    """Return what of threads, tasks and descriptors there is now, but for this coroutine and who asked for it."""
    tasks = [task.get_name() for task in asyncio.all_tasks() if task is not asyncio.current_task()]
    threads = [each.name for each in threading.enumerate() if each.native_id != asking]
    if not _TASKS.is_dir():
        return {"threads": threads, "tasks": tasks}
    # with the system's own names: librdkafka's threads are called rdk:… (proc(5), comm)
    threads = [_name(each) for each in _TASKS.iterdir() if each.name != str(asking)]
    return {"threads": threads, "tasks": tasks, "descriptors": [_target(each) for each in _DESCRIPTORS.iterdir()]}


def _name(task: Path) -> str:
    try:
        return (task / "comm").read_text(encoding="utf-8").strip()
    except OSError:  # it has just ended
        return ""


def _target(descriptor: Path) -> str:
    try:
        return str(descriptor.readlink()).partition(":")[0]
    except OSError:
        return ""


async def _left(before: dict[str, list[str]], deadline: scenario.Deadline, asking: int) -> dict[str, Any]:
    """Return what there is beyond what there was; what is about to end has its time for that."""
    while True:
        now = await _present(asking)
        left = {kind: _beyond(before[kind], found) for kind, found in now.items()}
        if deadline.over or not any(left.values()):
            return left
        await asyncio.sleep(_SOON)


def _beyond(before: list[str], now: list[str]) -> list[str]:
    rest = list(now)
    for each in before:
        if each in rest:
            rest.remove(each)
    return [each for each in rest if each]
