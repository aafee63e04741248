"""What happens to a cluster, and when: one fault by name, or several that are drawn from a seed."""

from __future__ import annotations

import random
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from kafka_forge import faults
from kafka_forge.errors import UnknownFault
from kafka_forge.faults import Fault

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kafka_forge.values.model import JsonObject

BROKERS = 3
STOP_UNHEARD = "stop-unheard"
"""Not a kind of fault, but a way to end: the clients are stopped while nobody answers them."""
_CHEAP = ("cut", "cut-after", "cut-before", "delay", "half-close", "hang", "leader-move", "pause", "refuse-first")
_DEAR = ("controller-change", "kill", "restart", "slow-broker")
_DEAREST = ("disk-full", "rolling-restart")
_CHEAP_WEIGHT, _DEAR_WEIGHT, _DEAREST_WEIGHT = 12, 4, 1


@dataclass(frozen=True, slots=True)
class Schedule:
    """What happens, in this order.

    Attributes:
        name: for reports: the fault's, or ``seed 17``.
        faults: one after the other.
        seed: what it was drawn from; None for one that was not.
        early: whether the first fault is there before the clients are.
        unheard: whether the clients are stopped while nobody answers.
        turn: after how many messages the group's second member takes over from its first one.
    """

    name: str
    faults: tuple[Fault, ...]
    seed: int | None = None
    early: bool = False
    unheard: bool = False
    turn: int = 150

    def as_json(self) -> JsonObject:
        """Return it as a part of the evidence."""
        return asdict(self)

    def __str__(self) -> str:
        parts = [f"{each.kind}({each.amount:g}, node {each.node}, {each.lasts:g} s)" for each in self.faults]
        parts += [STOP_UNHEARD] if self.unheard else []
        return f"{self.name}: {'early ' * self.early}{', '.join(parts)}"


def names() -> tuple[str, ...]:
    """Return every fault that `directed` knows."""
    return (*faults.by_id(), STOP_UNHEARD)


def directed(name: str) -> Schedule:
    """Return the schedule that consists of one fault.

    Raises:
        UnknownFault: there is none of that name.
    """
    if name == STOP_UNHEARD:
        return Schedule(name, (), unheard=True)
    if name not in faults.by_id():
        raise UnknownFault(f"there is no fault {name!r}", todo=f"name one of {', '.join(names())}.")
    least, greatest = faults.by_id()[name].amounts
    # a producer's very first requests are what a new topic's leader refuses
    return Schedule(name, (Fault(name, amount=(least + greatest) / 2),), early=name == "refuse-first")


def draw(seed: int, kinds: Sequence[str] = ()) -> Schedule:
    """Draw a schedule; the same seed and kinds give the same one, on every machine.

    Args:
        seed: any integer.
        kinds: the faults to draw from; none means all.

    Raises:
        UnknownFault: one of ``kinds`` is none.
    """
    if strange := sorted(set(kinds) - set(names())):
        raise UnknownFault(f"there is no fault {strange[0]!r}", todo=f"name one of {', '.join(names())}.")
    dice = random.Random(f"kafka-forge {seed}")  # noqa: S311  (a seed that can be repeated is the point)
    known = [kind for kind in (*_CHEAP, *_DEAR, *_DEAREST) if not kinds or kind in kinds]
    several = dice.choices(known, [_weight(kind) for kind in known], k=dice.choice((1, 1, 2, 2, 3))) if known else []
    drawn = tuple(_draw_one(dice, kind) for kind in several)
    unheard = not kinds or STOP_UNHEARD in kinds
    return Schedule(
        name=f"seed {seed}",
        faults=drawn,
        seed=seed,
        early=bool(drawn) and drawn[0].kind in ("refuse-first", "delay") and dice.random() < 0.5,
        unheard=unheard and (not drawn or dice.random() < 0.15),
        turn=dice.choice((60, 150, 300)),
    )


def _weight(kind: str) -> int:
    return _CHEAP_WEIGHT if kind in _CHEAP else _DEAR_WEIGHT if kind in _DEAR else _DEAREST_WEIGHT


def _draw_one(dice: random.Random, kind: str) -> Fault:
    least, greatest = faults.by_id()[kind].amounts
    return Fault(
        kind,
        after=round(dice.uniform(0.0, 0.5), 2),
        lasts=round(dice.uniform(0.1, 1.5), 2),
        node=dice.randint(1, BROKERS),
        amount=round(dice.uniform(least, greatest), 2),
    )
