"""A consumer group while its members come and go: what each is given, what each reads, where the next one goes on.

Standard library only; runs inside the fresh environment. A client's members are in ``members_*.py`` beside this.
"""

from __future__ import annotations

import functools
import threading
import time
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from kafka_forge.scenarios import corpus, scenario
else:
    import corpus
    import scenario

ALL = frozenset(range(corpus.PARTITIONS))
_EVERY = 0.02


class Member(Protocol):
    """One consumer of a group, used by one thread alone. Before partitions are taken away, it commits what it read."""

    given: int
    """How often partitions were handed to it: the rebalances that it took part in."""

    def poll(self) -> list[tuple[int, int]]:
        """Wait some hundredths of a second for messages; return them as partition and offset."""

    def assigned(self) -> Iterable[int]:
        """Return the partitions that it has."""

    def close(self) -> None:
        """Commit what was read, then close, which leaves the group unless the member is a static one (KIP-345)."""


class Room(Protocol):
    """What a client gives for one group in one protocol."""

    def member(self, instance: str | None) -> Member:
        """Join the group; ``instance`` is the ``group.instance.id`` of a static member."""

    def send(self, each: int) -> None:
        """Write so many messages to each partition of the group's topic, and wait for the broker's word."""


class NoSuchProtocolError(Exception):
    """A client has no such group protocol."""


def watched(make: Callable[[str, str], Room]) -> Callable[[scenario.Request, scenario.Teller], None]:
    """Return what tries each protocol and kind of members of the request, side by side.

    Args:
        make: gives a client's room for a protocol and a topic.
    """

    def attempt(request: scenario.Request, teller: scenario.Teller) -> None:
        def one(protocol: str, kind: str, topic: str) -> None:
            def work() -> dict[str, Any]:
                return {"topic": topic, **_PLAYS[kind](make(protocol, topic), scenario.Deadline(request.patience))}

            teller.attempt("rebalance", f"{protocol}/{kind}", work, request.patience + scenario.GRACE)

        cases = [(protocol, *each) for protocol, of in request.rebalanced.items() for each in of.items()]
        scenario.do_all((functools.partial(one, *case) for case in cases), together=True)

    return attempt


class Seat:
    """A member at work on a thread of its own, as it would be in a process of its own."""

    def __init__(self, room: Room, instance: str | None = None) -> None:
        self.read: list[tuple[int, int]] = []
        self.parts: frozenset[int] = frozenset()
        self.given = 0
        self._error: BaseException | None = None
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._work, args=(room, instance), daemon=True)
        self._thread.start()

    def leave(self, deadline: scenario.Deadline) -> None:
        """Have it close, and wait until it has."""
        self._over.set()
        self._thread.join(deadline.left)
        if self._thread.is_alive():
            raise scenario.TimedOutError("a member did not close in time")
        self.check()

    def check(self) -> None:
        """Raise what its client raised."""
        if self._error is not None:
            raise self._error

    def _work(self, room: Room, instance: str | None) -> None:
        try:
            member = room.member(instance)
            try:
                while not self._over.is_set():
                    found = member.poll()
                    self.given = member.given
                    self.parts = frozenset(member.assigned())
                    self.read += found  # last: who sees what was read sees the rebalance that came before it, too
            finally:
                member.close()
        except BaseException as error:  # noqa: BLE001  (whatever the client raises is told by `check`)
            self._error = error


def coming_and_going(room: Room, deadline: scenario.Deadline) -> dict[str, Any]:
    """A member alone, a second one beside it, the first alone again, then another in its place.

    Returns:
        ``alone``, ``shared``, ``left``: partitions of the first member; of both; of the first again. ``rounds``: for
        each of the four times what was read, as ``[partition, offset]``, by all members together.
    """
    room.send(corpus.ROUND)
    first = Seat(room)
    _wait(deadline, [first], lambda: first.parts == ALL, "a member alone has all partitions")
    _wait_read(deadline, [first], corpus.ROUND)
    alone, rounds = sorted(first.parts), [first.read[:]]
    second = Seat(room)
    _wait(deadline, [first, second], lambda: _split(first, second), "two members share the partitions")
    shared = [sorted(first.parts), sorted(second.parts)]
    room.send(corpus.ROUND)
    _wait_read(deadline, [first, second], 2 * corpus.ROUND)
    rounds.append([*first.read[len(rounds[0]) :], *second.read])
    second.leave(deadline)
    _wait(deadline, [first], lambda: first.parts == ALL, "who stays has all partitions again")
    left = sorted(first.parts)
    before = len(first.read)
    room.send(corpus.ROUND)
    _wait_read(deadline, [first, second], 3 * corpus.ROUND)
    rounds.append(first.read[before:])
    first.leave(deadline)
    room.send(corpus.ROUND)
    other = Seat(room)
    _wait_read(deadline, [first, second, other], 4 * corpus.ROUND)
    rounds.append(other.read[:])
    other.leave(deadline)
    return {"alone": alone, "shared": shared, "left": left, "rounds": rounds}


def staying(room: Room, deadline: scenario.Deadline) -> dict[str, Any]:
    """Two static members, of whom one is started anew: its partitions wait for it, and the other sees nothing of it.

    Who stays is there first, and so leads the group. A leader that is started anew is another matter: kafka-python
    3.0.12 was seen to join again and again then, in some of the tries, and the whole group with it.

    Returns:
        ``before`` and ``after``: partitions of both. ``given``: rebalances of the one that stayed, before and after.
        ``meanwhile``: what the one that was away read of what was written meanwhile, ``[partition, offset]``.
    """
    stays = Seat(room, "stays")
    _wait(deadline, [stays], lambda: stays.parts == ALL, "a static member alone has all partitions")
    goes = Seat(room, "goes")
    _wait(deadline, [stays, goes], lambda: _split(stays, goes), "two static members share the partitions")
    room.send(corpus.ROUND)
    _wait_read(deadline, [stays, goes], corpus.ROUND)
    before, given = [sorted(stays.parts), sorted(goes.parts)], [stays.given]
    goes.leave(deadline)
    room.send(corpus.ROUND)
    again = Seat(room, "goes")
    _wait_read(deadline, [stays, goes, again], 2 * corpus.ROUND)
    _wait(deadline, [stays, again], lambda: _split(stays, again), "both static members have partitions again")
    after = [sorted(stays.parts), sorted(again.parts)]
    given.append(stays.given)
    for seat in (again, stays):
        seat.leave(deadline)
    return {"before": before, "after": after, "given": given, "meanwhile": again.read[:]}


def _split(one: Seat, other: Seat) -> bool:
    return bool(one.parts and other.parts) and not one.parts & other.parts and one.parts | other.parts == ALL


def _wait_read(deadline: scenario.Deadline, seats: list[Seat], each: int) -> None:
    wanted = each * len(ALL)
    _wait(deadline, seats, lambda: sum(len(seat.read) for seat in seats) >= wanted, f"{wanted} messages are read")


def _wait(deadline: scenario.Deadline, seats: list[Seat], come: Callable[[], bool], what: str) -> None:
    while not come():
        for seat in seats:
            seat.check()
        if deadline.over:
            seen = "; ".join(f"partitions {sorted(seat.parts)}, {len(seat.read)} messages read" for seat in seats)
            raise scenario.TimedOutError(f"it did not come to this: {what} (seen: {seen})")
        time.sleep(_EVERY)


_PLAYS = dict(zip(corpus.MEMBERS, (coming_and_going, staying), strict=True))
