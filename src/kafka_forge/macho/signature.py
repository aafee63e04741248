"""Code signatures of Mach-O files: whether one matches its file, and making it match after a change.

A system with Apple's own processors runs nothing whose signature is absent or does not match. The linker signs ad hoc:
no certificate, only a hash for each page of the file. Layout and constants are those of Apple's ``cs_blobs.h``
(https://github.com/apple-oss-distributions/xnu/blob/main/osfmk/kern/cs_blobs.h); all numbers are big-endian.
"""

from __future__ import annotations

import hashlib
import struct
import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING

from kafka_forge.errors import BaseBuildFailed

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

FORMAT = 1
"""Goes up with whatever changes what is made of a built file: it stands in the key of each artifact for macOS."""
MAGIC = b"\xcf\xfa\xed\xfe"  # MH_MAGIC_64 of a file for one processor
_HEADER_SIZE = 32  # of mach_header_64
_UUID = 0x1B  # LC_UUID
_CODE_SIGNATURE = 0x1D  # LC_CODE_SIGNATURE
_EMBEDDED_SIGNATURE = 0xFADE0CC0  # CSMAGIC_EMBEDDED_SIGNATURE
_CODE_DIRECTORY = 0xFADE0C02  # CSMAGIC_CODEDIRECTORY
_SLOT_CODE_DIRECTORY = 0  # CSSLOT_CODEDIRECTORY
_AD_HOC = 0x2  # CS_ADHOC
_SHA256 = 2  # CS_HASHTYPE_SHA256
_HEAD = struct.Struct(">9I4B")
"""CS_CodeDirectory up to pageSize: magic, length, version, flags, hashOffset, identOffset, nSpecialSlots, nCodeSlots,
codeLimit; hashSize, hashType, platform, pageSize."""


@dataclass(frozen=True, slots=True)
class Signature:
    """What a Mach-O file's signature says, and whether that is so.

    Attributes:
        ad_hoc: whether it is a signature without certificate.
        pages: how many pages of the file it covers.
        problems: what does not fit, one sentence each; empty where the signature is valid.
    """

    ad_hoc: bool
    pages: int
    problems: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Directory:
    """A CodeDirectory and its place in the file: offsets are from the file's begin, sizes in bytes."""

    flags: int
    hashes: int
    special: int
    pages: int
    limit: int
    hash_size: int
    hash_type: int
    page_size: int
    slots: dict[int, bytes]
    """Slot → the other blobs of the signature, whole; the CodeDirectory has their hashes before those of the pages."""


def read(path: Path) -> Signature | None:
    """Return what the signature of a thin Mach-O file says; None where it has none.

    Only SHA-256 is known: every signature since macOS 10.12 has it.
    """
    data = path.read_bytes()
    place = _place(data)
    if place is None:
        return None
    try:
        directory = _directory(data, *place)
    except (struct.error, ValueError) as error:
        return Signature(ad_hoc=False, pages=0, problems=(f"the signature cannot be read: {error}",))
    return Signature(bool(directory.flags & _AD_HOC), directory.pages, tuple(_problems(data, directory, place[0])))


def identify(path: Path) -> None:
    """Make a Mach-O file's UUID (LC_UUID, by which debuggers find symbols) one of its own bytes.

    The linker makes it of all that it writes, the search path of the build's own folder among it, which the engine then
    makes relative: two builds of one source had two UUIDs, and all else alike. `renew` has to follow. A file that has
    none is left alone.

    Its version is 3, as linkers' are: https://github.com/apple-oss-distributions/ld64/blob/main/src/ld/OutputFile.cpp.
    """
    data = bytearray(path.read_bytes())
    at = next((begin for command, begin in _commands(bytes(data)) if command == _UUID), None)
    if at is None:
        return
    place = _place(bytes(data))
    data[at + 8 : at + 24] = bytes(16)
    digest = hashlib.sha256(data[: place[0] if place else None]).digest()
    data[at + 8 : at + 24] = uuid.UUID(bytes=digest[:16], version=3).bytes
    path.write_bytes(data)


def renew(path: Path) -> None:
    """Make the hashes of an ad hoc signature match the file, after bytes before the signature have been changed.

    The file must have kept its length and its load commands their sizes. A file without signature is left alone.

    Raises:
        BaseBuildFailed: the signature is not one that can be renewed.
    """
    data = bytearray(path.read_bytes())
    place = _place(bytes(data))
    if place is None:
        return
    try:
        directory = _directory(bytes(data), *place)
    except (struct.error, ValueError) as error:
        raise _not_renewable(path, str(error)) from error
    if not directory.flags & _AD_HOC or directory.hash_type != _SHA256 or directory.limit != place[0]:
        raise _not_renewable(path, "it is no ad hoc signature by SHA-256 over the whole file")
    for number, found in enumerate(_page_hashes(data, directory)):
        at = directory.hashes + number * directory.hash_size
        data[at : at + directory.hash_size] = found
    path.write_bytes(data)


def _not_renewable(path: Path, why: str) -> BaseBuildFailed:
    return BaseBuildFailed(
        f"the signature of {path.name} cannot be renewed: {why}",
        where=str(path),
        todo="lock another release of org.bytedeco:cpython, whose binaries the linker itself has signed.",
    )


def _place(data: bytes) -> tuple[int, int] | None:
    """Return offset and size of the signature: LC_CODE_SIGNATURE (``<mach-o/loader.h>``, little-endian)."""
    for command, at in _commands(data):
        if command == _CODE_SIGNATURE:
            offset, size = struct.unpack_from("<2I", data, at + 8)
            return offset, size
    return None


def _commands(data: bytes) -> Iterator[tuple[int, int]]:
    """Give each load command, and where it begins; none of what is no thin Mach-O file."""
    if not data.startswith(MAGIC):
        return
    (count,) = struct.unpack_from("<I", data, 16)
    at = _HEADER_SIZE
    for _ in range(count):
        command, length = struct.unpack_from("<2I", data, at)
        yield command, at
        at += length


def _directory(data: bytes, offset: int, size: int) -> _Directory:
    magic, length, count = struct.unpack_from(">3I", data, offset)
    if magic != _EMBEDDED_SIGNATURE or length > size or offset + size > len(data):
        raise ValueError("there is no embedded signature where the file says so")
    index = dict(struct.unpack_from(">2I", data, offset + 12 + 8 * number) for number in range(count))
    if _SLOT_CODE_DIRECTORY not in index:
        raise ValueError("it has no CodeDirectory")
    begin = offset + index.pop(_SLOT_CODE_DIRECTORY)
    magic, _, _, flags, hashes, _, special, pages, limit, hash_size, hash_type, _, page_bits = _HEAD.unpack_from(
        data, begin
    )
    if magic != _CODE_DIRECTORY:
        raise ValueError("its CodeDirectory has another magic number")
    slots = {}
    for slot, at in index.items():
        (blob,) = struct.unpack_from(">I", data, offset + at + 4)
        slots[slot] = data[offset + at : offset + at + blob]
    return _Directory(
        flags,
        begin + hashes,
        special,
        pages,
        limit,
        hash_size,
        hash_type,
        1 << page_bits if page_bits else limit,
        slots,
    )


def _problems(data: bytes, directory: _Directory, begin: int) -> Iterator[str]:
    if directory.hash_type != _SHA256 or directory.hash_size != hashlib.sha256().digest_size:
        yield f"its hashes are of type {directory.hash_type}, which is not SHA-256"
        return
    if directory.limit != begin:
        yield f"it covers {directory.limit} bytes, and the file has {begin} before it"
    if directory.pages != -(-directory.limit // directory.page_size):
        yield f"it has {directory.pages} page hashes, which is not what {directory.limit} bytes need"
    wrong = [
        number
        for number, found in enumerate(_page_hashes(data, directory))
        if found != _stored(data, directory, number)
    ]
    if wrong:
        yield f"{len(wrong)} of {directory.pages} pages are not what was signed, the first is page {wrong[0]}"
    for slot, blob in directory.slots.items():
        inside = 0 < slot <= directory.special
        if inside and hashlib.sha256(blob).digest() != _stored(data, directory, -slot):
            yield f"the part in slot {slot} is not what was signed"


def _page_hashes(data: bytes | bytearray, directory: _Directory) -> Iterator[bytes]:
    for number in range(directory.pages):
        end = min((number + 1) * directory.page_size, directory.limit)
        yield hashlib.sha256(data[number * directory.page_size : end]).digest()


def _stored(data: bytes, directory: _Directory, number: int) -> bytes:
    """Return the hash that the signature has for a page; those of its other blobs have negative numbers."""
    at = directory.hashes + number * directory.hash_size
    return data[at : at + directory.hash_size]
