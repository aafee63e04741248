"""What was seen of an artifact is kept while nothing has changed, where it is good, and beside our own notes alone."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from kafka_forge.inspection import kept
from kafka_forge.values.model import Artifact, Cell, Environment
from kafka_forge.values.runner import NATIVE

if TYPE_CHECKING:
    from pathlib import Path

    from kafka_forge.values.model import JsonObject

CELL = Cell("small", "linux-64", None, "small", "1", "h0_0", noarch=False)


@pytest.fixture
def environment(tmp_path: Path) -> Environment:
    file = tmp_path / "channel" / "linux-64" / "small-1-h0_0.conda"
    (tmp_path / "channel" / ".notes" / "linux-64").mkdir(parents=True)
    (tmp_path / "prefix" / "conda-meta").mkdir(parents=True)
    return Environment(Artifact(CELL, file, "0" * 64, 1), tmp_path / "prefix", None, (), runner=NATIVE)


class Looks:
    """Counts how often is looked."""

    def __init__(self, seen: JsonObject) -> None:
        self.seen, self.times = seen, 0

    def __call__(self) -> JsonObject:
        self.times += 1
        return self.seen


def test_what_is_good_is_looked_at_once_until_its_key_changes(environment: Environment) -> None:
    look = Looks({"status": 0})
    first = kept.once(environment, "own", "a", look, lambda _: True)
    assert first == {"status": 0, "ran": first["ran"], "reused": False}
    assert kept.once(environment, "own", "a", look, lambda _: True) == {**first, "reused": True}
    assert kept.once(environment, "own", "b", look, lambda _: True)["reused"] is False
    assert kept.once(environment, "other", "b", look, lambda _: True)["reused"] is False
    assert look.times == 3


def test_what_is_not_good_or_was_cut_off_is_looked_at_again(environment: Environment) -> None:
    look = Looks({"status": 1})
    for _ in range(2):
        assert kept.once(environment, "own", "a", look, lambda _: False)["reused"] is False
    kept.once(environment, "own", "a", look, lambda _: True)
    (note,) = (environment.artifact.path.parents[1] / ".notes").rglob("*.own.json")
    note.write_text(note.read_text(encoding="utf-8")[:9], encoding="utf-8")
    assert kept.once(environment, "own", "a", look, lambda _: True)["reused"] is False
    assert look.times == 4


def test_nothing_is_written_beside_somebody_elses_file(environment: Environment, tmp_path: Path) -> None:
    (tmp_path / "channel" / ".notes" / "linux-64").rmdir()
    kept.once(environment, "own", "a", Looks({}), lambda _: True)
    assert not list((tmp_path / "channel").rglob("*.json"))


def test_another_package_in_the_environment_is_another_key(environment: Environment) -> None:
    before = kept.key_of(environment, "x")
    assert before == kept.key_of(environment, "x") != kept.key_of(environment, "y")
    record = environment.prefix / "conda-meta" / "openssl-3-h0_0.json"
    record.write_text('{"name": "openssl", "sha256": "1"}', encoding="utf-8")
    assert before != kept.key_of(environment, "x")


def test_a_file_counts_as_it_stands_but_for_the_name_of_its_prefix(tmp_path: Path) -> None:
    def sums(name: str, text: str) -> list[list[str]]:
        prefix = tmp_path / name
        (prefix / "bin").mkdir(parents=True)
        (prefix / "conda-meta").mkdir()
        (prefix / "bin" / "tool").write_text(text.replace("HERE", str(prefix)), encoding="utf-8")
        record = {"name": "small", "files": ["bin/tool"], "extracted_package_dir": str(tmp_path)}
        (prefix / "conda-meta" / "small-1-h0_0.json").write_text(json.dumps(record), encoding="utf-8")
        artifact = Artifact(CELL, tmp_path / "small-1-h0_0.conda", "0" * 64, 1)
        return kept.files_of(Environment(artifact, prefix, None, ()))

    first = sums("small-a1", "#!HERE/bin/python\nmain()\n")
    assert first == sums("small-b2", "#!HERE/bin/python\nmain()\n")
    assert first != sums("small-c3", "#!HERE/bin/python\nother()\n")


def test_only_the_index_of_another_channel_on_this_machine_counts(environment: Environment, tmp_path: Path) -> None:
    base = tmp_path / "base"
    (base / "linux-64").mkdir(parents=True)
    (base / "linux-64" / "repodata.json").write_text("{}", encoding="utf-8")
    assert len(kept.index_of(base.as_uri(), environment)) == 1
    assert kept.index_of((tmp_path / "channel").as_uri(), environment) == []
    assert kept.index_of("https://example.org/channel", environment) == []
