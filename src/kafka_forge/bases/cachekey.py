"""A name for the cache of a CI: it changes when what the cache holds would be made anew."""

from __future__ import annotations

import hashlib
from importlib.metadata import version
from typing import TYPE_CHECKING

from kafka_forge.ground.files import sha256_of

if TYPE_CHECKING:
    from pathlib import Path

_TOOLS = ("py-rattler-build", "ziglang")
_PARTS = ("bootstrap", "src/kafka_forge/bases", "src/kafka_forge/brokers/locks", "recipes/variants.yaml")
"""The locks of the base channel and of the brokers, what makes the base out of them, and the Pythons it is made for."""


def cache_key(root: Path, platform: str) -> str:
    """Return a name such as ``linux-64-0123456789abcdef`` for what a base channel and its brokers are made from.

    It says nothing of the cache's content: whatever stands in the cache is checked by its own keys and sums, so a
    cache that was saved under another name does no harm.

    Args:
        root: the checkout.
        platform: the conda subdir that the base is for.
    """
    digest = hashlib.sha256(f"{platform}\0".encode())
    for tool in _TOOLS:
        digest.update(f"{tool} {version(tool)}\0".encode())
    for part in _PARTS:
        top = root / part
        files = [top] if top.is_file() else sorted(path for path in top.rglob("*") if path.is_file())
        for file in files:
            if file.suffix not in {".pyc", ".md"}:
                digest.update(f"{file.relative_to(root).as_posix()}\0{sha256_of(file)}\0".encode())
    return f"{platform}-{digest.hexdigest()[:16]}"
