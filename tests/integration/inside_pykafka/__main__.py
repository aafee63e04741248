"""``python -m inside_pykafka CASE ADDRESS ARGUMENTS(JSON)``: the last line is the answer, in JSON."""

from __future__ import annotations

import importlib
import json
import logging
import pkgutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable


def found(case: str) -> Callable[..., Any]:
    """Return the function of that name out of the one room that defines it."""
    names = [name for _, name, _ in pkgutil.iter_modules([str(Path(__file__).parent)]) if name != "__main__"]
    rooms = [importlib.import_module(f"{__package__}.{name}") for name in names]
    (run,) = [vars(room)[case] for room in rooms if getattr(vars(room).get(case), "__module__", None) == room.__name__]
    return run  # type: ignore[no-any-return]


def main() -> None:
    """Run the one function that has the case's name."""
    logging.basicConfig(level=logging.ERROR)
    case, address, arguments = sys.argv[1:]
    sys.stdout.write(json.dumps(found(case)(address, **json.loads(arguments))) + "\n")


main()
