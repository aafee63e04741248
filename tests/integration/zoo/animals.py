"""All animals, in the order in which docs/zoo.md names them."""

from __future__ import annotations

from .doubled import DOUBLED
from .foreign import FOREIGN
from .libraries import LIBRARIES
from .linked import LINKED
from .lying import LYING
from .rebuilt import REBUILT
from .streamed import STREAMED
from .told import TOLD
from .used import USED

ANIMALS = (*LINKED, *LIBRARIES, *REBUILT, *FOREIGN, *DOUBLED, *TOLD, *LYING, *USED, *STREAMED)
