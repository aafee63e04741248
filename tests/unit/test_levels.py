"""The levels of metadata.version, out of class files that are put together here, instruction by instruction."""

from __future__ import annotations

import struct
import zipfile
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner
from hypothesis import example, given
from hypothesis import strategies as st

from kafka_forge.brokers import levels, lockmaker, locks
from kafka_forge.errors import LockInvalid

if TYPE_CHECKING:
    from pathlib import Path


class Assembler:
    """A class file with a static initializer, and nothing else that matters."""

    def __init__(self) -> None:
        self.pool: list[bytes] = []
        self.code = b""

    def entry(self, content: bytes) -> int:
        if content not in self.pool:
            self.pool.append(content)
        return self.pool.index(content) + 1

    def text(self, text: str) -> int:
        return self.entry(b"\1" + struct.pack(">H", len(text)) + text.encode())

    def class_(self, name: str = levels.CLASS) -> int:
        return self.entry(b"\7" + struct.pack(">H", self.text(name)))

    def member(self, name: str, kind: int = 9) -> int:
        both = self.entry(b"\x0c" + struct.pack(">HH", self.text(name), self.text("()V")))
        return self.entry(bytes([kind]) + struct.pack(">HH", self.class_(), both))

    def push(self, value: int | str) -> bytes:
        if isinstance(value, str):  # ldc_w
            return b"\x13" + struct.pack(">H", self.entry(b"\x08" + struct.pack(">H", self.text(value))))
        if -1 <= value <= 5:  # iconst
            return bytes([value + 3])
        if value < 128:  # bipush
            return b"\x10" + struct.pack(">b", value)
        if value < 32768:  # sipush
            return b"\x11" + struct.pack(">h", value)
        return b"\x13" + struct.pack(">H", self.entry(b"\3" + struct.pack(">i", value)))

    def constant(self, name: str, *values: int | str) -> None:
        """Write: name = new MetadataVersion(values); new, dup, the values, invokespecial, putstatic."""
        pushed = b"".join(map(self.push, values))
        made = b"\xbb" + struct.pack(">H", self.class_()) + b"\x59" + pushed
        made += b"\xb7" + struct.pack(">H", self.member("<init>", 10))
        self.code += made + b"\xb3" + struct.pack(">H", self.member(name))

    def same(self, name: str, other: str) -> None:
        """Write: name = other; getstatic, putstatic."""
        self.code += b"\xb2" + struct.pack(">H", self.member(other)) + b"\xb3" + struct.pack(">H", self.member(name))

    def content(self) -> bytes:
        initializer, attribute, this = self.text("<clinit>"), self.text("Code"), self.class_()
        code = struct.pack(">HHI", 9, 0, len(self.code)) + self.code + b"\0\0\0\0"
        method = struct.pack(">HHHHHI", 8, initializer, self.text("()V"), 1, attribute, len(code)) + code
        pool = struct.pack(">H", len(self.pool) + 1) + b"".join(self.pool)
        rest = struct.pack(">HHHHHH", 0, this, this, 0, 0, 1) + method + b"\0\0"
        return b"\xca\xfe\xba\xbe\0\0\0\x3d" + pool + rest


def jar(folder: Path, content: bytes, name: str = f"{levels.CLASS}.class") -> Path:
    file = folder / "kafka-server-common.jar"
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr(name, content)
    return file


def test_levels_go_up_to_the_newest_that_is_stable_and_begin_where_brokers_tell_them(tmp_path: Path) -> None:
    made = Assembler()
    made.constant("IBP_3_2_IV0", "IBP_3_2_IV0", 0, 4, "3.2", "IV0", 1)
    made.constant("IBP_3_3_IV3", "IBP_3_3_IV3", 1, 7, "3.3", "IV3", 1)
    made.constant("IBP_4_9_IV0", "IBP_4_9_IV0", 2, 127, "4.9", "IV0", 0)
    made.constant("IBP_4_9_IV1", "IBP_4_9_IV1", 3, 300, "4.9", "IV1", 1)
    made.constant("IBP_4_9_IV2", "IBP_4_9_IV2", 4, 301, "4.9", "IV2", 1)
    made.constant("IBP_4_10_IV0", "IBP_4_10_IV0", 5, 70_000, "4.10", "IV0", 1)
    made.same("MINIMUM_VERSION", "IBP_3_3_IV3")
    made.same("LATEST_PRODUCTION", "IBP_4_9_IV1")
    made.code += b"\xfe"  # what follows is not looked at
    assert levels.read(jar(tmp_path, made.content())) == {"3.3": 7, "4.9": 300}
    made.code = made.code.removesuffix(b"\xfe").replace(
        struct.pack(">H", made.member("LATEST_PRODUCTION")), struct.pack(">H", made.member("ANOTHER"))
    )
    made.same("LATEST_PRODUCTION", "IBP_4_10_IV0")
    assert levels.read(jar(tmp_path, made.content())) == {"3.3": 7, "4.9": 301, "4.10": 70_000}


def test_a_class_that_is_made_in_another_way_is_an_error_that_says_what_to_look_at(tmp_path: Path) -> None:
    unknown = Assembler()
    unknown.code = b"\xfe"
    other_order = Assembler()
    other_order.constant("IBP_3_3_IV3", "IBP_3_3_IV3", 1, "3.3", 7)
    none_stable = Assembler()
    none_stable.constant("IBP_3_3_IV3", "IBP_3_3_IV3", 1, 7, "3.3")
    for made in (unknown, other_order, none_stable):
        with pytest.raises(LockInvalid, match=r"metadata\.version") as caught:
            levels.read(jar(tmp_path, made.content()))
        assert "levels.py" in caught.value.todo
    with pytest.raises(LockInvalid, match=r"read out of this jar: .org/apache/kafka/server/common/MetadataVersion"):
        levels.read(jar(tmp_path, b"", "another.class"))


@given(noise=st.binary(max_size=200), at=st.integers(0, 400))
@example(noise=b"\x00", at=30)  # into the name of a release
def test_no_class_file_makes_the_reader_crash(tmp_path_factory: pytest.TempPathFactory, noise: bytes, at: int) -> None:
    made = Assembler()
    made.constant("IBP_3_3_IV3", "IBP_3_3_IV3", 1, 7, "3.3", "IV3", 1)
    made.same("LATEST_PRODUCTION", "IBP_3_3_IV3")
    content = made.content()
    broken = content[:at] + noise + content[at + len(noise) :]
    try:
        found = levels.read(jar(tmp_path_factory.mktemp("noise"), broken))
    except LockInvalid:
        return
    assert all(isinstance(level, int) for level in found.values())


def test_the_locks_agree_about_levels() -> None:
    """Each of them was read out of a jar of its own."""
    newest: dict[str, int] = {}
    for version in reversed(locks.versions()):
        lock = locks.kafka(version)
        assert bool(lock.levels) != locks.before_kraft(version)
        if lock.levels:
            assert list(lock.levels)[-1] == version.rpartition(".")[0]
            assert lock.levels.items() >= newest.items()
            newest = lock.levels
    assert locks.levels() == {level: release for release, level in newest.items()}


def test_a_lock_is_asked_for_by_a_whole_version() -> None:
    ran = CliRunner().invoke(lockmaker.main, ["4.4"])
    assert ran.exit_code == 10
    assert "KF107: '4.4' is no version of Apache Kafka" in ran.output
