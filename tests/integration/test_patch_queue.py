"""The patch queue on pykafka's own patches, by the command as a maintainer calls it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

from kafka_forge.ground.files import Store
from kafka_forge.ground.paths import Cache, project_root
from kafka_forge.ground.progress import Silent
from kafka_forge.patching import opening, source
from kafka_forge.patching.headers import read_headers

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

pytestmark = pytest.mark.integration

SUBJECT = "Make locks without the argument that Python 3.15 refuses"
TEST = "tests/integration/test_pykafka_wire.py::test_making_a_lock_warns_of_nothing"
FILE = "pykafka/handlers.py"
MENDED = "    RLock = staticmethod(threading.RLock)\n"


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A copy of this checkout, as far as patches and their tests need it."""
    root = project_root()
    for name in ("recipes", "bootstrap", "tests"):
        shutil.copytree(root / name, tmp_path / "checkout" / name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(root / "pyproject.toml", tmp_path / "checkout")
    return tmp_path / "checkout"


def patches(checkout: Path, *arguments: str | Path, status: int = 0) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "kafka_forge.cli", "patches", *map(str, arguments)]
    environment = {**os.environ, "KAFKA_FORGE_ROOT": str(checkout)}
    done = subprocess.run(command, cwd=checkout, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == status, done.stdout + done.stderr
    return done


def fixup(folder: Path, old: str, new: str) -> None:
    """Change the patch as a maintainer does."""
    file = folder / FILE
    assert old in file.read_text(encoding="utf-8")
    file.write_text(file.read_text(encoding="utf-8").replace(old, new), encoding="utf-8")
    environment = {**os.environ, "GIT_SEQUENCE_EDITOR": ":"}
    commit = ["git", "commit", "-qa", f"--fixup=:/^{SUBJECT}"]
    for command in (commit, ["git", "rebase", "-q", "-i", "--autosquash", "upstream"]):
        subprocess.run(command, cwd=folder, env=environment, check=True, capture_output=True)


def files(checkout: Path) -> dict[str, bytes]:
    folder = checkout / "recipes" / "pykafka"
    found = [path for path in folder.rglob("*") if path.is_file()]
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in found}


def test_a_patch_is_changed_through_the_queue_and_its_tests_are_run(checkout: Path, tmp_path: Path) -> None:
    queue = tmp_path / "queue"
    patches(checkout, "open", "pykafka", queue)
    patches(checkout, "save", queue, "--no-tests")
    before = files(checkout)
    fixup(queue, MENDED, f"    # of whatever kind\n{MENDED}")
    done = patches(checkout, "save", queue, "--json")
    assert "1 passed" in done.stderr
    saved: dict[str, Any] = json.loads(done.stdout)
    (name,) = saved["changed"]
    assert saved["tests"] == [TEST]
    assert (saved["new"], saved["gone"], saved["renamed"]) == ([], [], {})
    after = files(checkout)
    assert {each for each in after if after[each] != before.get(each)} == {name, *saved["adjusted"]}
    assert f"\nSubject: [PATCH] {SUBJECT}\n".encode() in after[name]
    assert b"+    # of whatever kind\n" in after[name]
    # what comes later in the same file names that file's new blobs and lines, and does the same
    assert all(f"diff --git a/{FILE} ".encode() in after[each] for each in saved["adjusted"])
    assert _marked(after, saved["adjusted"]) == _marked(before, saved["adjusted"])

    fixup(queue, MENDED, "    def RLock(self):\n        return threading.RLock()\n")
    failed = patches(checkout, "save", queue, status=2)
    assert "KF002" in failed.stderr
    assert f"FAILED {TEST}" in failed.stderr


def _marked(found: dict[str, bytes], names: Sequence[str]) -> list[list[bytes]]:
    """The lines that patches add and take away."""
    return [[line for line in found[name].splitlines() if line[:1] in (b"+", b"-")] for name in names]


def test_the_series_is_the_tree_that_the_tests_import(checkout: Path, tmp_path: Path, pykafka_source: Path) -> None:
    queue = tmp_path / "queue"
    patches(checkout, "open", "pykafka", queue)
    tracked = subprocess.run(["git", "ls-files"], cwd=queue, check=True, capture_output=True, text=True)
    for name in tracked.stdout.splitlines():
        assert (queue / name).read_bytes() == (pykafka_source / name).read_bytes(), name
    subjects = subprocess.run(
        ["git", "log", "--reverse", "--format=%s", "upstream..HEAD"],
        cwd=queue,
        check=True,
        capture_output=True,
        text=True,
    )
    headers = read_headers(checkout / "recipes" / "pykafka" / "patches")
    assert subjects.stdout.splitlines() == [header.message.subject for header in headers]


def test_on_another_version_the_first_conflict_is_named(checkout: Path, tmp_path: Path) -> None:
    """pykafka 2.7.0 has all of its protocol in one file, so the first patch does not fit."""
    queue = tmp_path / "queue"
    stopped = patches(checkout, "rebase", "pykafka", queue, "--onto", "2.7.0", status=12)
    assert "KF132: patches/0001-parse-versions-with-packaging.patch conflicts with pykafka 2.7.0" in stopped.stderr
    assert "pykafka/protocol/message.py is not there any more" in stopped.stderr
    subprocess.run(["git", "rebase", "--abort"], cwd=queue, check=True, capture_output=True)
    # the source as it is now in a folder of the user's: nothing conflicts
    folder = tmp_path / "fork"
    folder.mkdir()
    tree = source.of_recipe("pykafka", checkout, Store(Cache.default().store), Silent())
    source.unpack(tree, folder)
    (folder / "NEWS").write_text("new\n", encoding="utf-8")
    done = patches(checkout, "rebase", queue, "--onto", folder)
    assert f"{len(opening.load(checkout, 'pykafka'))} patches on pykafka: a folder of today" in done.stdout
    assert (queue / "NEWS").is_file()
