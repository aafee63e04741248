"""A share group (KIP-932): what several consumers are given of one partition, and what comes again after what answer.

Standard library only; runs inside the fresh environment. A client's members are in ``sharers_*.py`` beside this.

The group's topic has one partition, so a message is known by its offset.
"""

from __future__ import annotations

import functools
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable

    from kafka_forge.scenarios import corpus, scenario
else:
    import corpus
    import scenario

Delivery = tuple[int, int]
"""The offset of a message, and for the how-manieth time it is delivered, as the client has it."""

ACCEPT, RELEASE, REJECT = corpus.ANSWERS


class Member(Protocol):
    """One consumer of a share group, used by one thread at a time."""

    def poll(self) -> list[Delivery]:
        """Wait some hundredths of a second for messages."""

    def answer(self, offset: int, how: str) -> None:
        """Say what became of a message: `ACCEPT`, `RELEASE` (to be delivered again) or `REJECT` (never again)."""

    def commit(self) -> str | None:
        """Have the broker take the answers; return why it does not. Who gives no answers accepts all that it polled."""

    def close(self) -> None:
        """Leave the group."""


class Room(Protocol):
    """What a client gives for one share group."""

    def member(self, *, answering: bool) -> Member:
        """Join the group; who is not ``answering`` accepts what it polled by the next poll, or by `Member.commit`."""

    def send(self, count: int) -> None:
        """Write so many messages to the group's topic, and wait for the broker's word."""


class NoShareGroupsError(Exception):
    """A client has no share groups."""


def tried(make: Callable[[str], Room]) -> Callable[[scenario.Request, scenario.Teller], None]:
    """Return what tries each case of the request, side by side.

    Args:
        make: gives a client's room for a topic; the group has the topic's name.
    """

    def attempt(request: scenario.Request, teller: scenario.Teller) -> None:
        def one(case: str, topic: str) -> None:
            def work() -> dict[str, Any]:
                return {"topic": topic, **_PLAYS[case](make(topic), scenario.Deadline(request.patience))}

            teller.attempt("share", case, work, request.patience + scenario.GRACE)

        cases = request.shared.items()
        scenario.do_all((functools.partial(one, *each) for each in cases), together=True)

    return attempt


def sharing(room: Room, deadline: scenario.Deadline) -> dict[str, Any]:
    """Members that hold messages of one partition at the same time, then take what comes as fast as they can.

    Who holds something polls no more and answers nothing; so the next messages are for those that have none yet, and
    it is no matter of chance that each gets some.

    Returns:
        ``sent``: how many messages there are. ``held``: what each member had while all had something. ``taken``: what
        each took of the rest. ``refused``: why the broker did not take answers.
    """
    members = [room.member(answering=False) for _ in range(corpus.SHARERS)]
    held: list[list[Delivery]] = [[] for _ in members]
    while not all(held):
        had = sum(map(len, held))
        room.send(corpus.ROUND)
        while sum(map(len, held)) < had + corpus.ROUND:
            for member, has in zip(members, held, strict=True):
                if not has:
                    has.extend(member.poll())
            _check(deadline, f"a member that has no message gets one (held: {[len(each) for each in held]})")
    refused = [why for member in members if (why := member.commit())]
    sent = sum(map(len, held)) + corpus.SHARED
    taken: list[list[Delivery]] = [[] for _ in members]

    def take(member: Member, mine: list[Delivery]) -> str | None:
        while sum(map(len, taken)) < corpus.SHARED:
            mine += member.poll()
            _check(deadline, f"{corpus.SHARED} messages are taken (by each: {[len(each) for each in taken]})")
        why = member.commit()
        member.close()
        return why

    room.send(corpus.SHARED)
    with ThreadPoolExecutor(len(members)) as pool:
        refused += [why for why in pool.map(take, members, taken) if why]
    return {"sent": sent, "held": held, "taken": taken, "refused": refused}


def answering(room: Room, deadline: scenario.Deadline) -> dict[str, Any]:
    """Accept, release and reject messages in turn, while another member holds the one before them.

    Because of that one the broker keeps in mind what became of each of the others, and can be asked.

    Returns:
        ``held``: what the other member held. ``answers``: offset, number of the delivery and answer, in their order,
        up to the last message, which was sent when every released one had come again. ``refused``: see `sharing`.
    """
    holder, held = _holding(room, deadline)
    last = corpus.ROUND
    work = _Work(
        room.member(answering=True),
        lambda offset, count: _turn(offset) if count == 1 and offset <= last else ACCEPT,
    )
    room.send(last)
    released = {offset for offset in range(1, last + 1) if _turn(offset) == RELEASE}
    work.until(deadline, lambda: released <= {offset for offset, count, _ in work.done if count > 1})
    room.send(1)
    work.until(deadline, lambda: last + 1 in work.offsets)
    return _both(work, holder, held)


def limiting(room: Room, deadline: scenario.Deadline) -> dict[str, Any]:
    """Release one message again and again, until another one that is sent after its release comes, and it does not.

    Returns:
        See `answering`.
    """
    holder, held = _holding(room, deadline)
    work = _Work(room.member(answering=True), lambda offset, _count: RELEASE if offset == 1 else ACCEPT)
    room.send(1)
    last, before = 1, -1
    while before < (times := sum(offset == 1 for offset, _, _ in work.done)):
        before, last = times, last + 1
        room.send(1)
        work.until(deadline, functools.partial(lambda awaited: awaited in work.offsets, last))
    return _both(work, holder, held)


def lapsing(room: Room, deadline: scenario.Deadline) -> dict[str, Any]:
    """A member that holds a message for too long: another one gets it, and the first one's answer comes too late.

    Returns:
        ``held``: what the first member had. ``late``: why the broker did not take its answer while the other had it.
        ``answers``: the other's, up to one that the broker took. ``refused``: those before, where it was slow itself.
    """
    holder, held = _holding(room, deadline)
    work = _Work(room.member(answering=True), lambda _offset, _count: ACCEPT)
    again = _some(work.member, deadline)
    late = _answer(holder, held, ACCEPT)
    work.take(again)
    work.until(deadline, lambda: 0 in work.offsets)
    work.member.close()
    return {"held": held, "answers": work.done, "late": late, "refused": work.refused}


def _both(work: _Work, holder: Member, held: list[Delivery]) -> dict[str, Any]:
    """End the work, then have the holder release what it held all the while, and tell what came of both."""
    work.member.close()
    why = _answer(holder, held, RELEASE)
    return {"held": held, "answers": work.done, "refused": [*work.refused, *([why] if why else [])]}


class _Work:
    """A member that answers each message as it is told to, and has the answers taken before it polls again."""

    def __init__(self, member: Member, how: Callable[[int, int], str]) -> None:
        self.member = member
        self.done: list[tuple[int, int, str]] = []
        self.offsets: set[int] = set()
        self.refused: list[str] = []
        self._how = how

    def until(self, deadline: scenario.Deadline, over: Callable[[], bool]) -> None:
        """Go on until it is over, which is asked after each poll."""
        while not over():
            if found := self.member.poll():
                self.take(found)
            _check(deadline, f"what was sent is delivered (seen: {self.done[-20:]})")

    def take(self, found: list[Delivery]) -> None:
        """Answer what was polled."""
        answers = [(*each, self._how(*each)) for each in found]
        for offset, _, how in answers:
            self.member.answer(offset, how)
        if why := self.member.commit():
            self.refused.append(why)
        else:
            self.offsets |= {offset for offset, _ in found}
        self.done += answers


def _turn(offset: int) -> str:
    """Return how a message is answered that comes for the first time."""
    return corpus.ANSWERS[offset % len(corpus.ANSWERS)]


def _holding(room: Room, deadline: scenario.Deadline) -> tuple[Member, list[Delivery]]:
    """Return a member that has the first message, and does not answer."""
    room.send(1)
    holder = room.member(answering=True)
    return holder, _some(holder, deadline)


def _answer(member: Member, held: list[Delivery], how: str) -> str | None:
    """Have a member answer what it held, and leave; return why the broker did not take that."""
    for offset, _ in held:
        member.answer(offset, how)
    why = member.commit()
    member.close()
    return why


def _some(member: Member, deadline: scenario.Deadline) -> list[Delivery]:
    while not (found := member.poll()):
        _check(deadline, "a member gets messages")
    return found


def _check(deadline: scenario.Deadline, what: str) -> None:
    if deadline.over:
        raise scenario.TimedOutError(f"it did not come to this: {what}")


_PLAYS = dict(zip(corpus.SHARE_CASES, (sharing, answering, limiting, lapsing), strict=True))
