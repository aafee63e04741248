"""What the libraries of macOS export, as the stubs of Apple's SDK say it that zig carries (``.tbd``, version 4).

The format: https://github.com/llvm/llvm-project/blob/main/llvm/lib/TextAPI/TextStub.cpp (YAML; one document a library,
the first of which re-exports the others).
"""

from __future__ import annotations

import functools
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

_TARGETS = {"osx-64": "x86_64-macos", "osx-arm64": "arm64e-macos"}
_KINDS = ("symbols", "weak-symbols", "thread-local-symbols")
_READING = threading.Lock()


def exports(platform: str) -> frozenset[str]:
    """Return the symbols of ``/usr/lib/libSystem.B.dylib`` with all that it re-exports, for a conda subdir."""
    with _READING:  # reading takes some seconds, and is done once
        return _exports(_sdk(), _TARGETS[platform])


def _sdk() -> Path:
    import ziglang

    return Path(ziglang.__file__).parent / "lib" / "libc" / "darwin" / "libSystem.tbd"


@functools.cache
def _exports(stub: Path, target: str) -> frozenset[str]:
    return frozenset(_symbols(stub.read_text(encoding="utf-8"), target))


def _symbols(text: str, target: str) -> Iterator[str]:
    from ruamel.yaml import YAML

    yaml = YAML(typ="safe")
    yaml.constructor.add_multi_constructor(
        "!tapi-tbd", lambda loader, _, node: loader.construct_mapping(node, deep=True)
    )
    for library in yaml.load_all(text):
        for part in (*library.get("exports", ()), *library.get("reexports", ())):
            yield from _of(part, target)


def _of(part: dict[str, Any], target: str) -> Iterator[str]:
    if target in part["targets"]:
        for kind in _KINDS:
            yield from (str(name) for name in part.get(kind, ()))
