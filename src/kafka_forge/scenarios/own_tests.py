"""Runs the tests that a librdkafka carries within itself (``rd_kafka_unittest`` in rdkafka.h); standard library only.

Usage: ``python -I own_tests.py LIBRARY [PART…]``. With parts, only the tests whose names have one of them are run:
one part at a time, as RD_UT_TEST takes it (rdunittest.c). They print what they do; the exit status is 1 where one
fails, and 2 where the library has no tests.
"""

from __future__ import annotations

import ctypes
import os
import sys
from typing import Any


def run(library: Any, parts: list[str]) -> int:
    """Run them; return the exit status."""
    if not hasattr(library, "rd_kafka_unittest"):
        return 2
    failed = 0
    for part in parts or [""]:
        os.environ["RD_UT_TEST"] = part  # the empty one is part of every name
        failed += library.rd_kafka_unittest()
    return int(failed != 0)


if __name__ == "__main__":
    os._exit(run(ctypes.CDLL(sys.argv[1]), sys.argv[2:]))  # its threads and destructors have no say in it
