"""What the proof of the patches' headers makes of pytest's reports, which pytest itself writes here."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING
from xml.etree import ElementTree

import pytest

from kafka_forge.ground.paths import project_root
from kafka_forge.patching.headers import read_headers
from tests.integration.patch_headers import Seen, checkout_before, judge

if TYPE_CHECKING:
    from pathlib import Path

TESTS = """
import subprocess, sys
import pytest

@pytest.mark.parametrize("number", [1, 2])
def test_fails_once(number): assert number == 1
def test_passes(): pass
def test_hangs():
    import time
    time.sleep(60)
def test_lacks_a_fixture(nothing_like_it): pass
def test_runs_a_program():
    done = subprocess.run([sys.executable, "-c", "{}['a']"], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
@pytest.fixture
def tree(): raise RuntimeError("the tree does not build")
def test_needs_the_tree(tree): pass
"""


@pytest.fixture(scope="module")
def cases(tmp_path_factory: pytest.TempPathFactory) -> list[ElementTree.Element]:
    """The cases in pytest's report on TESTS."""
    room = tmp_path_factory.mktemp("pytest")
    (room / "test_some.py").write_text(TESTS)
    command = [sys.executable, "-m", "pytest", "-q", "--junit-xml=report.xml", "-o", "timeout=1", "test_some.py"]
    subprocess.run(command, cwd=room, capture_output=True, check=False)
    return list(ElementTree.parse(room / "report.xml").getroot().iter("testcase"))


@pytest.mark.parametrize(
    ("function", "fails", "evidence"),
    [
        ("test_fails_once", True, "assert 2 == 1"),
        ("test_passes", False, "it passes (1 times)"),
        ("test_hangs", True, "Failed: Timeout (>1.0s) from pytest-timeout."),
        ("test_lacks_a_fixture", False, "fixture 'nothing_like_it' not found"),
        ("test_runs_a_program", True, "KeyError: 'a'"),
        ("test_needs_the_tree", False, "the tree does not build"),
        ("test_that_is_not_there", False, "not found"),
    ],
)
def test_only_a_failure_of_its_own_counts(
    cases: list[ElementTree.Element], function: str, fails: bool, evidence: str
) -> None:
    seen = judge(f"test_some.py::{function}", cases)
    assert isinstance(seen, Seen)
    assert (seen.fails, evidence in seen.evidence) == (fails, True), seen.evidence


@pytest.mark.parametrize("number", [1, 5])
def test_the_checkout_has_the_patches_before_and_no_others(tmp_path: Path, number: int) -> None:
    checkout_before(project_root(), number, tmp_path)
    headers = read_headers(tmp_path / "recipes" / "pykafka" / "patches")
    assert [header.number for header in headers] == list(range(1, number))
    recipe = (tmp_path / "recipes" / "pykafka" / "recipe.yaml").read_text(encoding="utf-8")
    assert [f"patches/{header.path.name}" in recipe for header in headers] == [True] * (number - 1)
    assert recipe.count("patches/") == number - 1
