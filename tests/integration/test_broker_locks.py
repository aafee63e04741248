"""The locks of Kafka against what Maven has: their levels are those of the jars, and what is gone is said so."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from kafka_forge import brokers
from kafka_forge.brokers import levels, locks
from kafka_forge.errors import ChecksumMismatch, SourceUnreachable
from kafka_forge.ground.files import Store
from kafka_forge.ground.paths import Cache
from kafka_forge.ground.progress import Silent
from kafka_forge.sources import obtain

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.integration


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    told = [sys.executable, "-m", *arguments]
    return subprocess.run(told, capture_output=True, text=True, timeout=600, check=False, env=os.environ)


@pytest.mark.parametrize("version", [each for each in brokers.versions() if not locks.before_kraft(each)])
def test_the_levels_of_a_lock_are_those_of_its_jar(version: str) -> None:
    lock = locks.kafka(version)
    (jar,) = [each for each in lock.jars if each.artifact == levels.ARTIFACT]
    found = levels.read(obtain(jar.source, Store(Cache.default().store), Silent()))
    assert found == lock.levels
    assert list(found)[-1] == version.rpartition(".")[0]


def test_a_lock_of_a_version_that_maven_does_not_have_is_not_made() -> None:
    ran = run("kafka_forge.brokers.lockmaker", "4.4.999")
    assert ran.returncode == 10
    assert "KF107: Apache Kafka 4.4.999 cannot be resolved" in ran.stderr
    assert "maven-metadata.xml" in ran.stderr
    assert "Traceback" not in ran.stderr
    assert "4.4.999" not in brokers.versions()


@pytest.fixture
def changed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> dict[str, str]:
    """The default's lock as it is not: what the test puts here changes its first jar."""
    lock = json.loads((locks._folder() / f"kafka-{brokers.DEFAULT}.json").read_text(encoding="utf-8"))
    jar: dict[str, str] = lock["jars"][0]
    (tmp_path / "locks").mkdir()

    def folder() -> Path:
        (tmp_path / "locks" / f"kafka-{brokers.DEFAULT}.json").write_text(json.dumps(lock), encoding="utf-8")
        return tmp_path / "locks"

    monkeypatch.setattr(locks, "_folder", folder)
    monkeypatch.setattr(locks, "kafka", locks.kafka.__wrapped__)
    return jar


def test_a_jar_that_is_gone_names_the_lock_and_what_else_can_be_run(changed: dict[str, str], tmp_path: Path) -> None:
    changed |= {"version": "4.4.0-gone", "sha256": "0" * 64}
    with pytest.raises(SourceUnreachable, match=f"Apache Kafka {brokers.DEFAULT} cannot be made ready") as caught:
        brokers.start(brokers.DEFAULT, Cache(tmp_path / "cache"), Silent())
    assert any("4.4.0-gone" in line for line in caught.value.details)
    assert f"lockmaker --java 25 {brokers.DEFAULT}" in caught.value.todo
    assert "3.9.2" in caught.value.todo


def test_a_jar_with_other_bytes_than_the_locks_is_not_run(changed: dict[str, str], tmp_path: Path) -> None:
    changed["sha256"] = "0" * 64
    with pytest.raises(ChecksumMismatch, match=f"Apache Kafka {brokers.DEFAULT} cannot be made ready") as caught:
        brokers.start(brokers.DEFAULT, Cache(tmp_path / "cache"), Silent())
    assert "lockmaker" in caught.value.todo


def test_a_version_that_is_not_locked_is_refused_before_anything_is_done() -> None:
    for command in ("verify", "roundtrip"):
        ran = run("kafka_forge.cli", command, "--broker", "4.2.0")
        assert ran.returncode == 10
        assert "KF107: '4.2.0' is neither a known Kafka version nor HOST:PORT" in ran.stderr
        assert "of that line, 4.2.2 is locked: name one of 4.4.0" in ran.stderr
