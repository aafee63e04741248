"""The patch queue on other versions of a small source: where it fits, where it does not, and how one goes on."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from kafka_forge.errors import PatchConflicts, QueueInvalid
from kafka_forge.ground.files import sha256_of

from .patch_queue import LINES, SOURCE, Queue, archive, copied, made, write_recipe

if TYPE_CHECKING:
    from pathlib import Path

NAMES = ("begin-with-zero", "name-the-end", "name-the-middle")
LIST = "  patches:\n" + "".join(f"    - patches/{number:04}-{name}.patch\n" for number, name in enumerate(NAMES, 1))


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return made(tmp_path_factory.mktemp("model")).room


@pytest.fixture
def queue(model: Path, tmp_path: Path) -> Queue:
    """A checkout with three patches, not opened yet."""
    return copied(model, tmp_path / "room")


def newer(queue: Queue, changes: dict[str, bytes | None], *, name: str = "small-2.0") -> Path:
    """Write an archive of a later version of the source."""
    files = {key: data for key, data in {**SOURCE, **changes}.items() if data is not None}
    return archive(queue.room / f"{name}.tar.gz", files, name)


def test_a_series_that_fits_stands_on_the_new_source_and_is_saved_once_the_recipe_names_it(queue: Queue) -> None:
    source = newer(queue, {"small/two.py": b"0 = 'new'\n" * 9 + LINES.encode()})
    done = queue.rebase(source)
    assert (done.title, done.sha256, done.total, done.dropped) == ("small: small-2.0.tar.gz", sha256_of(source), 3, ())
    assert queue.git("log", "-1", "--format=%s", "upstream").strip() == "small: small-2.0.tar.gz"
    before = queue.files()
    with pytest.raises(QueueInvalid, match="put version and sha256 of that source"):
        queue.save()
    assert queue.files() == before
    write_recipe(queue, source, LIST)
    saved = queue.save()
    assert (saved.total, saved.changed, saved.adjusted) == (3, (), ("patches/0003-name-the-middle.patch",))
    assert queue.git("rev-parse", "HEAD^{tree}") == queue.git("rev-parse", "HEAD^{tree}", folder=queue.open("again"))


def test_a_version_is_looked_for_where_the_recipes_source_is(queue: Queue) -> None:
    source = newer(queue, {"small/two.py": b"0 = 'new'\n" + LINES.encode()})
    done = queue.rebase("2.0")
    assert (done.title, done.sha256) == ("small 2.0", sha256_of(source))
    with pytest.raises(QueueInvalid, match="neither a folder, nor an archive, nor a version") as refused:
        queue.rebase("3.0")
    assert any("small-3.0.tar.gz" in line for line in refused.value.details)
    assert queue.rebase("1.0").title == "small 1.0"
    assert queue.save().changed == ()


def test_a_conflict_is_named_with_patch_file_hunk_and_todays_file_and_is_gone_on_from(queue: Queue) -> None:
    today = LINES.replace("40 = 'line 40'", "40 = 'fortieth'").encode()
    source = newer(queue, {"small/one.py": today})
    with pytest.raises(PatchConflicts, match="KF132") as stopped:
        queue.rebase(source)
    assert "patches/0002-name-the-end.patch conflicts with small: small-2.0.tar.gz" in str(stopped.value)
    assert stopped.value.details[0].startswith("small/one.py: @@ -38,4 +38,4 @@")
    beside = queue.folder / "small" / "one.py.today"
    assert stopped.value.details[1] == f"  today's file: {beside}"
    assert beside.read_bytes() == b"0 = 'line 0'\n" + today
    with pytest.raises(PatchConflicts):
        queue.rebase(source)
    with pytest.raises(QueueInvalid, match="a rebase is under way"):
        queue.save()
    file = queue.folder / "small" / "one.py"
    file.write_bytes(beside.read_bytes().replace(b"'fortieth'", b"'end'"))
    queue.git("add", "small/one.py")
    done = queue.rebase(source)
    assert (done.total, done.dropped) == (3, ())
    assert not beside.exists()
    write_recipe(queue, source, LIST)
    assert queue.save().changed == ("patches/0002-name-the-end.patch",)


def test_git_itself_may_go_on_and_saving_finds_the_new_source(queue: Queue) -> None:
    source = newer(queue, {"small/one.py": LINES.replace("40 = 'line 40'", "40 = 'fortieth'").encode()})
    with pytest.raises(PatchConflicts):
        queue.rebase(source)
    file = queue.folder / "small" / "one.py"
    file.write_bytes((queue.folder / "small" / "one.py.today").read_bytes().replace(b"'fortieth'", b"'end'"))
    queue.git("add", "small/one.py")
    queue.git("rebase", "--continue")
    write_recipe(queue, source, LIST)
    assert queue.save().changed == ("patches/0002-name-the-end.patch",)
    assert queue.git("log", "-1", "--format=%s", "upstream").strip() == "small: small-2.0.tar.gz"


def test_what_is_given_up_is_as_it_was(queue: Queue) -> None:
    queue.open()
    head = queue.git("rev-parse", "HEAD")
    with pytest.raises(PatchConflicts):
        queue.rebase(newer(queue, {"small/one.py": LINES.replace("40 = 'line 40'", "40 = 'fortieth'").encode()}))
    queue.git("rebase", "--abort")
    assert queue.git("rev-parse", "HEAD") == head
    assert queue.save().changed == ()


def test_a_file_that_is_gone_is_said_to_be(queue: Queue) -> None:
    with pytest.raises(PatchConflicts) as stopped:
        queue.rebase(newer(queue, {"small/two.py": None}))
    assert stopped.value.details[0].startswith("small/two.py: @@ -17,7 +17,7 @@")
    assert stopped.value.details[1] == "  small/two.py is not there any more"


def test_a_patch_that_the_version_has_already_is_dropped_and_said(queue: Queue) -> None:
    done = queue.rebase(newer(queue, {"small/one.py": LINES.replace("40 = 'line 40'", "40 = 'end'").encode()}))
    assert (done.total, done.dropped) == (2, ("Name the end",))


def test_a_folder_is_a_source_too_but_nothing_that_can_be_saved(queue: Queue) -> None:
    folder = queue.open("fork")
    queue.git("checkout", "-q", "upstream", folder=folder)
    (folder / "small" / "two.py").write_text("0 = 'new'\n" + LINES, encoding="utf-8")
    done = queue.rebase(folder)
    assert (done.sha256, done.total) == (None, 3)
    assert (queue.folder / "small" / "two.py").read_text(encoding="utf-8").startswith("0 = 'new'\n1 = 'line 1'")
    with pytest.raises(QueueInvalid, match="that of no archive"):
        queue.save()


def test_what_is_not_committed_is_not_rebased(queue: Queue) -> None:
    queue.open()
    queue.edit("small/one.py", "3 = 'line 3'", "3 = 'three'")
    with pytest.raises(QueueInvalid, match="not everything is committed"):
        queue.rebase(newer(queue, {}))
