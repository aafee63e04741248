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


def pytest_addoption(parser: pytest.Parser) -> None:
    """``--long``: what takes minutes for a proof that changes seldom runs, too (``kafka-forge test --long``)."""
    parser.addoption("--long", action="store_true", help="also run the tests that take minutes")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    items.sort(key=lambda item: item.get_closest_marker("first") is None)  # stable: a file's tests keep their order
    if not config.getoption("--long"):
        for item in items:
            if item.get_closest_marker("long"):
                item.add_marker(pytest.mark.skip(reason="takes minutes: `test --long` runs it, and CI every night"))


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(exitstatus: int) -> None:
    _ended.append(int(exitstatus))


@pytest.hookimpl(trylast=True)
def pytest_unconfigure() -> None:
    """The tests use py-rattler in this very process; by now all is said and written."""
    if _ended and "rattler" in sys.modules:
        leaving.leave(_ended[-1])
