"""``python -m inside_pykafka CASE ADDRESS ARGUMENTS(JSON)``: the last line is the answer, in JSON."""

from __future__ import annotations

import json
import logging
import sys

from . import consuming, extension, lives, producing, starting


def main() -> None:
    """Run the one function that has the case's name."""
    logging.basicConfig(level=logging.ERROR)
    case, address, arguments = sys.argv[1:]
    rooms = (starting, consuming, producing, lives, extension)
    (run,) = (getattr(room, case) for room in rooms if hasattr(room, case))
    sys.stdout.write(json.dumps(run(address, **json.loads(arguments))) + "\n")


main()
