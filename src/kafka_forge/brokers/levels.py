"""The levels of ``metadata.version`` that a Kafka knows, read out of its jar: no Java runs, and no table ends.

Kafka's ``org.apache.kafka.server.common.MetadataVersion`` (in the jar ``kafka-server-common``, from 3.3 on) is a Java
enum. Each of its constants is made with its level and its release: ``IBP_4_0_IV3(25, "4.0", "IV3", …)``. The compiler
puts that into the class's static initializer as plain instructions, one after the other: `read` follows them. The names
of what a class file holds are those of the Java Virtual Machine Specification, chapters 4 and 6.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from kafka_forge.brokers import locks
from kafka_forge.brokers.protocol import Reader
from kafka_forge.errors import ArchiveDamaged, LockInvalid
from kafka_forge.ground import archives

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

CLASS = "org/apache/kafka/server/common/MetadataVersion"
ARTIFACT = "kafka-server-common"
_NEWEST_STABLE = "LATEST_PRODUCTION"
"""The constant that a broker goes up to, unless ``unstable.feature.versions.enable`` is set."""

_MAGIC = 0xCAFEBABE
_UTF8, _INTEGER, _LONG, _DOUBLE, _STRING = 1, 3, 5, 6, 8
_POOL_SIZES = {3: 4, 4: 4, 5: 8, 6: 8, 7: 2, 8: 2, 9: 4, 10: 4, 11: 4, 12: 4, 15: 3, 16: 2, 17: 4, 18: 4, 19: 2, 20: 2}
_BIPUSH, _SIPUSH, _LDC, _LDC_W = 0x10, 0x11, 0x12, 0x13
_ICONST_M1, _ICONST_5 = 0x02, 0x08
_GETSTATIC, _PUTSTATIC, _INVOKESPECIAL, _INVOKESTATIC, _NEW, _ANEWARRAY = 0xB2, 0xB3, 0xB7, 0xB8, 0xBB, 0xBD
_DUP, _AASTORE = 0x59, 0x53
_OPERANDS = {
    **dict.fromkeys(range(_ICONST_M1, _ICONST_5 + 1), 0),
    **dict.fromkeys((_DUP, _AASTORE), 0),
    **dict.fromkeys((_BIPUSH, _LDC), 1),
    **dict.fromkeys((_SIPUSH, _LDC_W), 2),
    **dict.fromkeys((_GETSTATIC, _PUTSTATIC, _INVOKESPECIAL, _INVOKESTATIC, _NEW, _ANEWARRAY), 2),
}
"""Instruction → how many bytes follow it: all that stands before the newest stable constant is named."""


def read(jar: Path) -> dict[str, int]:
    """Return release → the highest level that it speaks, for all releases that a Kafka knows up to its own.

    Args:
        jar: ``kafka-server-common`` of that Kafka.

    Releases before 3.3 are left out: they do not tell their level (KIP-778).

    Raises:
        LockInvalid: the jar has no such class, or the class is made in a way that is not known here.
    """
    try:
        constants, newest = _constants(_class_of(jar))
        stable = {level: release for level, release in constants if level <= newest}
        known = {level: release for level, release in stable.items() if not locks.before_kraft(release)}
    except (KeyError, ValueError, IndexError, struct.error, ArchiveDamaged) as error:
        said = error.what if isinstance(error, ArchiveDamaged) else str(error) or type(error).__name__
        raise LockInvalid(
            f"the levels of metadata.version cannot be read out of this jar: {said}",
            where=str(jar),
            todo="look at that Kafka's MetadataVersion, and teach src/kafka_forge/brokers/levels.py how it is made.",
        ) from error
    return {release: level for level, release in sorted(known.items())}


def _class_of(jar: Path) -> bytes:
    content = archives.read(jar, f"{CLASS}.class")
    if content is None:
        raise KeyError(CLASS)
    return content


def _constants(content: bytes) -> tuple[list[tuple[int, str]], int]:
    """Return (level, release) of each constant in a compiled MetadataVersion, and the newest stable level."""
    reader = Reader(content)
    if reader.number(4, signed=False) != _MAGIC:
        raise ValueError("that is no class file")
    reader.take(4)  # the versions of the format
    pool = _Pool(reader)
    reader.take(6)  # access flags, this class, its parent
    reader.take(2 * reader.number(2))  # interfaces
    for _ in range(reader.number(2)):  # fields
        _member(reader, pool)
    for _ in range(reader.number(2)):
        name, attributes = _member(reader, pool)
        if name == "<clinit>":
            code = Reader(attributes["Code"])
            code.take(4)  # the depth of its stack, its local variables
            return _follow(code.take(code.number(4)), pool)
    raise ValueError("it has no static initializer")


class _Pool:
    """The constant pool of a class file."""

    def __init__(self, reader: Reader) -> None:
        self._entries: dict[int, tuple[int, bytes]] = {}
        index, count = 1, reader.number(2)
        while index < count:
            tag = reader.number(1)
            length = reader.number(2, signed=False) if tag == _UTF8 else _POOL_SIZES[tag]
            self._entries[index] = tag, reader.take(length)
            index += 2 if tag in (_LONG, _DOUBLE) else 1

    def text(self, index: int) -> str:
        """Return a name or a descriptor."""
        return self._entries[index][1].decode("utf-8")

    def value(self, index: int) -> int | str | None:
        """Return what ``ldc`` would push; None where that is neither a number nor a text."""
        tag, content = self._entries[index]
        if tag == _INTEGER:
            return int.from_bytes(content, "big", signed=True)
        return self.text(int.from_bytes(content, "big")) if tag == _STRING else None

    def class_name(self, index: int) -> str:
        """Return a class's name, with slashes."""
        return self.text(int.from_bytes(self._entries[index][1], "big"))

    def member(self, index: int) -> tuple[str, str]:
        """Return the class and the name of a field or method that is referred to."""
        owner, name_and_type = struct.unpack(">HH", self._entries[index][1])
        name, _ = struct.unpack(">HH", self._entries[name_and_type][1])
        return self.class_name(owner), self.text(name)


def _member(reader: Reader, pool: _Pool) -> tuple[str, dict[str, bytes]]:
    """Return a field's or method's name and attributes."""
    reader.take(2)  # access flags
    name = pool.text(reader.number(2))
    reader.take(2)  # descriptor
    attributes = {}
    for _ in range(reader.number(2)):
        attribute = pool.text(reader.number(2))
        attributes[attribute] = reader.take(reader.number(4))
    return name, attributes


@dataclass
class _Making:
    """What has been pushed since the last constant was begun, and what it became."""

    pushed: list[int | str | None] = field(default_factory=list)
    made: tuple[int, str] | None = None


def _follow(code: bytes, pool: _Pool) -> tuple[list[tuple[int, str]], int]:
    found: dict[str, tuple[int, str]] = {}
    making, read_field = _Making(), ""
    for instruction, operand in _instructions(code):
        if instruction == _NEW and pool.class_name(operand) == CLASS:
            making = _Making()
        elif instruction == _INVOKESPECIAL and pool.member(operand) == (CLASS, "<init>"):
            # an enum's constructor is given the constant's name and its place first
            _, _, level, release, *_ = making.pushed
            if not isinstance(level, int) or not isinstance(release, str):
                raise ValueError(f"a constant is made of {making.pushed}")
            making.made = level, release
        elif instruction == _GETSTATIC:
            read_field = pool.member(operand)[1]
        elif instruction == _PUTSTATIC:
            name = pool.member(operand)[1]
            if name == _NEWEST_STABLE:
                return list(found.values()), found[read_field][0]
            if making.made:
                found[name], making = making.made, _Making()
        else:
            making.pushed += _pushed(instruction, operand, pool)
    raise ValueError(f"{_NEWEST_STABLE} is not set")


def _pushed(instruction: int, operand: int, pool: _Pool) -> list[int | str | None]:
    if _ICONST_M1 <= instruction <= _ICONST_5:
        return [instruction - _ICONST_M1 - 1]
    if instruction in (_LDC, _LDC_W):
        return [pool.value(operand)]
    return [operand] if instruction in (_BIPUSH, _SIPUSH) else []


def _instructions(code: bytes) -> Iterator[tuple[int, int]]:
    """Yield each instruction with its operand: an index into the pool, or a number with its sign."""
    reader = Reader(code)
    while True:
        instruction = reader.number(1, signed=False)
        if instruction not in _OPERANDS:
            raise ValueError(f"instruction {instruction:#x} is not expected there")
        size = _OPERANDS[instruction]
        yield instruction, reader.number(size, signed=instruction in (_BIPUSH, _SIPUSH)) if size else 0
