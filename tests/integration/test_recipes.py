"""pykafka's patches on the real source archive."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.integration


@pytest.fixture
def source_copy(pykafka_source: Path, tmp_path: Path) -> Path:
    """The patched source to build from: setuptools writes its ``egg-info`` anew wherever it builds."""
    return shutil.copytree(pykafka_source, tmp_path / "source")


def test_nothing_asks_for_what_setuptools_and_python_took_out(pykafka_source: Path) -> None:
    gone = ("pkg_resources", "distutils", "setuptools.command.test")
    files = [pykafka_source / "setup.py", *(pykafka_source / "pykafka").rglob("*.py")]
    assert [path.name for path in files if any(word in path.read_text(encoding="utf-8") for word in gone)] == []


@pytest.mark.parametrize(("wanted", "status"), [("system", 1), (None, 1), ("none", 0)])
def test_a_failed_extension_fails_the_build_unless_it_is_declined(
    source_copy: Path, tmp_path: Path, wanted: str | None, status: int
) -> None:
    env = {key: value for key, value in os.environ.items() if key != "RDKAFKA_INSTALL"} | {"CC": "false"}
    if wanted:
        env["RDKAFKA_INSTALL"] = wanted
    done = subprocess.run(
        [sys.executable, "setup.py", "build", "--build-base", str(tmp_path / "build")],
        cwd=source_copy,
        env=env,
        capture_output=True,
        text=True,
        check=False,
    )
    assert bool(done.returncode) == bool(status), done.stderr


def test_the_metadata_takes_newer_dependencies(source_copy: Path, tmp_path: Path) -> None:
    """`pip check` in an environment of today: kazoo was pinned to one release of 2018."""
    command = [sys.executable, "setup.py", "-q", "egg_info", "--egg-base", str(tmp_path)]
    subprocess.run(command, cwd=source_copy, check=True, capture_output=True)
    text = (tmp_path / "pykafka.egg-info" / "requires.txt").read_text(encoding="utf-8")
    required = text.partition("\n[")[0].split()
    assert required == ["packaging", "six>=1.5", "kazoo>=2.5.0", "tabulate"]
