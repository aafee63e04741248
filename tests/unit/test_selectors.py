"""What a contract promises on some platforms only."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from kafka_forge.contracts.loading import load_contract
from kafka_forge.errors import ContractInvalid
from kafka_forge.ground.paths import project_root
from kafka_forge.values import selectors
from kafka_forge.values.model import PLATFORMS

if TYPE_CHECKING:
    from pathlib import Path

CONTRACT = """\
promises:
  no-build-paths: {}
  glibc-floor:
    if: linux
    then: {}
  package-contents:
    has:
      - include/a.h
      - if: linux
        then: [lib/a.so, lib/a.so.1]
      - if: win
        then: Library/bin/a.dll
    lacks: ["*.a"]
"""


def _contract(folder: Path, text: str) -> Path:
    file = folder / "contract.yaml"
    file.write_text(text)
    return file


def test_a_promise_can_be_made_for_some_platforms(tmp_path: Path) -> None:
    file = _contract(tmp_path, CONTRACT)
    linux, windows = load_contract(file, "linux-ppc64le"), load_contract(file, "win-64")
    assert "glibc-floor" in linux.promises
    assert "glibc-floor" not in windows.promises
    assert linux.promises["package-contents"]["has"] == ["include/a.h", "lib/a.so", "lib/a.so.1"]
    assert windows.promises["package-contents"]["has"] == ["include/a.h", "Library/bin/a.dll"]


def test_a_condition_with_an_unknown_word_is_an_error_that_names_the_words(tmp_path: Path) -> None:
    with pytest.raises(ContractInvalid, match="linux86") as caught:
        load_contract(_contract(tmp_path, CONTRACT.replace("if: linux", "if: linux86")), "linux-64")
    assert "aarch64" in caught.value.todo


@pytest.mark.parametrize(
    ("condition", "true_of"),
    [
        ("unix and not osx", ("linux-64", "linux-aarch64", "linux-ppc64le")),
        ("win or (osx and arm64)", ("osx-arm64", "win-64")),
        ("x86_64", ("linux-64", "osx-64", "win-64")),
    ],
)
def test_conditions_read_as_in_recipes(condition: str, true_of: tuple[str, ...]) -> None:
    assert tuple(each for each in PLATFORMS if selectors.holds(condition, each)) == true_of


@pytest.mark.parametrize(
    ("version", "promised"),
    [("2.14.2", False), ("2.15.0", True), ("2.16.1", True), ("no-version", False), (None, False)],
)
def test_a_promise_can_be_made_from_a_version_on(tmp_path: Path, version: str | None, *, promised: bool) -> None:
    file = _contract(tmp_path, CONTRACT.replace("if: linux", """if: 'linux and match(version, ">=2.15")'"""))
    contract = load_contract(file, "linux-64", version=version)
    assert ("glibc-floor" in contract.promises) is promised


def test_what_cannot_be_compared_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ContractInvalid, match="match"):
        load_contract(
            _contract(tmp_path, CONTRACT.replace("if: linux", """if: 'match(broker, ">=4.2")'""")), "linux-64"
        )


@pytest.mark.parametrize("platform", PLATFORMS)
def test_every_contract_is_valid_on_every_platform(platform: str) -> None:
    for path in (project_root() / "recipes").glob("*/contract.yaml"):
        for python in (None, "3.11", "3.14", "3.14t", "3.15"):
            assert load_contract(path, platform, python).promises
