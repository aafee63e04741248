"""All animals, in the order in which docs/zoo.md names them."""

from __future__ import annotations

from .linked import LINKED
from .lying import LYING
from .told import TOLD

ANIMALS = (*LINKED, *TOLD, *LYING)
