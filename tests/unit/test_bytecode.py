"""Compiled files that are kept: they are what the interpreter loads, and only for the source that they were made of."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from kafka_forge.environments import bytecode
from kafka_forge.ground.paths import Cache
from kafka_forge.values.model import Artifact, Cell, Environment
from kafka_forge.values.runner import NATIVE

TAG = sys.implementation.cache_tag
SITE = f"lib/python{sys.version_info[0]}.{sys.version_info[1]}/site-packages"
CELL = Cell("one", "linux-64", None, "one", "1", "0", True)
SOURCES = {f"{SITE}/one/__init__.py": "WHICH = 'first'\n", f"{SITE}/one/faulty.py": "this is no Python\n"}


def prefix(folder: Path, sources: dict[str, str] = SOURCES) -> Environment:
    """Make a prefix with a package of sources, as an installation leaves it behind."""
    for name, text in sources.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
    records = [
        {"name": "python", "version": sys.version.split()[0], "sha256": "a" * 64, "files": []},
        {"name": "one", "version": "1", "sha256": "b" * 64, "noarch": "python", "files": list(sources)},
    ]
    (folder / "conda-meta").mkdir()
    for record in records:
        (folder / "conda-meta" / f"{record['name']}.json").write_text(json.dumps(record), encoding="utf-8")
    return Environment(Artifact(CELL, Path("none"), "0" * 64, 0), folder, Path(sys.executable), (), runner=NATIVE)


def says(folder: Path) -> str:
    program = f"import sys; sys.path.insert(0, {str(folder / SITE)!r}); import one; print(one.WHICH, one.__cached__)"
    return subprocess.check_output([sys.executable, "-I", "-B", "-W", "ignore", "-c", program], text=True)


def test_a_second_prefix_gets_what_the_first_one_compiled(tmp_path: Path) -> None:
    cache = Cache(tmp_path / "cache")
    names = ["first", "second"]
    for name in names:
        bytecode.provide(prefix(tmp_path / name), cache)
    inodes = {(tmp_path / name / SITE / "one" / "__pycache__" / f"__init__.{TAG}.pyc").stat().st_ino for name in names}
    assert len(inodes) == 1
    assert says(tmp_path / "second").split() == ["first", str(next((tmp_path / "second" / SITE).rglob("*.pyc")))]


def test_a_source_that_does_not_compile_is_left_to_who_imports_it(tmp_path: Path) -> None:
    bytecode.provide(prefix(tmp_path / "made"), Cache(tmp_path / "cache"))
    assert [path.name for path in tmp_path.rglob("made/**/*.pyc")] == [f"__init__.{TAG}.pyc"]


def test_another_source_is_not_taken_for_the_one_that_was_compiled(tmp_path: Path) -> None:
    cache = Cache(tmp_path / "cache")
    bytecode.provide(prefix(tmp_path / "first"), cache)
    made = prefix(tmp_path / "second", {**SOURCES, f"{SITE}/one/__init__.py": "WHICH = 'other'\n"})
    bytecode.provide(made, cache)
    assert says(tmp_path / "second").startswith("other")
