"""Locks: nothing that is named by its sha256 is forgotten, and what a place answers is told apart."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from kafka_forge.cli import _run
from kafka_forge.cli import locks as command
from kafka_forge.errors import LockGone, SourceUnreachable
from kafka_forge.ground.paths import Cache, project_root
from kafka_forge.ground.progress import Silent
from kafka_forge.locks import listing, looking
from kafka_forge.locks.listing import Locked
from kafka_forge.sources import NotObtainedError, Source

if TYPE_CHECKING:
    from pathlib import Path

ROOT = project_root()
FILES = [
    *sorted((ROOT / "recipes").glob("*/recipe.yaml")),
    *sorted((ROOT / "bootstrap" / "recipes").glob("*/recipe.yaml")),
    *sorted((ROOT / "bootstrap" / "python").glob("*.json")),
    *(ROOT / "bootstrap" / name for name in ("tools.yaml", "oldest.yaml", "emulators.yaml")),
    *(ROOT / "tests" / "integration" / "data" / name for name in ("browser.yaml", "debug_python.yaml")),
    *sorted((ROOT / "src" / "kafka_forge" / "brokers" / "locks").glob("*.json")),
]


@pytest.fixture(scope="module")
def listed(tmp_path_factory: pytest.TempPathFactory) -> tuple[Locked, ...]:
    return listing.everything(ROOT, Cache(tmp_path_factory.mktemp("cache")))


@pytest.mark.parametrize("file", FILES, ids=lambda file: str(file.relative_to(ROOT)))
def test_every_sum_that_a_lock_names_is_listed(file: Path, listed: tuple[Locked, ...]) -> None:
    named = set(re.findall(r"\b[0-9a-f]{64}\b", file.read_text(encoding="utf-8")))
    assert named <= {each.source.sha256 for each in listed}


def test_each_says_which_lock_it_is_in_and_where_it_may_be_had(listed: tuple[Locked, ...]) -> None:
    for each in listed:
        assert each.source.sha256 in (ROOT / each.lock).read_text(encoding="utf-8")
        assert each.source.urls or each.source.providers


class Place:
    """A place that has a file, does not have it, or does not answer."""

    transform = None

    def __init__(self, where: str, *, there: bool, heard: bool = True) -> None:
        self.where = where
        self.there = there
        self.heard = heard

    def fetch(self, target: Path, task: object) -> None:
        raise AssertionError("nothing is fetched")

    def look(self) -> None:
        if not self.there:
            raise NotObtainedError("no" if self.heard else "silence", heard=self.heard)


HAS, HAS_NOT = Place("one", there=True), Place("two", there=False)
SILENT = Place("three", there=False, heard=False)


@pytest.mark.parametrize(
    ("places", "state"),
    [((HAS_NOT, HAS), "there"), ((HAS, SILENT), "there"), ((HAS_NOT,), "gone"), ((HAS_NOT, SILENT), "unknown")],
)
def test_a_file_is_gone_only_where_everybody_says_so(places: tuple[Place, ...], state: str) -> None:
    (looked,) = looking.look([Locked("lock", Source("file", "0" * 64, providers=places))], Silent())
    assert looked.state == state
    assert [answer.there for answer in looked.answers] == [place.there for place in places]


def test_what_is_gone_is_told_before_what_is_not_known() -> None:
    files = [Locked("a lock", Source(name, "0" * 64, providers=(place,))) for name, place in
             (("one", HAS), ("two", HAS_NOT), ("three", SILENT))]  # fmt: skip
    looked = looking.look(files, Silent())
    with pytest.raises(LockGone) as caught:
        command._judge(looked)
    assert list(caught.value.details) == ["two: no"]
    assert caught.value.where == "a lock"
    with pytest.raises(SourceUnreachable):
        command._judge(looked[:1] + looked[2:])
    command._judge(looked[:1])


def test_a_word_that_no_lock_has_is_an_error(capsys: pytest.CaptureFixture[str]) -> None:
    assert _run(["locks", "check", "no-such-lock"], debug=False) != 0
    assert "no locked file has one of these words" in capsys.readouterr().err
