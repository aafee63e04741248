"""What all tests share: on a busy machine, an example that takes long is no failure; Ctrl-C ends a program; and the
exit status is that of the tests, not that of the libraries' threads."""

from __future__ import annotations

import signal
import sys

import pytest
from hypothesis import HealthCheck, settings

from kafka_forge.ground import leaving

settings.register_profile("untimed", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("untimed")

# A shell's background jobs ignore SIGINT, and so would the programs that tests interrupt.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

_ended: list[int] = []


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(exitstatus: int) -> None:
    _ended.append(int(exitstatus))


@pytest.hookimpl(trylast=True)
def pytest_unconfigure() -> None:
    """The tests use py-rattler in this very process; by now all is said and written."""
    if _ended and "rattler" in sys.modules:
        leaving.leave(_ended[-1])
