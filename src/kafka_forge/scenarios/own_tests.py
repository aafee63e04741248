"""Runs the tests that a librdkafka carries within itself (``rd_kafka_unittest`` in rdkafka.h); standard library only.

Usage: ``python -I own_tests.py LIBRARY [PART…]``. With parts, only the tests whose names have one of them are run:
one part at a time, as RD_UT_TEST takes it (rdunittest.c). They print what they do; the exit status is 1 where one
fails, and 2 where the library has no tests.

What asks a clock is tried again where something failed, and counts by its last end.
"""

from __future__ import annotations

import ctypes
import os
import sys
from typing import Any

TIMED = ("telemetry_decode",)
"""It wants a rate over a second to be exact to a hundredth: a processor that others take away for 10 ms fails it
(unit_test_telemetry in rdkafka_telemetry_decode.c)."""
_TRIES = 20


def run(library: Any, parts: list[str]) -> int:
    """Run them; return the exit status."""
    if not hasattr(library, "rd_kafka_unittest"):
        return 2
    failed = 0
    for part in parts or [""]:
        os.environ["RD_UT_TEST"] = part  # the empty one is part of every name
        failed += library.rd_kafka_unittest()
    for name in TIMED if failed else ():
        os.environ["RD_UT_TEST"] = name
        for _ in range(_TRIES):
            if not library.rd_kafka_unittest():
                break
    return int(failed != 0)


if __name__ == "__main__":
    os._exit(run(ctypes.CDLL(sys.argv[1]), sys.argv[2:]))  # its threads and destructors have no say in it
