"""Build Kafka's Python clients for conda, and prove through a real broker that they work."""

import atexit
import sys
import threading

__version__ = "0.1.0"


def _let_rattler_end() -> None:
    # For programs that import us; ours end in `kafka_forge.ground.leaving`. A thread of py-rattler lets go of its
    # Python objects a moment after its last call has returned. An interpreter that is gone by then takes the whole
    # process down with it.
    if "rattler" in sys.modules:
        threading.Event().wait(0.1)  # not `sleep`, which fails under a clock of libfaketime's


atexit.register(_let_rattler_end)
