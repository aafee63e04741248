"""Transactions (KIP-98): what one commits is read, what one aborts is not, and offsets go the same way.

Standard library only; runs inside the fresh environment. A client's part is in ``transactions_*.py`` beside this.
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from kafka_forge.scenarios import corpus, scenario
else:
    import corpus
    import scenario

PARTITIONS = range(corpus.PARTITIONS)
COMMITTED, UNCOMMITTED = "read_committed", "read_uncommitted"
_LINGER = 10
"""Polls, some hundredths of a second each, after the last message that may be read: for one that may not."""

Read = tuple[int, int, int]
"""One message: partition, offset, and the number that is its value."""


class Reader(Protocol):
    """A consumer."""

    def poll(self) -> list[Read]:
        """Wait some hundredths of a second for messages; return them."""

    def held(self) -> Any:
        """Return the positions of a group's member and, where the client has it, the member's word for itself."""

    def close(self) -> None:
        """Close, which leaves the group; nothing is committed."""


class Writer(Protocol):
    """A producer with a ``transactional.id``, whose transactions are initialized."""

    def begin(self) -> None:
        """Begin a transaction."""

    def send(self, partition: int, number: int) -> None:
        """Send one message of the transaction."""

    def flush(self) -> None:
        """Wait for the broker's word about every message."""

    def offsets(self, held: Any) -> None:
        """Add what a group's member `held` to the transaction, in that member's name (KIP-447) where it can be."""

    def commit(self) -> None:
        """Commit."""

    def abort(self) -> None:
        """Abort."""

    def close(self) -> None:
        """Close."""


class Desk(Protocol):
    """What a client gives; each call takes no longer than the action has left."""

    def fill(self, topic: str, numbers: range) -> None:
        """Write a message for each number to each partition, in no transaction."""

    def writer(self, topic: str) -> Writer:
        """Make a producer for a topic, whose name is its ``transactional.id``, and initialize its transactions."""

    def reader(self, topic: str, isolation: str) -> Reader:
        """Make a consumer of every partition from its beginning, with this ``isolation.level``."""

    def member(self, group: str) -> Reader:
        """Join the group that has the name of the topic it reads, which commits nothing by itself."""

    def fenced(self, error: Exception) -> bool:
        """Tell whether a client's error says that another producer has the ``transactional.id`` now."""

    def replaced(self, error: Exception) -> bool:
        """Tell whether a client's error says that a group has no such member any more."""


def tried(make: Callable[[scenario.Deadline], Desk]) -> Callable[[scenario.Request, scenario.Teller], None]:
    """Return what tries each case of the request (`corpus.TRANSACTIONS`), side by side.

    Args:
        make: gives what a client's calls go through, within a time.
    """

    def attempt(request: scenario.Request, teller: scenario.Teller) -> None:
        def one(case: str, topic: str) -> None:
            def work() -> dict[str, Any]:
                deadline = scenario.Deadline(request.patience)
                source = request.transacted[corpus.SOURCE]
                return {"topic": topic, **_PLAYS[case](make(deadline), deadline, topic, source)}

            teller.attempt("transactions", case, work, request.patience + scenario.GRACE)

        cases = [(case, topic) for case, topic in request.transacted.items() if case in _PLAYS]
        scenario.do_all((functools.partial(one, *case) for case in cases), together=True)

    return attempt


def committed(desk: Desk, deadline: scenario.Deadline, topic: str, source: str) -> dict[str, Any]:  # noqa: ARG001
    """Read one committed transaction and, while a second one is open, no more; then that as well.

    Returns:
        ``open`` and ``read``: what was read until the second was committed, and all in all.
    """
    writer = desk.writer(topic)
    reader = desk.reader(topic, COMMITTED)
    _send(writer, 0)
    writer.commit()
    _send(writer, 1)
    writer.flush()
    while_open = _read(reader, 0, deadline)
    writer.commit()
    read = [*while_open, *_read(reader, 1, deadline, while_open)]
    reader.close()
    writer.close()
    return {"open": while_open, "read": read}


def aborted(desk: Desk, deadline: scenario.Deadline, topic: str, source: str) -> dict[str, Any]:  # noqa: ARG001
    """Abort the second one of three transactions, once all of its messages are in the log.

    Returns:
        ``read`` and ``uncommitted``: what is there for read_committed and for read_uncommitted.
    """
    writer = desk.writer(topic)
    for number in range(3):
        _send(writer, number)
        writer.flush()
        if number == 1:
            writer.abort()
        else:
            writer.commit()
    writer.close()
    return {"read": _all(desk, topic, 2, deadline), "uncommitted": _all(desk, topic, 2, deadline, UNCOMMITTED)}


def offsets(desk: Desk, deadline: scenario.Deadline, topic: str, source: str) -> dict[str, Any]:
    """Consume, transform, produce: a transaction is committed, one aborted; another member does both again.

    Returns:
        ``source``: the topic that is read, and its group. ``taken``: what was read of it for each of the four
        transactions. ``read``: what came out of them.
    """
    writer = desk.writer(topic)
    desk.fill(source, _numbers(0))
    one = desk.member(source)
    taken = [_pass_on(one, writer, 0, deadline)]
    writer.commit()
    desk.fill(source, _numbers(1))
    taken.append(_pass_on(one, writer, 1, deadline))
    writer.abort()
    one.close()
    other = desk.member(source)
    taken.append(_pass_on(other, writer, 1, deadline))
    writer.commit()
    desk.fill(source, _numbers(2))
    taken.append(_pass_on(other, writer, 2, deadline))
    writer.abort()
    other.close()
    writer.close()
    return {"source": source, "taken": taken, "read": _all(desk, topic, 1, deadline)}


def fenced(desk: Desk, deadline: scenario.Deadline, topic: str, source: str) -> dict[str, Any]:  # noqa: ARG001
    """Have a second producer take the ``transactional.id`` while the first one's transaction is open.

    Returns:
        ``refused``: how the first one's commit failed (`_refused`), as a fenced one's or not. ``read``: what is there
        once the second one has committed a transaction of its own.
    """
    first = desk.writer(topic)
    _send(first, 0)
    first.flush()
    second = desk.writer(topic)
    refused = _refused(first.commit, desk.fenced)
    _send(second, 1)
    second.commit()
    read = _all(desk, topic, 1, deadline)
    second.close()
    first.close()
    return {"refused": refused, "read": read}


def replaced(desk: Desk, deadline: scenario.Deadline, topic: str, source: str) -> dict[str, Any]:  # noqa: ARG001
    """Pass the offsets of a group's member to a transaction when it has left, and another one is in its place.

    Returns:
        ``source``: the topic itself, which the group reads. ``refused``: how that failed (`_refused`), as that of a
        member that is gone or not. ``read``: what the other member read, whose offsets are committed.
    """
    desk.fill(topic, _numbers(0))
    one = desk.member(topic)
    _read(one, 0, deadline)
    held = one.held()
    one.close()
    other = desk.member(topic)
    read = _read(other, 0, deadline)
    writer = desk.writer(topic)
    writer.begin()
    refused = _refused(lambda: writer.offsets(held), desk.replaced)
    writer.abort()
    writer.begin()
    writer.offsets(other.held())
    writer.commit()
    other.close()
    writer.close()
    return {"source": topic, "refused": refused, "read": read}


def _refused(what: Callable[[], None], rightly: Callable[[Exception], bool]) -> dict[str, Any] | None:
    """Return how something fails: ``type``, ``message``, and whether ``rightly``; None where it does not."""
    try:
        what()
    except Exception as error:  # noqa: BLE001  (whatever the client raises is what we are here to tell)
        return {"type": type(error).__name__, "message": str(error)[:300], "rightly": rightly(error)}
    return None


def _send(writer: Writer, number: int) -> None:
    """Begin a transaction, and send its messages: those of a round, to each partition."""
    writer.begin()
    for each in _numbers(number):
        for partition in PARTITIONS:
            writer.send(partition, each)


def _pass_on(member: Reader, writer: Writer, number: int, deadline: scenario.Deadline) -> list[Read]:
    """Read a round; in a transaction, which is left open, write the same to the same partitions, and the offsets."""
    found = _read(member, number, deadline)
    writer.begin()
    for partition, _, each in found:
        writer.send(partition, each)
    writer.offsets(member.held())
    writer.flush()
    return found


def _all(desk: Desk, topic: str, number: int, deadline: scenario.Deadline, isolation: str = COMMITTED) -> list[Read]:
    """Read a topic from its beginning to the end of a round."""
    reader = desk.reader(topic, isolation)
    found = _read(reader, number, deadline)
    reader.close()
    return found


def _read(reader: Reader, number: int, deadline: scenario.Deadline, had: Iterable[Read] = ()) -> list[Read]:
    """Read until each partition's last message of a round has come, be it with what it ``had``; then a bit longer."""
    found: list[Read] = []
    newest = dict.fromkeys(PARTITIONS, -1) | {partition: last for partition, _, last in had}
    while min(newest.values()) < _numbers(number)[-1]:
        if deadline.over:
            raise scenario.TimedOutError(f"round {number + 1} did not come; the last numbers read are {newest}")
        for each in reader.poll():
            found.append(each)
            newest[each[0]] = each[2]
    for _ in range(_LINGER):
        found += reader.poll()
    return found


def _numbers(number: int) -> range:
    return range(number * corpus.ROUND, (number + 1) * corpus.ROUND)


_PLAYS: dict[str, Callable[..., dict[str, Any]]] = dict(
    zip(corpus.TRANSACTIONS, (committed, aborted, offsets, fenced, replaced), strict=True)
)
