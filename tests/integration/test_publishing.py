"""Publishing to servers: the real uploaders against a server on the loopback that takes, refuses, or breaks off."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests import loopback
from tests.unit.proven import proven
from tests.unit.reports import whole

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.integration
SERVER = Path(__file__).parent / "data" / "channel_server.py"
KEY = "the-key"
FILES = ["linux-64/one-1-h0_0.conda", "linux-64/two-1-h0_0.conda", "linux-64/zzz-1-h0_0.conda"]


class Shelf:
    """A server with a folder of its own, and the program that publishes to it."""

    def __init__(self, folder: Path, port: int) -> None:
        self.folder, self.port = folder, port
        self.output = folder / "output"
        report = whole(*(proven(self.output, name) for name in ("one", "two", "zzz")))
        (self.output / "report.json").write_text(report.model_dump_json(), encoding="utf-8")

    def command(self, kind: str) -> list[str]:
        address = f"{kind}+http://127.0.0.1:{self.port}/mine"
        program = [sys.executable, "-m", "kafka_forge.cli", "publish"]
        return [*program, "--channel", address, "--from", str(self.output)]

    def publish(self, kind: str, key: str = KEY) -> subprocess.CompletedProcess[str]:
        environment = {**os.environ, "KAFKA_FORGE_TOKEN": key}
        return subprocess.run(self.command(kind), env=environment, capture_output=True, text=True, check=False)

    def there(self) -> list[str]:
        return sorted(f"linux-64/{path.name}" for path in self.folder.glob("mine/linux-64/*"))


@pytest.fixture
def shelf(tmp_path: Path) -> Iterator[Shelf]:
    server = subprocess.Popen([sys.executable, SERVER, tmp_path, KEY], stdout=subprocess.PIPE, text=True)
    assert server.stdout is not None
    try:
        port = int(server.stdout.readline())
        assert loopback.elsewhere(loopback.listening()) == []
        yield Shelf(tmp_path, port)
    finally:
        server.kill()
        server.wait()


@pytest.mark.parametrize("kind", ["quetz", "prefix", "artifactory"])
def test_all_files_arrive_whole_and_a_second_time_none_is_sent(shelf: Shelf, kind: str) -> None:
    done = shelf.publish(kind)
    assert done.returncode == 0, done.stderr
    assert shelf.there() == FILES
    for file in FILES:
        assert (shelf.folder / "mine" / file).read_bytes() == (shelf.output / file).read_bytes()
    before = {file: (shelf.folder / "mine" / file).stat().st_mtime_ns for file in FILES}
    again = shelf.publish(kind)
    assert again.returncode == 0
    assert again.stdout.count("there already") == 3
    assert before == {file: (shelf.folder / "mine" / file).stat().st_mtime_ns for file in FILES}


@pytest.mark.parametrize("kind", ["quetz", "prefix", "artifactory"])
def test_a_file_with_other_bytes_is_never_replaced_and_nothing_else_is_sent(shelf: Shelf, kind: str) -> None:
    taken = shelf.folder / "mine" / FILES[2]
    taken.parent.mkdir(parents=True)
    taken.write_bytes(b"what users have")
    done = shelf.publish(kind)
    assert done.returncode == 60
    assert "KF603" in done.stderr
    assert shelf.there() == [FILES[2]]
    assert taken.read_bytes() == b"what users have"


@pytest.mark.parametrize("kind", ["quetz", "prefix", "artifactory"])
def test_a_wrong_key_is_refused(shelf: Shelf, kind: str) -> None:
    done = shelf.publish(kind, key="another")
    assert done.returncode == 61
    assert "KF604" in done.stderr
    assert "another" not in done.stderr
    assert f"not begun: {FILES[1]}" in done.stderr
    assert shelf.there() == []


@pytest.mark.parametrize("kind", ["quetz", "prefix"])
def test_a_connection_that_breaks_off_leaves_no_doubt_which_files_are_up(shelf: Shelf, kind: str) -> None:
    (shelf.folder / "drop").write_text("two-1-h0_0.conda", encoding="utf-8")
    done = shelf.publish(kind)
    assert done.returncode == 61
    assert "KF605" in done.stderr
    for line in (f"up: {FILES[0]}", f"in doubt: {FILES[1]}", f"not begun: {FILES[2]}"):
        assert line in done.stderr
    (shelf.folder / "drop").unlink()
    assert shelf.publish(kind).returncode == 0
    assert shelf.there() == FILES


def test_ctrl_c_during_an_upload_says_which_files_are_up(shelf: Shelf) -> None:
    (shelf.folder / "stall").write_text("two-1-h0_0.conda", encoding="utf-8")
    environment = {**os.environ, "KAFKA_FORGE_TOKEN": KEY}
    with subprocess.Popen(shelf.command("quetz"), env=environment, stderr=subprocess.PIPE, text=True) as running:
        deadline = time.monotonic() + 60
        while not (shelf.folder / "stalled").exists() and time.monotonic() < deadline:
            time.sleep(0.05)
        running.send_signal(signal.SIGINT)
        _, shown = running.communicate(timeout=60)
    assert running.returncode == 61
    assert f"up: {FILES[0]}" in shown
    assert f"in doubt: {FILES[1]}" in shown


def test_a_server_that_does_not_answer_gets_nothing(shelf: Shelf) -> None:
    shelf.port = 9  # nobody listens on discard
    done = shelf.publish("quetz")
    assert done.returncode == 20
    assert "KF606" in done.stderr


def test_without_a_report_there_is_nothing_to_publish(shelf: Shelf) -> None:
    report = json.loads((shelf.output / "report.json").read_text(encoding="utf-8"))
    assert len(report["artifacts"]) == 3
    shutil.rmtree(shelf.output)
    done = shelf.publish("quetz")
    assert done.returncode == 11
    assert "KF121" in done.stderr
