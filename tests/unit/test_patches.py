"""The patch queue on a small source of our own: opened, changed as a user does it with git, and saved."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from kafka_forge.errors import PatchDoesNotApply, QueueInvalid, RecipeInvalid, UnknownPatch, VerdictsNotGreen
from kafka_forge.patching import explaining, opening, saving, testing
from tests.told import Told

from .patch_queue import SOURCE, Queue, archive, copied, made, message, write_recipe

FIRST, SECOND, THIRD = (
    "patches/0001-begin-with-zero.patch",
    "patches/0002-name-the-end.patch",
    "patches/0003-name-the-middle.patch",
)


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return made(tmp_path_factory.mktemp("model")).room


@pytest.fixture
def queue(model: Path, tmp_path: Path) -> Queue:
    """A checkout with three patches, not opened yet."""
    return copied(model, tmp_path / "room")


def test_the_source_is_there_byte_for_byte_whatever_its_attributes_and_the_users_settings_say(queue: Queue) -> None:
    folder = queue.open()
    queue.git("checkout", "-q", "upstream")
    for name, data in SOURCE.items():
        assert (folder / name).read_bytes() == data, name
        assert queue.git("ls-files", "--", name).strip() == name
    assert (folder / "small" / "link.py").readlink() == Path("one.py")
    assert os.access(folder / "small" / "two.py", os.X_OK)
    assert queue.git("status", "--porcelain", "--ignored") == ""


def test_every_patch_is_a_commit_and_two_openings_are_the_same(queue: Queue, monkeypatch: pytest.MonkeyPatch) -> None:
    queue.open()
    subjects = queue.git("log", "--reverse", "--format=%s", "upstream..HEAD").splitlines()
    assert subjects == ["Begin with zero", "Name the end", "Name the middle"]
    assert queue.git("log", "-1", "--format=%B").strip() == message("Name the middle").strip()
    monkeypatch.setenv("GIT_AUTHOR_NAME", "somebody else")
    monkeypatch.setenv("GIT_DIR", "/nowhere")
    again = queue.open("again")
    assert queue.git("rev-parse", "HEAD", folder=again) == queue.git("rev-parse", "HEAD")


def test_what_did_not_change_is_not_written(queue: Queue) -> None:
    before = queue.files()
    times = {name: (queue.recipe / name).stat().st_mtime_ns for name in before}
    queue.open()
    saved = queue.save()
    assert (saved.total, saved.changed, saved.new, saved.gone, saved.renamed) == (3, (), (), (), {})
    assert queue.files() == before
    assert {name: (queue.recipe / name).stat().st_mtime_ns for name in before} == times


def test_a_change_of_one_commit_changes_that_file_alone(queue: Queue) -> None:
    before = queue.files()
    queue.open()
    queue.fixup("Name the end", "small/one.py", "40 = 'end'", "40 = 'the end'")
    saved = queue.save()
    assert (saved.changed, saved.new, saved.gone, saved.renamed) == ((SECOND,), (), (), {})
    assert saved.tests == ("tests/test_small.py::test_passes",)
    after = queue.files()
    assert {name for name in after if after[name] != before.get(name)} == {SECOND}
    assert b"+40 = 'the end'" in after[SECOND]
    assert after[SECOND].startswith(before[SECOND].partition(b"\n---\n")[0])


def test_a_patch_that_others_follow_in_the_same_file_moves_them(queue: Queue) -> None:
    queue.open()
    queue.fixup("Begin with zero", "small/one.py", "0 = 'line 0'\n", "-1 = 'line -1'\n0 = 'line 0'\n")
    saved = queue.save()
    assert (saved.changed, saved.adjusted) == ((FIRST,), (SECOND,))
    assert queue.git("rev-parse", "HEAD^{tree}", folder=queue.open("again")) == queue.git("rev-parse", "HEAD^{tree}")


def test_what_is_put_between_is_numbered_and_the_later_ones_keep_their_names(queue: Queue) -> None:
    before = queue.files()
    queue.open()
    queue.git("checkout", "-q", "--detach", queue.sha("Begin with zero"))
    queue.commit("Don't name 'the' tenth (KIP-10)", "small/two.py", "10 = 'line 10'\n", "")
    queue.git("rebase", "-q", "--onto", "HEAD", queue.sha("Begin with zero"), "series")
    saved = queue.save()
    new = "patches/0002-dont-name-the-tenth-kip-10.patch"
    moved = {SECOND: "patches/0003-name-the-end.patch", THIRD: "patches/0004-name-the-middle.patch"}
    assert (saved.total, saved.new, saved.renamed) == (4, (new,), moved)
    assert (saved.changed, saved.adjusted) == ((), (THIRD.replace("0003", "0004"),)), "its line numbers are others"
    assert queue.listed() == "".join(f"    - {name}\n" for name in (FIRST, new, *moved.values()))
    assert queue.files()[moved[SECOND]] == before[SECOND]
    assert SECOND not in queue.files()


def test_what_is_dropped_or_reworded_is_gone(queue: Queue) -> None:
    queue.open()
    queue.git("commit", "-q", "--amend", "-m", message("Name the middle, too"))
    saved = queue.save()
    assert (saved.new, saved.gone) == (("patches/0003-name-the-middle-too.patch",), (THIRD,))
    queue.git("reset", "-q", "--hard", "upstream")
    saved = queue.save()
    assert (saved.total, len(saved.gone)) == (0, 3)
    assert queue.files().keys() == {"recipe.yaml"}
    assert "patches" not in (queue.recipe / "recipe.yaml").read_text(encoding="utf-8")


def test_a_reworded_body_keeps_the_name_and_changes_the_head_alone(queue: Queue) -> None:
    before = queue.files()[THIRD]
    queue.open()
    queue.git("commit", "-q", "--amend", "-m", message("Name the middle", since="Kafka 4.0 (KIP-896)"))
    assert queue.save().changed == (THIRD,)
    after = queue.files()[THIRD]
    assert after == before.replace(b"Test: ", b"Since: Kafka 4.0 (KIP-896)\nTest: ")


def test_patches_of_another_hand_are_left_as_they_are(queue: Queue) -> None:
    """No mail above, other context, no index lines, a name without a number: the change is the same."""
    queue.open()
    first = queue.sha("Begin with zero")
    bare = queue.git("diff", "-U1", "--src-prefix=a/", "--dst-prefix=b/", "upstream", first)
    bare = "".join(line for line in bare.splitlines(keepends=True) if not line.startswith("index "))
    shutil.rmtree(queue.folder)
    (queue.recipe / FIRST).rename(queue.recipe / "patches" / "zero.diff")
    (queue.recipe / "patches" / "zero.diff").write_text(bare, encoding="utf-8")
    recipe = queue.recipe / "recipe.yaml"
    recipe.write_text(recipe.read_text(encoding="utf-8").replace(FIRST, "patches/zero.diff"), encoding="utf-8")
    before = queue.files()
    queue.open()
    assert queue.git("log", "--format=%s").splitlines()[2] == "zero"
    assert queue.save().total == 3
    assert queue.files() == before
    queue.fixup("zero", "small/one.py", "0 = 'line 0'", "0 = 'nought'")
    saved = queue.save()
    assert (saved.changed, saved.adjusted) == (("patches/zero.diff",), (SECOND,))
    assert queue.files()["patches/zero.diff"].startswith(b"diff --git ")


def test_bytes_that_are_no_text_and_line_ends_of_dos_survive(queue: Queue) -> None:
    queue.open()
    path = queue.folder / "small" / "dos.txt"
    path.write_bytes(path.read_bytes().replace(b"second\r\n", b"2\r\n"))
    (queue.folder / "small" / "latin.txt").write_bytes(b"gr\xfc\xdfe")
    queue.git("commit", "-qam", message("Grüße"))
    queue.save()
    shutil.rmtree(queue.folder)
    assert queue.git("log", "-1", "--format=%s", folder=queue.open()).strip() == "Grüße"
    assert path.read_bytes() == b"first\r\n2\r\nthird\r\n"
    assert (queue.folder / "small" / "latin.txt").read_bytes() == b"gr\xfc\xdfe"
    assert queue.save().changed == ()


def test_a_recipe_without_patches_gets_its_first(tmp_path: Path) -> None:
    queue = made(tmp_path, patched=False)
    queue.open()
    queue.edit("small/one.py", "3 = 'line 3'", "3 = 'three'")
    queue.git("commit", "-qam", "Name the third")
    assert queue.save().new == ("patches/0001-name-the-third.patch",)
    assert queue.listed() == "    - patches/0001-name-the-third.patch\n"


def _uncommitted(queue: Queue) -> None:
    queue.edit("small/one.py", "3 = 'line 3'", "3 = 'three'")


def _untracked(queue: Queue) -> None:
    (queue.folder / "small" / "new.txt").write_text("new", encoding="utf-8")


def _left_over(queue: Queue) -> None:
    _uncommitted(queue)
    queue.git("commit", "-qa", "--fixup=HEAD")


def _merged(queue: Queue) -> None:
    queue.git("checkout", "-q", "-b", "side", "HEAD~1")
    queue.commit("Aside", "small/one.py", "3 = 'line 3'", "3 = 'three'")
    queue.git("merge", "-q", "--no-edit", "series")


def _twice(queue: Queue) -> None:
    queue.commit("Begin with zero", "small/one.py", "3 = 'line 3'", "3 = 'three'")


def _empty(queue: Queue) -> None:
    queue.git("commit", "-q", "--allow-empty", "-m", message("Nothing"))


def _headless(queue: Queue) -> None:
    _uncommitted(queue)
    queue.git("commit", "-qam", "Name the third\n\nIt was wrong.\n\nTest: tests/test_small.py::test_passes")


def _cut_short(queue: Queue) -> None:
    _uncommitted(queue)
    queue.git("commit", "-qam", message("Name the third").replace("It was", "---\nIt was"))


def _rebasing(queue: Queue) -> None:
    queue.git("-c", "sequence.editor=sed -i s/^pick/edit/", "rebase", "-q", "-i", "upstream")


def _elsewhere(queue: Queue) -> None:
    write_recipe(queue, archive(queue.room / "small-2.0.tar.gz", {"a.py": b""}, "small-2.0"), "")


@pytest.mark.parametrize(
    ("spoil", "told"),
    [
        (_uncommitted, "not everything is committed"),
        (_untracked, "not everything is committed"),
        (_left_over, "autosquash"),
        (_merged, "a merge is no patch"),
        (_twice, "two commits have the same subject"),
        (_empty, "changes nothing: 'Nothing'"),
        (_headless, "Name the third: no line `Answers: …`"),
        (_cut_short, "would end too early"),
        (_rebasing, "a rebase is under way"),
        (_elsewhere, "the commits stand on small 1.0"),
    ],
)
def test_what_is_no_series_is_refused_and_nothing_is_written(queue: Queue, spoil: object, told: str) -> None:
    queue.open()
    assert callable(spoil)
    spoil(queue)
    before = queue.files()
    with pytest.raises(QueueInvalid, match="KF131") as refused:
        queue.save()
    assert told in str(refused.value)
    assert queue.files() == before
    assert not list(queue.recipe.glob(".*"))


def test_a_folder_that_is_no_repository_or_another_recipes_is_refused(queue: Queue) -> None:
    with pytest.raises(QueueInvalid, match="no git repository of patches"):
        queue.save()
    inside = queue.open() / "small"
    with pytest.raises(QueueInvalid, match="no git repository of patches"):
        saving.save(None, inside, queue.root, queue.cache, Told())
    with pytest.raises(QueueInvalid, match="opened for small, not for other"):
        saving.save("other", queue.folder, queue.root, queue.cache, Told())
    with pytest.raises(QueueInvalid, match="not empty"):
        queue.open()


def test_a_repository_of_other_means_is_known_by_its_files(queue: Queue) -> None:
    queue.open()
    queue.git("config", "--unset", "kafka-forge.recipe")
    with pytest.raises(QueueInvalid, match="does not know its recipe"):
        queue.save()
    tree = queue.git("rev-parse", "upstream^{tree}").strip()
    root = queue.git("commit-tree", tree, "-m", "some source").strip()
    queue.git("rebase", "-q", "--onto", root, "upstream")
    assert saving.save("small", queue.folder, queue.root, queue.cache, Told()).changed == ()
    queue.git("checkout", "-q", "--orphan", "other")
    queue.git("commit", "-qm", "other files")
    with pytest.raises(QueueInvalid, match="stand on other files"):
        saving.save("small", queue.folder, queue.root, queue.cache, Told())


def test_either_all_files_are_exchanged_or_none(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"old a")
    (tmp_path / "b").write_bytes(b"old b")
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(OSError, match="file"):
        saving.exchange(tmp_path, {"a": b"new a", "b": None, "c": b"new c", "file/d": b"has no folder"})
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == {"a": b"old a", "b": b"old b", "file": b""}
    saving.exchange(tmp_path, {"a": b"new a", "b": None, "c": b"new c"})
    assert {path.name for path in tmp_path.iterdir()} == {"a", "c", "file"}


def test_a_patch_that_does_not_apply_is_named_with_its_hunk_and_leaves_nothing(queue: Queue) -> None:
    path = queue.recipe / SECOND
    path.write_bytes(path.read_bytes().replace(b"-40 = 'line 40'", b"-40 = 'line forty'"))
    with pytest.raises(PatchDoesNotApply, match="KF130") as refused:
        queue.open()
    assert SECOND in str(refused.value)
    assert "small/one.py: @@ -38,4 +38,4 @@" in refused.value.details[0]
    assert not queue.folder.exists()
    assert not list(queue.room.glob(".queue*"))


def test_a_patch_that_says_a_wrong_place_is_corrected(queue: Queue) -> None:
    path = queue.recipe / THIRD
    before = path.read_bytes()
    path.write_bytes(before.replace(b"@@ -17,7 +17,7 @@", b"@@ -7,7 +7,7 @@"))
    assert path.read_bytes() != before
    listener = Told()
    opening.open_("small", queue.folder, queue.root, queue.cache, listener)
    assert "saving will correct" in listener.lines[0]
    assert queue.save().adjusted == (THIRD,)
    assert path.read_bytes() == before


@pytest.mark.parametrize("wrong", ["    - patches/none.patch\n", f"    - {FIRST}\n    - {FIRST}\n"])
def test_a_list_that_names_what_is_not_there_is_refused(queue: Queue, wrong: str) -> None:
    write_recipe(queue, queue.room / "small-1.0.tar.gz", f"  patches:\n{wrong}")
    with pytest.raises(RecipeInvalid, match="recipe lists"):
        queue.open()


def test_a_patch_is_explained(queue: Queue) -> None:
    found = explaining.one_of(queue.root, "small", 3)
    assert found.message.subject == "Name the middle"
    assert found.message.answers == "a/b#1,\n#2"
    files = [(each.file, each.kind, each.added, each.removed) for each in found.files]
    assert files == [("small/three.py", "new", 1, 0), ("small/two.py", "changed", 1, 1)]
    with pytest.raises(UnknownPatch, match="1 to 3"):
        explaining.one_of(queue.root, "small", 4)


def test_the_tests_that_patches_name_are_run(queue: Queue) -> None:
    testing.run(queue.root, ["tests/test_small.py::test_passes"])
    with pytest.raises(VerdictsNotGreen, match="status 1"):
        testing.run(queue.root, ["tests/test_small.py::test_passes", "tests/test_small.py::test_fails"])
    with pytest.raises(VerdictsNotGreen, match="status 4"):
        testing.run(queue.root, ["tests/test_small.py::test_that_is_not_there"])


def test_a_patch_as_written_is_what_git_am_takes(queue: Queue) -> None:
    queue.open()
    tree = queue.git("rev-parse", "HEAD^{tree}")
    queue.git("checkout", "-q", "upstream")
    patches = [str(queue.recipe / name) for name in (FIRST, SECOND, THIRD)]
    subprocess.run(
        ["git", "-c", "user.name=n", "-c", "user.email=e", "am", "--keep-cr", "-q", *patches],
        cwd=queue.folder,
        check=True,
        capture_output=True,
    )
    assert queue.git("rev-parse", "HEAD^{tree}") == tree
