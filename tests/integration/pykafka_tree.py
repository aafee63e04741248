"""pykafka as the recipe makes it, for tests that import it: the source archive with the recipe's patches."""

from __future__ import annotations

import contextlib
import importlib
import subprocess
import sys
import tarfile
from typing import TYPE_CHECKING, Any

from ruamel.yaml import YAML

from kafka_forge.ground.files import Store, sha256_of
from kafka_forge.ground.paths import Cache, project_root
from kafka_forge.ground.progress import Silent
from kafka_forge.sources import Source, load_hints, obtain

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


def unpatched(room: Path) -> Path:
    """Unpack pykafka's source archive in a folder, and return the tree.

    The archive comes from the cache's store, and into it from the Python index if it is not there.
    """
    folder, source = _recipe()
    hints = load_hints(folder / "sources.yaml")[source["sha256"]]
    archive = obtain(Source("pykafka", source["sha256"], (), hints), Store(Cache.default().store), Silent())
    with tarfile.open(archive) as tar:
        tar.extractall(room, filter="data") if hasattr(tarfile, "data_filter") else tar.extractall(room)
    (tree,) = room.glob("pykafka-*")
    return tree


def patched(room: Path) -> Path:
    """As `unpatched`, with the recipe's patches applied, with no offset."""
    tree = unpatched(room)
    folder, source = _recipe()
    for patch in source["patches"]:
        command = ["git", "apply", "--verbose", str(folder / patch)]
        done = subprocess.run(command, cwd=tree, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        assert "(offset" not in done.stderr, done.stderr
    return tree


def contents(tree: Path) -> dict[str, str]:
    """Return each file of a tree, but for what Python caches of its modules, and its digest (SHA-256, hexadecimal)."""
    files = [path for path in tree.rglob("*") if path.is_file() and path.parent.name != "__pycache__"]
    return {path.relative_to(tree).as_posix(): sha256_of(path) for path in files}


def _recipe() -> tuple[Path, Any]:
    folder = project_root() / "recipes" / "pykafka"
    return folder, YAML(typ="safe").load((folder / "recipe.yaml").read_text(encoding="utf-8"))["source"]


@contextlib.contextmanager
def imported(tree: Path) -> Iterator[Any]:
    """Import pykafka from a tree, and forget it at the end."""
    sys.path.insert(0, str(tree))
    try:
        yield importlib.import_module("pykafka")
    finally:
        sys.path.remove(str(tree))
        for name in [name for name in sys.modules if name.partition(".")[0] == "pykafka"]:
            del sys.modules[name]
