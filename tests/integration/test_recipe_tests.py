"""The tests that a package carries, by the real engine: out of the built file, against the channels of the run."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from kafka_forge import checks, inspection, platforms
from kafka_forge.channels import channel
from kafka_forge.engine import engine
from kafka_forge.environments import environment
from kafka_forge.ground.files import sha256_of
from kafka_forge.ground.paths import Cache
from kafka_forge.ground.progress import Silent
from kafka_forge.values.contract import Contract
from kafka_forge.values.model import Artifact, Cell, Environment, Verdict

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kafka_forge.values.model import CheckResult, JsonObject

pytestmark = pytest.mark.integration

HERE = platforms.current()
RECIPE = """
package: {name: words, version: "1"}
build: {script: [mkdir -p $PREFIX/share, echo hello > $PREFIX/share/words]}
tests:
  - package_contents: {files: [share/words]}
"""
PASSES = "  - {script: [echo first, grep hello $PREFIX/share/words]}\n"
FAILS = "  - {script: [echo second, grep goodbye $PREFIX/share/words]}\n"
NEEDS_MORE = "  - {script: [cat $PREFIX/share/words], requirements: {run: [more]}}\n"
MORE = "package: {name: more, version: '%s'}\nbuild: {noarch: generic, script: [mkdir -p $PREFIX/share]}\n"
PROMISED = Contract(promises={"recipe-tests": {}})


@dataclass(frozen=True)
class Shop:
    """A channel of our own, a base, and the engine."""

    folder: Path
    cache: Cache

    @property
    def own(self) -> Path:
        return self.folder / "output"

    @property
    def base(self) -> Path:
        return self.folder / "base"

    def build(self, recipe: str, target: Path) -> Path:
        place = self.folder / "recipe"
        place.mkdir(exist_ok=True)
        (place / "recipe.yaml").write_text(recipe, encoding="utf-8")
        (rendered,) = engine.render(place, (), HERE)
        return engine.build(
            rendered,
            channels=[self.own.as_uri(), self.base.as_uri()],
            channel_dir=target,
            log=self.folder / "log",
            cache=self.cache,
            hints={},
            progress=Silent(),
        )

    def inspect(self, file: Path) -> tuple[JsonObject, Sequence[CheckResult]]:
        """Look at a built package in a fresh environment; return what its tests gave, and the verdicts."""
        build = file.stem.rsplit("-", 1)[1]
        artifact = Artifact(Cell("words", HERE, None, "words", "1", build, False), file, sha256_of(file), 1)
        channels = [str(self.own), str(self.base)]
        with environment.fresh(artifact, PROMISED, channels=channels, cache=self.cache, progress=Silent()) as made:
            seen = inspection.inspect(made, PROMISED, progress=Silent())
            (record,) = (made.prefix / "conda-meta").glob("words-*.json")
            unpacked = Path(json.loads(record.read_text(encoding="utf-8"))["extracted_package_dir"])
        assert {path.name for path in unpacked.iterdir()} == {"info", "share"}, "others are linked with it"
        return seen.recipe_tests, checks.by_id()["recipe-tests"].judge(None, seen)


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Shop:
    monkeypatch.setenv("KAFKA_FORGE_CACHE", str(tmp_path / "cache"))
    made = Shop(tmp_path, Cache.default())
    for folder in (made.own, made.base):
        channel.prepare(folder)
        channel.index(folder)
    (made.own / ".notes" / HERE).mkdir(parents=True)  # as `build` leaves it: nothing is kept beside others' packages
    return made


def test_what_passed_is_kept_until_something_changes(shop: Shop) -> None:
    shop.build(MORE % "1", shop.base)
    file = shop.build(RECIPE + PASSES + NEEDS_MORE, shop.own)
    first, results = shop.inspect(file)
    assert [(each.id, each.verdict) for each in results] == [
        ("recipe-tests[1/script]", Verdict.PASS),
        ("recipe-tests[2/script]", Verdict.PASS),
    ]
    assert "first" in first["tests"][0]["lines"]
    again, results = shop.inspect(file)
    assert again == {**first, "reused": True}
    assert "nothing has changed since" in results[0].summary
    shop.build(MORE % "2", shop.base)
    assert shop.inspect(file)[0]["reused"] is False
    assert list((shop.cache.work).glob("recipe-tests-*")) == []


def test_a_test_that_fails_fails_the_artifact_each_time_anew(shop: Shop) -> None:
    file = shop.build(RECIPE + PASSES + FAILS + NEEDS_MORE, shop.own)
    for _ in range(2):
        seen, results = shop.inspect(file)
        assert seen["reused"] is False
        assert [each.verdict for each in results] == [Verdict.PASS, Verdict.FAIL, Verdict.FAIL]
    assert "Script failed with status 1" in results[1].summary
    assert "failed to setup test environment" in results[2].summary


def test_a_package_that_lost_its_tests_has_not_passed_them(shop: Shop) -> None:
    _, (result,) = shop.inspect(shop.build(RECIPE, shop.own))
    assert (result.verdict, result.summary) == (Verdict.FAIL, "the package carries no tests")


def test_a_file_that_the_engine_cannot_read_is_no_evidence(shop: Shop) -> None:
    file = shop.own / HERE / "words-1-h0_0.conda"
    file.parent.mkdir(exist_ok=True)
    file.write_bytes(b"no package")
    artifact = Artifact(Cell("words", HERE, None, "words", "1", "h0_0", False), file, sha256_of(file), 1)
    made = Environment(artifact, shop.folder / "prefix", None, (), channels=(shop.own.as_uri(),))
    seen = inspection.recipe_tests.run(made)
    assert seen["tests"] == []
    assert seen["broken"].startswith("the engine ended with status")
    assert seen["lines"]
