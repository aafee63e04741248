"""What a user narrowed a command to."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Selection:
    """Recipe names, platforms and Pythons as given; an empty tuple means all (platforms: the one we stand on)."""

    recipes: tuple[str, ...] = ()
    platforms: tuple[str, ...] = ()
    pythons: tuple[str, ...] = ()
