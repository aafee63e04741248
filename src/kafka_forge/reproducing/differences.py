"""Where two packages of one name differ: in which file, at which byte, and why as far as the bytes tell."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from kafka_forge.ground import archives
from kafka_forge.ground.files import sha256_of

if TYPE_CHECKING:
    from pathlib import Path

_AROUND = 24
_TIMES = re.compile(rb"\b1[5-9]\d{8}(?:\d{3})?\b|\b20\d\d-[01]\d-[0-3]\d|\b[A-Z][a-z]{2} [ 0-3]\d 20\d\d\b")
_PATHS = re.compile(rb"(?:/[\w.+-]+){3,}")


@dataclass(frozen=True, slots=True)
class Difference:
    """One file of two packages.

    Attributes:
        file: its path in the package; of what is no file, what it is.
        offset: the first byte that differs, from 0; None where only one package has the file.
        count: how many bytes differ, where both are of one length.
        a: some bytes around that place, as Python writes them; empty for a file that is not there.
        b: of the other.
        why: what the bytes around it look like.
    """

    file: str
    offset: int | None
    count: int | None
    a: str
    b: str
    why: str


def differences(a: Path, b: Path) -> tuple[Difference, ...]:
    """Compare two packages, byte by byte and file by file; an empty tuple means that they are the same file.

    Raises:
        ArchiveRefused, ArchiveDamaged: one of them is no package.
        OSError: one cannot be read.
    """
    if sha256_of(a) == sha256_of(b):
        return ()
    first, second = _files(a), _files(b)
    found = [_of(name, first.get(name), second.get(name)) for name in sorted(first.keys() | second.keys())]
    told = tuple(each for each in found if each)
    return told or (_of_packing(a, b),)


def _files(package: Path) -> dict[str, bytes]:
    """Return a package's files by name, with what its archive says of each beside its bytes."""
    found = {}
    for entry in archives.entries(package):
        if entry.kind is archives.Kind.FILE:
            found[entry.name] = entry.read()
        else:
            found[f"{entry.name} ({entry.kind.value})"] = entry.target.encode()
        found[f"{entry.name} (time and mode)"] = f"{entry.time} {'x' if entry.executable else '-'}".encode()
    return found


def _of_packing(a: Path, b: Path) -> Difference:
    """Tell of archives that differ and whose members do not: by their order, or by how they are packed."""
    names = [[entry.name for entry in archives.entries(each)] for each in (a, b)]
    why = "the members are in another order" if names[0] != names[1] else "the same members are packed otherwise"
    found = _of("the archive itself", a.read_bytes(), b.read_bytes())
    assert found
    return Difference(found.file, found.offset, found.count, found.a, found.b, why)


def _of(name: str, a: bytes | None, b: bytes | None) -> Difference | None:
    if a == b:
        return None
    if a is None or b is None:
        return Difference(name, None, None, "", "", f"only the {'second' if a is None else 'first'} build has it")
    shorter = min(len(a), len(b))
    offset = next((at for at in range(shorter) if a[at] != b[at]), shorter)
    count = sum(x != y for x, y in zip(a, b, strict=True)) if len(a) == len(b) else None
    near = [repr(each[max(0, offset - _AROUND) : offset + _AROUND])[2:-1] for each in (a, b)]
    return Difference(name, offset, count, near[0], near[1], _why(a, b, offset))


def _why(a: bytes, b: bytes, offset: int) -> str:
    if sorted(a.split()) == sorted(b.split()) or sorted(a.splitlines()) == sorted(b.splitlines()):
        return "the same words in another order"
    near = [each[max(0, offset - 200) : offset + 200] for each in (a, b)]
    for what, pattern in (("a time", _TIMES), ("a path", _PATHS)):
        found = [pattern.findall(each) for each in near]
        if any(x != y for x, y in zip(*found, strict=False)):
            return f"{what} of the build"
    return "not told by the bytes around it"
