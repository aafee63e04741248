"""What one browser reads: a consumer of its own, and no more on its way than the browser has room for.

The browser acknowledges what it has shown. While as much as its window is unacknowledged, nothing is taken out of its
consumer, which then stops fetching: a browser that is slow costs a window and a consumer's buffer, and slows no other.
"""

from __future__ import annotations

import asyncio
from collections import deque
from typing import TYPE_CHECKING

from webtopic import fault
from webtopic.fault import Fault

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping, Sequence

    from webtopic.kafka import Bounds, Reader, Record, Topic

    Tell = Callable[[dict[str, object]], Awaitable[None]]

WINDOW = 200
"""Messages that a browser may have been sent and not have acknowledged."""
WINDOW_BYTES = 512 * 1024
"""The same in bytes; one message may always be under way, however large."""


class Window:
    """What was sent and not acknowledged yet."""

    def __init__(self) -> None:
        self._frames: deque[tuple[int, int, int]] = deque()
        self._sent = 0
        self._opened = asyncio.Event()
        self._largest = WINDOW_BYTES  # until messages were seen, each is taken for one that fills the window
        self.messages = 0
        self.bytes = 0
        self.most_bytes = 0

    async def room(self) -> int:
        """Wait until there is room, and return for how many messages."""
        while self.messages and (self.messages >= WINDOW or self.bytes + self._largest > WINDOW_BYTES):
            self._opened.clear()
            await self._opened.wait()
        return max(1, min(WINDOW - self.messages, (WINDOW_BYTES - self.bytes) // self._largest))

    def add(self, records: Sequence[Record]) -> int:
        """Count what is sent in one frame; return the frame's number."""
        sizes = [record.size for record in records]
        self._largest = max(sizes)
        self._sent += 1
        self._frames.append((self._sent, len(sizes), sum(sizes)))
        self.messages += len(sizes)
        self.bytes += sum(sizes)
        self.most_bytes = max(self.most_bytes, self.bytes)
        return self._sent

    def acknowledge(self, number: int) -> None:
        """Let go of all frames up to this one.

        Raises:
            Fault: there was no such frame yet.
        """
        if number > self._sent:
            raise Fault(fault.MALFORMED, f"frame {number} is acknowledged; {self._sent} were sent")
        while self._frames and self._frames[0][0] <= number:
            _, messages, size = self._frames.popleft()
            self.messages -= messages
            self.bytes -= size
        self._opened.set()


class Feed:
    """A topic on its way to one browser."""

    def __init__(self, topic: Topic, tell: Tell) -> None:
        """Read a topic; `tell` sends a frame and returns when the socket has taken it."""
        self._topic = topic
        self._tell = tell
        self._expected: dict[int, int] = {}
        self.window = Window()

    async def open(self, wanted: Mapping[int, int] | str) -> tuple[Reader, Mapping[int, int], list[Fault]]:
        """Find out where to read from, and begin.

        Args:
            wanted: the offset that is to come next in each partition; or ``start`` or ``end``, for a new browser.

        Returns:
            the consumer, what each partition has at its end now, and what of `wanted` is not there any more.
        """
        bounds = await self._topic.bounds()
        lost: list[Fault] = []
        for partition, bound in bounds.items():
            offset, fault_ = _place(partition, bound, wanted)
            self._expected[partition] = offset
            lost += [fault_] if fault_ else []
        reader = await self._topic.reader(self._expected)
        return reader, {partition: bound.high for partition, bound in bounds.items()}, lost

    @property
    def offsets(self) -> Mapping[int, int]:
        """What comes next in each partition."""
        return self._expected

    async def run(self, reader: Reader) -> None:
        """Send messages for as long as the browser takes them.

        Raises:
            Fault: Kafka has no more of them.
        """
        while True:
            records = await reader.read(await self.window.room())
            await self._look_for_lost(records)
            number = self.window.add(records)
            await self._tell(
                {"type": "messages", "frame": number, "messages": [record.as_json() for record in records]}
            )

    async def _look_for_lost(self, records: Sequence[Record]) -> None:
        """Tell of messages that went before the browser could read them.

        Offsets may leap where a topic is compacted, or has transactions; then nothing is lost that was to be read.

        Raises:
            Fault: the topic was made anew.
        """
        leapt: dict[int, tuple[int, int]] = {}
        for record in records:
            expected = self._expected.get(record.partition, record.offset)
            if record.offset < expected:  # whoever connects again is told from where it is read then
                what = f"partition {record.partition} begins anew at offset {record.offset}; {expected} was to come"
                raise Fault(fault.GONE, what)
            if record.offset > expected:
                leapt.setdefault(record.partition, (expected, record.offset))
            self._expected[record.partition] = record.offset + 1
        bounds = await self._topic.bounds() if leapt else {}
        for partition, (expected, offset) in leapt.items():
            if bounds[partition].low > expected:
                await self._tell({"type": "error", **_gone(partition, expected, offset).as_json()})


def _place(partition: int, bound: Bounds, wanted: Mapping[int, int] | str) -> tuple[int, Fault | None]:
    """Return where to read a partition from, and what is told if that is not what was wanted."""
    if isinstance(wanted, str):
        return (bound.low if wanted == "start" else bound.high), None
    offset = wanted.get(partition, bound.low)  # a partition that is new has nothing that was read
    if offset < bound.low:
        return bound.low, _gone(partition, offset, bound.low)
    if offset > bound.high:
        what = f"partition {partition} ends at offset {bound.high}, and {offset} was to come next: it was made anew"
        return bound.low, Fault(fault.GONE, what)
    return offset, None


def _gone(partition: int, first: int, until: int) -> Fault:
    what = f"Kafka has not kept the messages {first} to {until - 1} of partition {partition}"
    return Fault(fault.GONE, what)
