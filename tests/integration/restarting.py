"""A broker that a test ends and starts again, on the same port and with the same data."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import time
import uuid
from pathlib import Path
from typing import TYPE_CHECKING

import psutil

from kafka_forge import brokers
from kafka_forge.brokers import admin, ports
from kafka_forge.errors import BrokerDied, ScenarioBroken
from kafka_forge.ground.paths import Cache
from kafka_forge.ground.progress import Silent

if TYPE_CHECKING:
    from collections.abc import Iterator

_SECONDS = 180.0  # for a broker to answer again on a busy machine
_TRY = 10.0  # seconds: what a broker had in hand when it was paused can be lost, and is waited for to its time-out


class Restartable:
    """A broker of the default version, with the faults that these tests ask for.

    Attributes:
        address: ``HOST:PORT``, whichever process listens there.
    """

    def __init__(self, address: str) -> None:
        (record,) = [each for each in brokers.running(Cache.default()) if each.address == address]
        assert record.server is not None
        process = record.server.process()
        assert process is not None
        self.address = address
        self._folder = Path(record.folder)
        self._command = process.cmdline()
        self._process = process
        self._again: subprocess.Popen[bytes] | None = None

    def kill(self) -> None:
        """End it as a crash would; what it has written stays."""
        os.kill(self._process.pid, signal.SIGKILL)
        if self._again is not None:
            self._again.wait(30)
        self._process.wait(30)

    def pause(self) -> None:
        """Let it hang: its connections stand, and nothing is answered."""
        self._process.suspend()

    def go_on(self) -> None:
        """Let it run after `pause`, and return when it does what it is told: its sessions have to be made anew."""
        self._process.resume()
        deadline = time.monotonic() + _SECONDS
        while not self._obeys():
            assert time.monotonic() < deadline, "the broker does not go on"

    def _obeys(self) -> bool:
        try:
            admin.create_topics(self.address, {f"again-{uuid.uuid4()}": 1}, _TRY)
        except (BrokerDied, ScenarioBroken):
            return False
        return True

    def begin(self) -> None:
        """Start it again after `kill`, and return when it answers."""
        with (self._folder / "server.log").open("ab") as log:
            self._again = subprocess.Popen(
                self._command, cwd=self._folder, stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT
            )
        self._process = psutil.Process(self._again.pid)
        deadline = time.monotonic() + _SECONDS
        while not (ports.answers(self.address) and admin.cluster_id(self.address, seconds=2.0)):
            assert self._again.poll() is None, "the broker ended"
            assert time.monotonic() < deadline, "the broker does not answer"
            time.sleep(0.1)

    def end(self) -> None:
        """Leave no process behind."""
        with contextlib.suppress(psutil.NoSuchProcess):
            self._process.resume()
        if self._again is not None and self._again.poll() is None:
            self._again.kill()
            self._again.wait(30)


@contextlib.contextmanager
def restartable() -> Iterator[Restartable]:
    """Start a broker that can be ended and started again."""
    with brokers.start(brokers.DEFAULT, Cache.default(), Silent()) as started:
        broker = Restartable(started.address)
        try:
            yield broker
        finally:
            broker.end()
