"""A name for the cache of a CI: it changes when what the cache holds would be made anew."""

from __future__ import annotations

import functools
import hashlib
from importlib.metadata import version
from typing import TYPE_CHECKING

from kafka_forge.ground.files import sha256_of

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

_TOOLS = ("py-rattler-build", "ziglang")
_BASE = ("bootstrap", "src/kafka_forge/bases", "recipes/variants.yaml")
"""The locks of the base channel, what makes it out of them, and the Pythons it is made for."""
_BROKERS = ("src/kafka_forge/brokers/locks",)


def cache_key(root: Path, platform: str) -> str:
    """Return a name such as ``linux-64-0123456789abcdef`` for what a base channel and its brokers are made from.

    It says nothing of the cache's content: whatever stands in the cache is checked by its own keys and sums, so a
    cache that was saved under another name does no harm.

    Args:
        root: the checkout.
        platform: the conda subdir that the base is for.
    """
    return f"{platform}-{_digest(root, (*_BASE, *_BROKERS))}"


@functools.cache
def base_key(root: Path) -> str:
    """Return a name, 16 hexadecimal digits, for what a checkout's base channel is made from, whatever the platform."""
    return _digest(root, _BASE)


def _digest(root: Path, parts: Iterable[str]) -> str:
    digest = hashlib.sha256()
    for tool in _TOOLS:
        digest.update(f"{tool} {version(tool)}\0".encode())
    for part in parts:
        top = root / part
        files = [top] if top.is_file() else sorted(path for path in top.rglob("*") if path.is_file())
        for file in files:
            if file.suffix not in {".pyc", ".md"}:
                digest.update(f"{file.relative_to(root).as_posix()}\0{sha256_of(file)}\0".encode())
    return digest.hexdigest()[:16]
