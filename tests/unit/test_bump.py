"""`bump` on a small family: a library with tags, a client on the Python index, and who is built on the library."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import threading
from typing import TYPE_CHECKING

import pytest

from kafka_forge.bumping import bump, editing, telling, versions
from kafka_forge.errors import (
    AnswerInvalid,
    ChecksumMismatch,
    OutOfStep,
    PatchConflicts,
    RecipeInvalid,
    SourceUnreachable,
    TreeChanged,
    UnknownRecipe,
    UnknownVersion,
)
from kafka_forge.ground.progress import Silent
from tests.unit import bump_house
from tests.unit.patch_queue import LINES

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.unit.bump_house import House


pytestmark = pytest.mark.enable_socket


@pytest.fixture
def house(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[House]:
    with bump_house.standing(tmp_path, monkeypatch) as made:
        yield made


def test_nothing_newer_is_nothing_to_change(house: House) -> None:
    done = house.bump()
    assert (done.moved, done.files, house.status()) == ((), (), "")
    assert list(telling.lines(done, dry_run=False))[-1].startswith("nothing to change")


def test_the_family_moves_in_step_and_each_comment_stays(house: House) -> None:
    library, client = house.library("1.3.0", "0 = 'line 0'\n" + LINES), house.client("1.3.0")
    house.client("1.3.1")  # newer than any library
    house.client("1.4.0rc1")
    before = {name: house.file(name) for name in ("recipes/library/recipe.yaml", "recipes/client/recipe.yaml")}
    done = house.bump()
    assert [(each.choice.member.recipe, each.choice.target) for each in done.moved] == [
        ("library", "1.3.0"),
        ("client", "1.3.0"),
    ]
    assert done.risen == ("user",)
    new = house.file("recipes/library/recipe.yaml")
    was = before["recipes/library/recipe.yaml"]
    assert 'version: "1.3.0"  # of the library' in new
    assert new.replace("1.3.0", "1.2.0").replace(library, was.split("sha256: ")[1][:64]).replace("100", "104") == was
    assert f"  sum: {client}\n" in house.file("recipes/client/recipe.yaml")
    assert "  number: 0\n" in house.file("recipes/client/recipe.yaml")
    assert house.file("recipes/client/sources.yaml") == (
        f"# elsewhere\n{client}:\n  - {{kind: python-index, project: client, file: client-1.3.0.tar.gz}}\n"
    )
    assert "number: 1108   # counts on" in house.file("recipes/user/recipe.yaml")
    assert '{admits: ["1.3.0", "1.5.0"], refuses: ["1.2.99", "2.0.0"]}' in house.file("recipes/user/contract.yaml")
    assert "# moves along" in house.file("recipes/user/contract.yaml")
    assert "@@ -8,7 +8,7 @@" in house.file("recipes/library/patches/0001-mend-line-ten.patch")
    assert house.file("README.md") == "| recipe | |\n| `library` 1.3.0 | a library 1.2.0 |\n"
    assert {line[3:] for line in house.status().splitlines()} == set(done.files)
    ways = next(choice.ways for choice in done.choices if choice.member.recipe == "client")
    assert ways[0] == "1.3.1 asks for library >=1.3.1,<2, and library is 1.3.0"
    assert ways[1:] == (f"of library, tags of {house.site.url}/maker/library: newest 1.3.0",)
    row = json.loads(json.dumps(telling.as_json(done, dry_run=False)))["recipes"][0]
    assert (row["from"], row["to"], row["sha256"]) == ("1.2.0", "1.3.0", library)


def test_a_patch_that_upstream_has_goes(house: House) -> None:
    house.library("1.3.0", LINES.replace("line 10", "mended"))
    done = house.bump("library")
    assert done.moved[0].dropped == ("Mend line ten",)
    assert "patches" not in house.file("recipes/library/recipe.yaml")
    assert " D recipes/library/patches/0001-mend-line-ten.patch" in house.status()


def test_a_patch_that_conflicts_is_named_solved_and_gone_on_with(house: House) -> None:
    house.library("1.3.0", LINES.replace("line 10'", "line ten'").replace("line 30", "line thirty"))
    house.client("1.3.0")
    ways = house.look("library")["library"].ways
    assert ways == (
        "patches/0001-mend-line-ten.patch conflicts with library: v1.3.0.tar.gz",
        "small/one.py: @@ -7,7 +7,7 @@",
    )
    with pytest.raises(PatchConflicts) as caught:
        house.bump()
    assert house.status() == ""
    shown = str(caught.value)
    assert "0001-mend-line-ten.patch conflicts with library: v1.3.0.tar.gz" in shown
    assert "small/one.py: @@ -7,7 +7,7 @@" in shown
    folder = house.root.__class__(str(caught.value.where))
    assert "line ten'" in (folder / "small/one.py.today").read_text(encoding="utf-8")
    with pytest.raises(PatchConflicts):  # still
        house.bump()
    text = (folder / "small/one.py").read_text(encoding="utf-8")
    solved = re.sub(r"<<<<<<< .*?>>>>>>> [^\n]*\n", "10 = 'mended'\n", text, flags=re.DOTALL)
    (folder / "small/one.py").write_text(solved, encoding="utf-8")
    subprocess.run(["git", "add", "small/one.py"], cwd=folder, check=True)
    done = house.bump()
    assert len(done.moved) == 2
    assert "-10 = 'line ten'" in house.file("recipes/library/patches/0001-mend-line-ten.patch")
    assert not folder.exists()


def test_a_look_changes_nothing_and_believes_answers_for_an_hour(house: House) -> None:
    house.client("1.3.0")
    choice = house.look(seconds=3600)["client"]
    assert (choice.target, choice.newest) == ("1.2.0", "1.3.0")
    house.library("1.3.0")
    assert house.look(seconds=3600)["client"].target == "1.2.0"
    assert house.look(seconds=0)["client"].target == "1.3.0"
    assert house.status() == ""


@pytest.mark.parametrize("change", ["recipes/library/recipe.yaml", "recipes/new.txt"])
def test_a_dirty_work_tree_is_refused(house: House, change: str) -> None:
    house.library("1.3.0")
    with (house.root / change).open("a", encoding="utf-8") as stream:
        stream.write("# more\n")
    before = house.status()
    with pytest.raises(TreeChanged, match="not everything in the checkout is committed") as caught:
        house.bump()
    assert change in str(caught.value)
    assert house.status() == before


def test_what_is_no_work_tree_is_refused(house: House, tmp_path: Path) -> None:
    with pytest.raises(TreeChanged, match="no git work tree"):
        bump.bump((), None, tmp_path, house.answers(0), None, house.cache, Silent())


def test_a_version_that_nobody_has_is_told_with_each_answer(house: House) -> None:
    with pytest.raises(UnknownVersion, match=r"nobody has client 9\.9") as caught:
        house.bump("client", to="9.9")
    assert "Python index: client: newest 1.2.0" in str(caught.value)
    with pytest.raises(UnknownRecipe):
        house.bump("cleint", to="9.9")


def test_up_and_down_alone_is_out_of_step_and_together_is_not(house: House) -> None:
    house.library("1.1.0")
    house.client("1.1.0")
    with pytest.raises(OutOfStep, match="would not be in step") as caught:
        house.bump("library", to="1.1.0")
    assert "client 1.2.0 asks for library >=1.2.0,<2, and library would be 1.1.0" in str(caught.value)
    done = house.bump("library", "client", to="1.1.0")
    assert [each.choice.target for each in done.moved] == ["1.1.0", "1.1.0"]
    assert '"1.1.0"' in house.file("recipes/library/recipe.yaml")


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("application/vnd.pypi.simple.v1+json", b"{"),
        ("application/vnd.pypi.simple.v1+json", b'{"files": [{"filename": 3}]}'),
        ("application/vnd.pypi.simple.v1+json", b'{"files": 7}'),
        ("application/vnd.pypi.simple.v1+json", b'{"files": []}'),
        ("text/html", b"<html>please log in</html>"),
        ("text/html", b"\x00\xff\x00"),
    ],
)
def test_an_index_that_answers_nonsense_is_named(house: House, kind: str, body: bytes) -> None:
    house.library("1.3.0")
    house.site.instead["/simple/client/"] = (200, kind, body)
    with pytest.raises(AnswerInvalid) as caught:
        house.bump()
    assert "client" in str(caught.value)
    assert house.status() == ""


def test_tags_that_are_none_are_named(house: House) -> None:
    (house.site.folder / "maker/library/info/refs").write_text("", encoding="utf-8")
    with pytest.raises(AnswerInvalid, match="with no list of tags"):
        house.bump()
    assert house.status() == ""


def test_a_place_that_is_silent_is_in_the_way_and_does_not_stop_the_others(house: House) -> None:
    house.site.instead["/simple/client/"] = (503, "text/plain", b"later")
    house.library("1.3.0")
    done = house.bump()
    assert [each.choice.member.recipe for each in done.moved] == ["library"]
    (way,) = next(choice.ways for choice in done.choices if choice.member.recipe == "client")
    assert "HTTP 503" in way


def test_an_archive_that_is_not_what_the_index_states_is_refused(house: House) -> None:
    house.library("1.3.0")
    stated = house.client("1.3.0")
    (house.site.folder / "files/client-1.3.0.tar.gz").write_bytes(b"other")
    with pytest.raises(ChecksumMismatch, match="not the one that the index states") as caught:
        house.bump()
    assert stated in str(caught.value)
    assert house.status() == ""


@pytest.mark.parametrize("to", [None, "1.2.0"])
def test_an_archive_that_upstream_has_exchanged_is_told(house: House, to: str | None) -> None:
    page = house.site.folder / "simple/client/index.json"
    was = house.file("recipes/client/recipe.yaml").split("sum: ")[1][:64]
    page.write_text(page.read_text(encoding="utf-8").replace(was, "0" * 64), encoding="utf-8")
    if to:  # the index says nothing, and has other bytes
        page.write_text(page.read_text(encoding="utf-8").replace('"sha256"', '"md5"'), encoding="utf-8")
        (house.site.folder / "files/client-1.2.0.tar.gz").write_bytes(b"other")
    with pytest.raises(ChecksumMismatch, match="upstream has exchanged the archive of client 1") as caught:
        house.bump("client", to=to)
    assert was in str(caught.value)
    assert "exchanged" in str(house.look("client")["client"].ways) or to


def test_a_source_that_no_place_gives_is_told_with_each_answer(house: House) -> None:
    house.library("1.3.0")
    (house.site.folder / "maker/library/archive/refs/tags/v1.3.0.tar.gz").unlink()
    with pytest.raises(SourceUnreachable) as caught:
        house.bump()
    assert "v1.3.0.tar.gz: HTTP 404" in str(caught.value)
    assert any("HTTP 404" in way for way in house.look("library")["library"].ways)
    assert house.status() == ""


def test_a_version_that_its_maker_took_back_is_none(house: House) -> None:
    house.library("1.3.0")
    house.client("1.3.0", yanked="broken")
    assert house.look()["client"].target == "1.2.0"


def test_an_interrupt_in_the_middle_leaves_the_tree_as_it_was(house: House) -> None:
    house.library("1.3.0")
    house.client("1.3.0")
    begun = house.site.hangs["/files/client-1.3.0.tar.gz"] = threading.Event()
    environment = {
        **os.environ,
        "KAFKA_FORGE_ROOT": str(house.root),
        "KAFKA_FORGE_CACHE": str(house.cache.root),
        "PIP_INDEX_URL": house.site.index,
    }
    child = subprocess.Popen(
        [sys.executable, "-m", "kafka_forge.cli", "bump"], env=environment, stderr=subprocess.PIPE, text=True
    )
    assert begun.wait(60)
    child.send_signal(signal.SIGINT)
    _, told = child.communicate(timeout=60)
    assert child.returncode == 130, told
    assert "KF001" in told
    assert house.status() == ""
    assert [path.name for path in house.cache.work.iterdir()] == ["answers"]


def test_a_value_that_cannot_be_changed_in_place_is_refused() -> None:
    text = "context:\n  version: >-\n    1.0\npackage:\n  version: ${{ version }}\n"
    with pytest.raises(RecipeInvalid, match="cannot be changed here"):
        editing.changed(text, {editing.VERSION: "2.0"}, "recipe.yaml")
    with pytest.raises(RecipeInvalid, match=r"it has no source\.sha256"):
        editing.changed(text, {editing.SHA256: "0"}, "recipe.yaml")
    flow = "package: {name: 'a', version: '1.0'}  # both\n"
    assert editing.changed(flow, {editing.VERSION: "2.0.1"}, "x") == "package: {name: 'a', version: '2.0.1'}  # both\n"


@pytest.mark.parametrize(
    ("bound", "moved"),
    [("2.14.2", "2.14.3"), ("2.14.1", "2.14.2"), ("2.14.9", "2.14.9"), ("2.15.0", "2.15.0"), ("3.0.0", "3.0.0")],
)
def test_bounds_move_with_a_patch_release(bound: str, moved: str) -> None:
    assert versions.moved(bound, "2.14.2", "2.14.3") == moved
    assert versions.moved("1.x", "1.0.0", "2.0.0") == "1.x"
    assert versions.moved("1.5.0", "1.0.0", "2.0.0") == "2.5.0"
