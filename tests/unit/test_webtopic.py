"""`examples/tornado`: a browser's window, and messages on their way, by themselves; the rest takes a broker."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, cast

import pytest

from webtopic import fault
from webtopic.fault import Fault
from webtopic.feed import WINDOW, WINDOW_BYTES, Feed, Window
from webtopic.kafka import Bounds, Place, Record
from webtopic.sending import Sending

if TYPE_CHECKING:
    from webtopic.kafka import Kafka, Topic


def record(offset: int, size: int = 10) -> Record:
    return Record(0, offset, None, None, b"v" * size, None)


def room(window: Window) -> int | None:
    """How many messages there is room for; None where one would have to wait."""

    async def ask() -> int | None:
        asking = asyncio.ensure_future(window.room())
        await asyncio.sleep(0)
        if asking.done():
            return asking.result()
        asking.cancel()
        return None

    return asyncio.run(ask())


def test_a_window_takes_one_message_until_it_knows_how_large_they_are() -> None:
    window = Window()
    assert room(window) == 1
    window.add([record(0)])
    assert room(window) == WINDOW - 1


def test_a_window_that_is_full_opens_by_what_is_acknowledged() -> None:
    window = Window()
    first = window.add([record(0)])
    second = window.add([record(offset) for offset in range(1, WINDOW)])
    assert room(window) is None
    window.acknowledge(first)
    assert room(window) == 1
    window.acknowledge(second)
    assert (window.messages, window.bytes, room(window)) == (0, 0, WINDOW)
    window.acknowledge(first)  # once more does no harm
    assert room(window) == WINDOW


def test_a_message_larger_than_the_window_passes_alone() -> None:
    window = Window()
    number = window.add([record(0, 2 * WINDOW_BYTES)])
    assert room(window) is None
    window.acknowledge(number)
    assert room(window) == 1


def test_bytes_are_counted() -> None:
    window = Window()
    size = record(0, WINDOW_BYTES // 4).size
    window.add([record(0, WINDOW_BYTES // 4)])
    assert room(window) == (WINDOW_BYTES - size) // size


def test_what_was_not_sent_cannot_be_acknowledged() -> None:
    window = Window()
    window.add([record(0)])
    with pytest.raises(Fault) as caught:
        window.acknowledge(2)
    assert caught.value.kind is fault.MALFORMED


class Scripted:
    """A topic of one partition that has what a test says, and its reader, which brings it and ends."""

    def __init__(self, low: int, high: int, *offsets: int) -> None:
        self.low = low
        self.high = high
        self.brought = [[record(offset)] for offset in offsets]

    async def bounds(self) -> dict[int, Bounds]:
        return {0: Bounds(self.low, self.high)}

    async def reader(self, _: object) -> Scripted:
        return self

    async def read(self, _: int) -> list[Record]:
        if not self.brought:
            raise Fault(fault.ENDING, "that is all")
        return self.brought.pop(0)


def streamed(topic: Scripted, wanted: dict[int, int], low: int) -> list[object]:
    """What a browser is told that reads on while the topic's beginning has moved: offsets, and codes of faults."""
    told: list[object] = []

    async def tell(frame: dict[str, object]) -> None:
        messages = cast("list[dict[str, object]]", frame.get("messages", ()))
        told.extend([each["offset"] for each in messages] or [f"{frame['code']}: {frame['what']}"])

    async def case() -> None:
        feed = Feed(cast("Topic", topic), tell)
        reader, _, lost = await feed.open(wanted)
        told.extend(each.kind.code for each in lost)
        topic.low = low
        with pytest.raises(Fault) as caught:
            await feed.run(reader)
        told.append(caught.value.kind.code)

    asyncio.run(case())
    return told


def test_offsets_that_leap_have_lost_nothing_where_the_topic_begins_before_them() -> None:
    assert streamed(Scripted(0, 9, 3, 7), {0: 3}, low=0) == [3, 7, "going-away"]


def test_messages_that_went_before_they_were_read_are_told() -> None:
    gone = "messages-gone: Kafka has not kept the messages 4 to 6 of partition 0"
    assert streamed(Scripted(0, 9, 3, 7), {0: 3}, low=7) == [3, gone, 7, "going-away"]


def test_a_topic_that_begins_anew_ends_the_stream() -> None:
    assert streamed(Scripted(0, 9, 3, 4, 0), {0: 3}, low=0) == [3, 4, "messages-gone"]


def test_what_was_to_come_is_not_there_any_more() -> None:
    assert streamed(Scripted(5, 9, 5), {0: 3}, low=5) == ["messages-gone", 5, "going-away"]
    assert streamed(Scripted(0, 2, 0), {0: 3}, low=0) == ["messages-gone", 0, "going-away"]


class Held:
    """A client whose one topic writes when it is told to."""

    def __init__(self) -> None:
        self.written: list[bytes | None] = []
        self.open = asyncio.Event()
        self.fails = 0

    async def topic(self, _: str) -> Held:
        return self

    async def produce(self, value: bytes | None, *_: object) -> Place:
        await self.open.wait()
        if self.fails:
            self.fails -= 1
            raise Fault(fault.BROKER_AWAY, "away", unsure=True)
        self.written.append(value)
        return Place(0, len(self.written) - 1)


def sending(held: Held, most: int = 3) -> Sending:
    return Sending(cast("Kafka", held), most=most, largest=10, patience=60)


async def sent(to: Sending, value: bytes, id: str | None = None) -> asyncio.Task[Place]:  # noqa: A002
    """Begin to send a message."""
    task = asyncio.ensure_future(to.send("t", value, None, id))
    for _ in range(5):
        await asyncio.sleep(0)
    return task


def test_a_message_of_an_id_is_written_once() -> None:
    async def case() -> None:
        held = Held()
        to = sending(held)
        tasks = [await sent(to, b"v", "one") for _ in range(5)]
        held.open.set()
        assert {await task for task in tasks} == {Place(0, 0)}
        assert await (await sent(to, b"v", "one")) == Place(0, 0)
        assert held.written == [b"v"]

    asyncio.run(case())


def test_a_message_that_failed_may_be_tried_again_by_its_id() -> None:
    async def case() -> None:
        held = Held()
        held.open.set()
        held.fails = 1
        to = sending(held)
        with pytest.raises(Fault) as caught:
            await to.send("t", b"v", None, "one")
        assert caught.value.unsure
        assert await to.send("t", b"v", None, "one") == Place(0, 0)

    asyncio.run(case())


def test_what_there_is_no_room_for_is_refused_and_what_is_cancelled_is_written() -> None:
    async def case() -> None:
        held = Held()
        to = sending(held)
        tasks = [await sent(to, b"%d" % number) for number in range(3)]
        with pytest.raises(Fault, match="buffer-full"):
            await to.send("t", b"more", None, None)
        with pytest.raises(Fault, match="message-too-large"):
            await to.send("t", b"v" * 11, None, None)
        tasks[0].cancel()
        held.open.set()
        await asyncio.wait(tasks)
        await to.end()
        assert held.written == [b"0", b"1", b"2"]
        assert to.as_json() == {"messages": 0, "most": 3, "bytes": 0}
        with pytest.raises(Fault, match="going-away"):
            await to.send("t", b"late", None, None)

    asyncio.run(case())
