"""What is told of two packages that are not the same file."""

from __future__ import annotations

import io
import os
import subprocess
import sys
import tarfile
import threading
import zipfile
from typing import TYPE_CHECKING

import pytest

from kafka_forge.bases.cachekey import base_key
from kafka_forge.engine import finishing
from kafka_forge.ground import side_by_side
from kafka_forge.ground.paths import project_root
from kafka_forge.reproducing import conditions
from kafka_forge.reproducing.differences import differences

if TYPE_CHECKING:
    from concurrent.futures import Future
    from pathlib import Path

FILES = {"share/a": b"0123456789", "share/list": b"one two three"}


def tar(files: dict[str, bytes], time: int = 0) -> bytes:
    written = io.BytesIO()
    with tarfile.open(fileobj=written, mode="w") as made:
        for name, content in files.items():
            member = tarfile.TarInfo(name)
            member.size, member.mtime = len(content), time
            made.addfile(member, io.BytesIO(content))
    return finishing._compress(written.getvalue())


def package(target: Path, files: dict[str, bytes], time: int = 0) -> Path:
    with zipfile.ZipFile(target, "w") as made:
        made.writestr("metadata.json", '{"conda_pkg_format_version": 2}')
        made.writestr("pkg-told-1-0.tar.zst", tar(files, time))
        made.writestr("info-told-1-0.tar.zst", tar({"info/index.json": b"{}"}))
    return target


def test_the_same_file_differs_in_nothing(tmp_path: Path) -> None:
    made = package(tmp_path / "a.conda", FILES)
    assert differences(made, made) == ()


@pytest.mark.parametrize(
    ("changes", "file", "offset", "count", "why"),
    [
        ({"share/a": b"01234x6789"}, "share/a", 5, 1, "not told by the bytes around it"),
        ({"share/list": b"three two one"}, "share/list", 0, 12, "the same words in another order"),
        ({"share/more": b""}, "share/more", None, None, "only the second build has it"),
    ],
)
def test_a_file_that_differs_is_told_with_its_place(
    tmp_path: Path, changes: dict[str, bytes], file: str, offset: int | None, count: int | None, why: str
) -> None:
    a, b = package(tmp_path / "a.conda", FILES), package(tmp_path / "b.conda", {**FILES, **changes})
    found = {each.file: each for each in differences(a, b)}
    assert (found[file].offset, found[file].count, found[file].why) == (offset, count, why)


def test_times_and_paths_of_a_build_are_known_by_their_look(tmp_path: Path) -> None:
    of = {"share/when": b"built 1796044147\n", "share/where": b"in /home/me/work/build\n"}
    other = {"share/when": b"built 1796044176\n", "share/where": b"in /srv/other/work/build\n"}
    a, b = package(tmp_path / "a.conda", of), package(tmp_path / "b.conda", other)
    assert {each.file: each.why for each in differences(a, b)} == {
        "share/when": "a time of the build",
        "share/where": "a path of the build",
    }


def test_what_an_archive_says_of_a_member_counts_and_so_does_the_order(tmp_path: Path) -> None:
    a = package(tmp_path / "a.conda", FILES)
    later = differences(a, package(tmp_path / "b.conda", FILES, time=7))
    assert [each.file for each in later] == ["share/a (time and mode)", "share/list (time and mode)"]
    (order,) = differences(a, package(tmp_path / "c.conda", dict(reversed(FILES.items()))))
    assert (order.file, order.why) == ("the archive itself", "the members are in another order")


def test_the_second_build_has_what_is_chosen_otherwise_and_nothing_else(tmp_path: Path) -> None:
    root, cache = tmp_path / "root", tmp_path / "cache"
    alone = conditions.arrange({"umask"}, tmp_path / "one", root, cache)
    assert (alone.umask, alone.cores, alone.root) == (0o077, None, root)
    assert "compiler" in {each.name for each in (tmp_path / "one").rglob("cache/*")}
    every = conditions.arrange(conditions.CONDITIONS, tmp_path / "all", root, cache)
    assert (every.cores, every.environment["LC_ALL"], every.environment["USER"]) == (1, "C", "somebody")
    assert every.root != root
    assert "compiler" not in {each.name for each in (tmp_path / "all").rglob("cache/*")}
    assert (every.host, alone.host) == (True, False)


@pytest.mark.skipif(sys.platform != "linux", reason="processors are given to threads on Linux alone")
def test_the_second_build_stands_on_the_first_ones_base(tmp_path: Path) -> None:
    """Its own would be made anew as far as the one that was used last did not serve this platform."""
    otherwise = conditions.arrange({"path"}, tmp_path, project_root(), tmp_path / "cache")
    assert otherwise.root != project_root()
    assert base_key(otherwise.root) == base_key(project_root())


def test_each_build_has_one_processor_and_all_of_them_have_work() -> None:
    count = [sys.executable, "-c", "import os; print(*os.sched_getaffinity(0))"]
    seen: list[str] = []
    both = threading.Barrier(2, timeout=60)

    def make(name: str) -> str:
        both.wait()  # so that each thread has one
        seen.append(subprocess.run(count, capture_output=True, text=True, check=True).stdout.strip())
        return name

    def take(name: str, future: Future[str]) -> None:
        assert future.result() == name

    waiting = {"one": "one", "two": "two"}
    side_by_side.run(waiting, lambda _: [*waiting], make, take, 2, conditions.deal(1))
    processors = {str(each) for each in os.sched_getaffinity(0)}
    assert len(processors) == len(os.sched_getaffinity(0)), "this thread's are as they were"
    assert len({*seen}) == min(2, len(processors))
    assert {*seen} <= processors
    assert conditions.deal(None) is None


def test_a_work_folder_on_another_file_system_is_reached_by_the_second_builds_cache(tmp_path: Path) -> None:
    memory = tmp_path / "memory"
    memory.mkdir()
    conditions.arrange({"file-order"}, tmp_path / "one", tmp_path / "root", tmp_path / "cache", conditions.With(memory))
    (work,) = (tmp_path / "one").rglob("cache/work")
    assert work.resolve() == memory
