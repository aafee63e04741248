"""A Python whose packages the mirrors have forgotten: its cells are refused with the remedy; nothing else is."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

import pytest

from kafka_forge.bases import cpython_undebian, embedded, pythons
from kafka_forge.bases.python_locks import Interpreters, load
from kafka_forge.building import build
from kafka_forge.errors import BaseBuildFailed, LockGone, SourceUnreachable
from kafka_forge.ground.paths import Cache, project_root
from kafka_forge.ground.progress import Silent
from kafka_forge.planning import plan
from kafka_forge.sources.place import DEBIAN_NOW
from kafka_forge.values.model import BASE_HAS_PYTHON, Verdict
from kafka_forge.values.selection import Selection

if TYPE_CHECKING:
    from pathlib import Path

    from kafka_forge.errors import ForgeError

ROOT = project_root()


def unreachable(*answers: str) -> SourceUnreachable:
    return SourceUnreachable("none has it", details=[f"Debian package: {answer}" for answer in answers], todo="wait.")


def products(tmp_path: Path, error: ForgeError, *, alone: bool) -> list[pythons.Product]:
    def fail() -> Path:
        raise error

    def make() -> Path:
        (tmp_path / "six-1.conda").write_text("", encoding="utf-8")
        return tmp_path / "six-1.conda"

    return [
        pythons.Product("python", tmp_path / "python-3.15.2-h0_0_cp315.conda", fail, alone),
        pythons.Product("six", tmp_path / "six-1.conda", make),
    ]


def test_what_every_mirror_has_forgotten_is_left_out_and_the_rest_is_made(tmp_path: Path) -> None:
    error = unreachable("http://one/x.deb: HTTP 404 Not Found; http://two/x.deb: HTTP 404 Not Found")
    made = pythons.make_all(products(tmp_path, error, alone=True), Silent())
    assert [path.name for path in made] == ["six-1.conda"]


def test_what_debian_has_now_is_no_answer_of_a_mirror(tmp_path: Path) -> None:
    """It is told beside the answers where a source archive is forgotten, CPython's own, say."""
    error = unreachable("http://one/python3.13_3.13.5.orig.tar.xz: HTTP 404 Not Found")
    told = SourceUnreachable(
        error.what, details=[*error.details, f"{DEBIAN_NOW} python3.13 now: 3.13.9-1 (sid)"], todo=""
    )
    made = pythons.make_all(products(tmp_path, told, alone=True), Silent())
    assert [path.name for path in made] == ["six-1.conda"]


def test_so_is_what_nothing_can_stand_for(tmp_path: Path) -> None:
    error = LockGone("nothing can stand for it", todo="lock another one.")
    made = pythons.make_all(products(tmp_path, error, alone=True), Silent())
    assert [path.name for path in made] == ["six-1.conda"]
    with pytest.raises(LockGone):
        pythons.make_all(products(tmp_path, error, alone=False), Silent())


@pytest.mark.parametrize(
    ("alone", "answers"),
    [
        (False, ["http://one/x.deb: HTTP 404 Not Found"]),
        (True, ["http://one/x.deb: HTTP 404 Not Found; http://two/x.deb: HTTP 503 Service Unavailable, 4 times"]),
        (True, ["http://one/x.deb: HTTP 404 Not Found; http://two/x.deb: no connection within 10 s, 2 times"]),
        (True, ["not tried: no apt on this machine"]),
    ],
)
def test_any_other_answer_ends_the_run(tmp_path: Path, alone: bool, answers: list[str]) -> None:
    with pytest.raises(SourceUnreachable):
        pythons.make_all(products(tmp_path, unreachable(*answers), alone=alone), Silent())


def test_debians_python_that_is_not_in_the_channel_is_gone_and_the_remedy_is_named(tmp_path: Path) -> None:
    debians = {
        each.python: each.debian["linux-64"].debs[0].at.version
        for each in load(Interpreters, ROOT).interpreters
        if "linux-64" in each.debian
    }
    assert debians, "none is locked any more: then this mechanism can go"
    wanted = [each.python for each in load(Interpreters, ROOT).interpreters]
    gone = pythons.gone(ROOT, "linux-64", wanted, Cache(tmp_path))
    assert gone.keys() == debians.keys()
    for python, reason in gone.items():
        assert debians[python] in reason
        assert "relock --keep interpreters" in reason


def test_the_cells_of_a_python_that_is_gone_are_refused_and_no_others() -> None:
    plans = plan.plan(
        Selection(recipes=("pykafka",), platforms=("linux-64",)),
        root=ROOT,
        variants=embedded.variants(ROOT),
        lacking=embedded.lacking(ROOT),
        with_dependencies=True,
    )
    line = build._Line({each.cell.id: each for each in plans}, keep_going=False)
    before = set(line.lost)
    line.lose_pythons("linux-64", MappingProxyType({"3.15": "the mirrors have forgotten it"}))
    (lost,) = set(line.lost) - before
    assert lost == "pykafka/linux-64/3.15"
    assert line.lost[lost].id == BASE_HAS_PYTHON
    assert line.lost[lost].verdict is Verdict.REFUSED
    assert "the mirrors have forgotten it" in line.lost[lost].summary


def test_debians_changes_are_taken_back_or_it_is_an_error(tmp_path: Path) -> None:
    site = tmp_path / "site.py"
    site.write_text("print('CPython of another release')\n", encoding="utf-8")
    with pytest.raises(BaseBuildFailed, match=r"site\.py is not as expected: nothing in it fits") as caught:
        cpython_undebian.take_back(tmp_path)
    assert "cpython_undebian" in caught.value.todo
