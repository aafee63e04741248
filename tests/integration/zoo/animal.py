"""What an animal of the zoo is: what it has wrong, where the public has met that, and which check catches it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from kafka_forge.values.model import Artifact, Base

    from .trees import Tree


@dataclass(frozen=True)
class Animal:
    """One bad package.

    Attributes:
        name: in one word with dashes.
        of: the recipe whose good artifact it is made from.
        met: the public thread in which users met it, ``owner/repository#number``.
        wrong: what is wrong with it, in one sentence.
        caught_by: the id of the one check that reports it, with its case where it has several.
        says: what the check's summary must tell of the cause.
        remedy: and of what to do.
        make: changes the tree of the good package.
        broker: whether only messages through a broker show it.
        usual: whether it is looked at in every run of the tests, and not with ``--long`` alone.
        beside: the recipe of another package that is changed, too, and stands beside it, and how that is changed.
        good: builds the artifact that it is made from, and says on which base, where that is not the recipe's for this
            machine.
    """

    name: str
    of: str
    met: str
    wrong: str
    caught_by: str
    says: str
    remedy: str
    make: Callable[[Tree], None]
    broker: bool = False
    usual: bool = False
    beside: tuple[str, Callable[[Tree], None]] | None = None
    good: Callable[[], tuple[Artifact, Base]] | None = None
