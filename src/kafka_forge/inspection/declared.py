"""What C and C++ headers of a package declare, against what its own libraries have: by names, nothing is compiled."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from kafka_forge.inspection import symbols

if TYPE_CHECKING:
    from collections.abc import Collection
    from pathlib import Path

_LIBRARY = re.compile(r"^lib/lib[^/]*\.so\.\d+$")
_HEADER = re.compile(r"^include/.*\.h$")
_COMMENT = re.compile(r"/\*.*?\*/|//[^\n]*", re.DOTALL)
_EXPORTED = re.compile(r"^RD_EXPORT\b[^;{}#]*?\b(rd_kafka_\w+)\s*\(", re.MULTILINE)
_CLASS = re.compile(r"^class\s+RD_EXPORT\s+(\w+)\b[^;{]*\{(.*?)^\};", re.MULTILINE | re.DOTALL)
_PURE = re.compile(r"\bvirtual\b[^;{}~]*?\b(\w+)\s*\([^;{}]*\)\s*(?:const\s*)?=\s*0\s*;")
_DEFINED = re.compile(r"_ZNK?7RdKafka\d+(\w+?)Impl(\d+)(\w+)")


def missing(prefix: Path, files: Collection[str]) -> dict[str, list[str]]:
    """Return header → what it declares and the package's ELF libraries do not have; headers that agree are left out.

    Of C headers these are the functions that it exports. Of C++ headers, the virtual functions of its abstract
    classes: a library has one of its own for each (``HandleImpl`` for ``Handle``), and one more or less makes other
    tables of virtual functions, under the same soname. Classes that only users derive from, callbacks, have none.
    """
    libraries = [name for name in files if _LIBRARY.match(name)]
    headers = [name for name in files if _HEADER.match(name)]
    if not libraries or not headers:
        return {}
    has = set[str]().union(*(symbols.exported(prefix / name, "elf") for name in libraries))
    defined = {(match[1], match[3][: int(match[2])]) for name in has if (match := _DEFINED.match(name))}
    classes = {each for each, _ in defined}
    found = {}
    for name in headers:
        text = _COMMENT.sub(" ", (prefix / name).read_text(encoding="utf-8", errors="replace"))
        absent = [function for function in _EXPORTED.findall(text) if function not in has]
        for each, body in _CLASS.findall(text):
            if each in classes:
                absent += [f"{each}::{pure}" for pure in _PURE.findall(body) if not _has(defined, each, pure)]
        if absent:
            found[name] = sorted(set(absent))
    return found


def _has(defined: set[tuple[str, str]], name: str, function: str) -> bool:
    return (name, function) in defined or ("Handle", function) in defined
