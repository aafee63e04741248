"""The door for archives: what is harmless comes in as it is; all else is refused by its reason, and leaves nothing."""

from __future__ import annotations

import os
import re
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kafka_forge.errors import ArchiveDamaged, ArchiveRefused
from kafka_forge.ground import archives
from kafka_forge.ground.archives import names
from tests.unit import hostile
from tests.unit.hostile import FIFO, FOLDER, HARD_LINK, LINK, Member

if TYPE_CHECKING:
    from collections.abc import Iterator

PART = st.text(st.sampled_from("abcXYZ012-_.é ß"), min_size=1, max_size=6).filter(
    lambda part: part.strip(". ") == part and part.casefold() not in {"info", "meta-inf"}
)
"""Also what is spelled otherwise when case is folded; hostile members are called by other letters."""
NAME = st.lists(PART, min_size=1, max_size=3).map("/".join)
FILE = st.builds(Member, NAME, st.binary(max_size=700), mode=st.sampled_from([0o644, 0o755]))
KINDS = st.sampled_from(sorted(hostile.ALL))


def apart(members: list[Member]) -> list[Member]:
    """Leave out what collides with what comes before it."""
    kept: list[Member] = []
    taken: set[tuple[str, ...]] = set()
    for member in members:
        path = tuple(map(names.folded, names.parts(member.name)))
        if not any(path[: len(other)] == other or other[: len(path)] == path for other in taken):
            taken.add(path)
            kept.append(member)
    return kept


FILES = st.lists(FILE, max_size=5).map(apart)


class Room:
    """A folder of its own; whatever stands beside ``out`` afterwards, an archive has put there."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.out = folder / "deep" / "out"
        self.out.parent.mkdir()
        self.archive = folder / "archive"

    def unpack(self, content: bytes, limits: archives.Limits | None = None) -> dict[str, bytes]:
        self.archive.write_bytes(content)
        archives.unpack(self.archive, self.out, limits)
        return dict(self.found())

    def found(self) -> Iterator[tuple[str, bytes]]:
        for path in sorted(self.out.rglob("*")):
            if path.is_file() and not path.is_symlink():
                yield path.relative_to(self.out).as_posix(), path.read_bytes()

    def refused(self, content: bytes, limits: archives.Limits | None = None) -> str:
        """Return why an archive is not unpacked; nothing of it is anywhere."""
        with pytest.raises((ArchiveRefused, ArchiveDamaged)) as caught:
            self.unpack(content, limits)
        assert caught.value.where == str(self.archive)
        self.untouched()
        return caught.value.what

    def untouched(self) -> None:
        assert sorted(self.folder.rglob("*")) == [self.archive, self.out.parent]


@pytest.fixture
def room(tmp_path: Path) -> Room:
    return Room(tmp_path)


@settings(max_examples=50)
@given(FILES, KINDS)
def test_what_is_harmless_comes_in_as_it_is(members: list[Member], kind: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        room = Room(Path(folder))
        found = room.unpack(hostile.ALL[kind](members))
        for name in hostile.BESIDE.get(kind, ()):
            assert found.pop(name) is not None
        assert found == {member.name: member.content for member in members}
        for member in members:
            assert os.access(room.out / member.name, os.X_OK) == (member.mode == 0o755)
        assert {path.name for path in room.out.parent.iterdir()} == {"out"}


OUTSIDE = {
    "absolute": (Member("/Q/evil", b"x"), "its name is absolute"),
    "up": (Member("Q/../../evil", b"x"), "its name has a '..'"),
    "up first": (Member("../evil", b"x"), "its name has a '..'"),
    "backslash": (Member("Q\\..\\..\\evil", b"x"), "its name has a backslash"),
    "drive": (Member("Q:evil", b"x"), "its name begins with a drive's"),
    "new line": (Member("Q\nevil", b"x"), "its name is no text"),
    "long part": (Member("Q" * 256, b"x"), "longer than file systems take"),
    "folder": (Member("../Q", kind=FOLDER), "its name has a '..'"),
    "nameless": (Member("./.", b"x"), "no name of its own"),
    "fifo": (Member("Q", kind=FIFO), "neither file, folder nor link"),
    "characters": (Member("Q", kind=hostile.CHARACTERS), "neither file, folder nor link"),
    "blocks": (Member("Q", kind=hostile.BLOCKS), "neither file, folder nor link"),
}
LINKS = {
    "absolute link": ([Member("Q", kind=LINK, target="/etc")], "link to '/etc'"),
    "link up": ([Member("Q", kind=LINK, target="../evil")], "leads out of the folder"),
    "link up later": ([Member("Q/q", kind=LINK, target="../w/../../evil")], "leads out of the folder"),
    "link with a backslash": ([Member("Q", kind=LINK, target="..\\evil")], "its name has a backslash"),
    "link to a drive": ([Member("Q", kind=LINK, target="C:evil")], "its name begins with a drive's"),
    "link to nothing": ([Member("Q", kind=LINK, target="")], "link to ''"),
    "chain": (
        [Member("Q/q/up", kind=LINK, target="../.."), Member("W", kind=LINK, target="Q/q/up/../evil")],
        "leads out of the folder",
    ),
    "chain, the second first": (
        [Member("W", kind=LINK, target="Q/q/up/../evil"), Member("Q/q/up", kind=LINK, target="../..")],
        "leads out of the folder",
    ),
    "chain where case is folded": (
        [Member("Q/q/up", kind=LINK, target="../.."), Member("W", kind=LINK, target="q/Q/UP/../evil")],
        "leads out of the folder",
    ),
    "circle": ([Member("Q", kind=LINK, target="W"), Member("W", kind=LINK, target="Q")], "leads in a circle"),
    "through a link": ([Member("Q", kind=LINK, target="W"), Member("Q/evil", b"x")], "which is no folder"),
    "a link where others are": ([Member("Q/evil", b"x"), Member("Q", kind=LINK, target="W")], "takes it for one"),
    "a link where others are, by case": ([Member("Q/e", b"x"), Member("q", kind=LINK, target="W")], "takes it for one"),
}
HARD_LINKS = {
    "hard link out": ([Member("Q", kind=HARD_LINK, target="../evil")], "its name has a '..'"),
    "absolute hard link": ([Member("Q", kind=HARD_LINK, target="/etc/passwd")], "its name is absolute"),
    "hard link to nothing": ([Member("Q", kind=HARD_LINK, target="W")], "which is no file of this archive"),
    "hard link to a link": (
        [Member("W", kind=LINK, target="E"), Member("Q", kind=HARD_LINK, target="W")],
        "which is no file of this archive",
    ),
}
TWICE = {
    "twice": ([Member("Q", b"1"), Member("./Q", b"2")], "it is there twice"),
    "case": ([Member("Q/q", b"1"), Member("q/Q", b"2")], "where case is folded, it is 'Q/q'"),
    "accents": ([Member("Qé", b"1"), Member("Qe\u0301", b"2")], "where case is folded"),
    "closing dots": ([Member("Q", b"1"), Member("Q. .", b"2")], "where case is folded"),
    "file and folder": ([Member("Q", b"1"), Member("Q/q", b"2")], "which is no folder"),
    "folder and file": ([Member("Q", kind=FOLDER), Member("Q", b"2")], "takes it for one"),
    "file and folder, by case": ([Member("Q", b"1"), Member("q", kind=FOLDER)], "where case is folded"),
}
CASES = [
    *((kind, [member], why) for member, why in OUTSIDE.values() for kind in hostile.ALL),
    *((kind, members, why) for members, why in LINKS.values() for kind in [*hostile.TARS, "zip"]),
    *((kind, members, why) for members, why in HARD_LINKS.values() for kind in hostile.TARS),
    *((kind, members, why) for members, why in TWICE.values() for kind in hostile.ALL),
]
"""Every way out that is known here, in every kind of archive that has a word for it."""


@settings(max_examples=50)
@given(st.sampled_from(CASES), FILES, st.data())
def test_no_member_comes_in_that_could_be_anywhere_else(
    case: tuple[str, list[Member], str], harmless: list[Member], data: st.DataObject
) -> None:
    kind, members, why = case
    at = data.draw(st.integers(0, len(harmless)))
    with tempfile.TemporaryDirectory() as folder:
        said = Room(Path(folder)).refused(hostile.ALL[kind]([*harmless[:at], *members, *harmless[at:]]))
    assert why in said


@pytest.mark.parametrize(("kind", "members", "why"), CASES)
def test_every_way_out_is_refused_by_its_reason(room: Room, kind: str, members: list[Member], why: str) -> None:
    assert why in room.refused(hostile.ALL[kind](members))


@pytest.mark.parametrize("kind", ["jar", "wheel"])
def test_jars_and_wheels_have_no_links_at_all(room: Room, kind: str) -> None:
    link = Member("link", kind=LINK, target="file")
    assert "archives of this kind do not have" in room.refused(hostile.ALL[kind]([Member("file", b"1"), link]))


@pytest.mark.parametrize("kind", [*hostile.TARS, "zip"])
def test_links_that_stay_inside_stay_links(room: Room, kind: str) -> None:
    inside = [
        Member("lib/real.so.1", b"1"),
        Member("lib/real.so", kind=LINK, target="real.so.1"),
        Member("far/er", kind=LINK, target="../lib/./real.so"),
        Member("gone", kind=LINK, target="nowhere/at/all"),
    ]
    found = room.unpack(hostile.ALL[kind](inside))
    assert found.keys() - hostile.BESIDE.get(kind, set()) - {"info/index.json"} == {"lib/real.so.1"}
    assert (room.out / "far" / "er").readlink() == Path("../lib/real.so")
    assert (room.out / "far" / "er").read_bytes() == b"1"


@pytest.mark.parametrize("kind", sorted(hostile.TARS))
def test_a_hard_link_is_the_same_file(room: Room, kind: str) -> None:
    both = [Member("perl", b"1", mode=0o755), Member("bin/perl5", kind=HARD_LINK, target="perl")]
    assert room.unpack(hostile.ALL[kind](both))["bin/perl5"] == b"1"
    assert os.access(room.out / "bin" / "perl5", os.X_OK)


def test_folders_that_differ_in_case_become_one_where_it_is_folded(room: Room) -> None:
    assert room.unpack(hostile.tar([Member("Pod/a", b"1"), Member("pod/b", b"2")])).keys() == {"Pod/a", "pod/b"}


def test_absolute_links_of_a_debian_package_are_read_and_never_made(room: Room) -> None:
    package = hostile.deb([Member("./usr/lib/a.so", kind=LINK, target="/lib/a.so.1")])
    room.archive.write_bytes(package)
    assert [entry.target for entry in archives.entries(room.archive)] == ["/lib/a.so.1"]
    assert "link to '/lib/a.so.1': its name is absolute" in room.refused(package)


@pytest.mark.parametrize("kind", sorted(hostile.ALL))
def test_there_is_an_end_to_members_and_bytes(room: Room, kind: str) -> None:
    make = hostile.ALL[kind]
    many = [Member(f"f{number}") for number in range(12)]
    assert "more than 10 members" in room.refused(make(many), archives.Limits(members=10))
    large = [Member("a", b"1" * 600), Member("b", b"2" * 600)]
    assert "its files have more than 1,000 bytes" in room.refused(make(large), archives.Limits(total=1000))


@pytest.mark.parametrize("kind", sorted(hostile.ALL))
def test_a_declared_size_is_refused_before_anything_is_read(room: Room, kind: str) -> None:
    claims = [
        Member("a", b"" if kind in hostile.TARS else b"x", declared=1 << 32 if kind in hostile.TARS else 0xFFFFFFF0)
    ]
    assert "its files have more than" in room.refused(hostile.ALL[kind](claims), archives.Limits(total=1 << 31))


@pytest.mark.parametrize("kind", ["zip", "jar", "wheel"])
def test_a_zip_that_declares_less_than_it_has_is_damaged(room: Room, kind: str) -> None:
    with pytest.raises(ArchiveDamaged):
        room.unpack(hostile.ALL[kind]([Member("a", b"0" * 100_000, declared=10)]))
    room.untouched()


@pytest.mark.parametrize("kind", sorted(hostile.TARS))
def test_a_header_of_any_size_is_not_read_into_memory(room: Room, kind: str) -> None:
    content = hostile.ALL[kind]([Member("a" + "/a" * 150_000)])  # in pax, a name of any length is a header of its own
    assert "what stands before one of its members" in room.refused(content, archives.Limits(header=1 << 18))


def test_what_cannot_be_read_by_a_number_of_bytes_is_not_read(room: Room) -> None:
    import zipfile

    for method in (zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA):
        assert "not deflated" in room.refused(hostile.zipped([Member("a", b"1")], method))


@settings(max_examples=50)
@given(st.lists(FILE, min_size=1, max_size=4).map(apart), KINDS, st.data())
def test_a_truncated_archive_is_never_taken_for_a_whole_one(
    members: list[Member], kind: str, data: st.DataObject
) -> None:
    content = hostile.ALL[kind](members)
    short = content[: data.draw(st.integers(0, len(content) - 1))]
    with tempfile.TemporaryDirectory() as folder:
        room = Room(Path(folder))
        try:
            found = room.unpack(short)
        except (ArchiveDamaged, ArchiveRefused):
            room.untouched()
        else:  # what is cut off says nothing: zeros after a tar's end mark, the byte that makes a .deb's size even
            assert kind in {"tar", "deb"}
            assert found == {member.name: member.content for member in members}


@settings(max_examples=50)
@given(FILES, KINDS, st.data())
def test_whatever_is_changed_in_an_archive_it_comes_in_whole_or_is_refused(
    members: list[Member], kind: str, data: st.DataObject
) -> None:
    content = bytearray(hostile.ALL[kind](members))
    for at, byte in data.draw(
        st.dictionaries(st.integers(0, len(content) - 1), st.integers(0, 255), max_size=4)
    ).items():
        content[at] = byte
    with tempfile.TemporaryDirectory() as folder:
        room = Room(Path(folder))
        try:
            room.unpack(bytes(content), archives.Limits(total=1 << 20, members=100))
        except (ArchiveDamaged, ArchiveRefused):
            room.untouched()
        else:
            assert sorted(room.folder.iterdir()) == [room.archive, room.out.parent]
            assert list(room.out.parent.iterdir()) == [room.out]


def test_headers_about_headers_have_an_end(room: Room) -> None:
    with pytest.raises(ArchiveDamaged, match="recursion"):
        room.unpack(hostile.headers_about_headers(20_000))
    room.untouched()


def test_an_offset_before_a_zips_begin_is_damage(room: Room) -> None:
    content = bytearray(hostile.zipped([Member("a", b"1")]))
    content[-6] += 1  # where its directory begins, in its last record: all offsets are counted from there
    with pytest.raises(ArchiveDamaged):
        room.unpack(bytes(content))
    room.untouched()


def test_what_stood_there_stays_where_an_archive_is_refused(room: Room) -> None:
    room.out.mkdir()
    (room.out / "mine").write_text("1")
    room.archive.write_bytes(hostile.tar([Member("a", b"1"), Member("../b", b"2")]))
    with pytest.raises(ArchiveRefused):
        archives.unpack(room.archive, room.out)
    assert [path.name for path in room.out.iterdir()] == ["mine"]


def test_one_file_is_read_without_the_others(room: Room) -> None:
    room.archive.write_bytes(hostile.conda([Member("bin/a", b"1")]))
    assert archives.read(room.archive, "info/index.json") == b"{}"
    assert archives.read(room.archive, "info/nothing.json") is None
    room.archive.write_bytes(b"no archive at all")
    assert archives.format_of(room.archive) is None
    with pytest.raises(ArchiveDamaged, match="cannot be read to its end"):
        archives.read(room.archive, "a")


def test_an_error_says_which_member_and_what_to_do(room: Room) -> None:
    room.archive.write_bytes(hostile.tar([Member("a/../../b")]))
    with pytest.raises(ArchiveRefused) as caught:
        archives.check(room.archive)
    assert re.search(r"KF207: .*'a/\.\./\.\./b': its name has a '\.\.'\n  where: .*\n  next: ", str(caught.value))
