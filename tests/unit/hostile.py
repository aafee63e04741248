"""Archives of every kind that the toolkit takes in, of any members: harmless ones, and such as nobody should make."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import stat
import tarfile
import warnings
import zipfile
from dataclasses import dataclass
from typing import TYPE_CHECKING

from kafka_forge.ground.archives.streams import zstd

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

FILE, FOLDER, LINK, HARD_LINK = tarfile.REGTYPE, tarfile.DIRTYPE, tarfile.SYMTYPE, tarfile.LNKTYPE
FIFO, CHARACTERS, BLOCKS = tarfile.FIFOTYPE, tarfile.CHRTYPE, tarfile.BLKTYPE
_MODES = {
    FILE: stat.S_IFREG,
    FOLDER: stat.S_IFDIR,
    LINK: stat.S_IFLNK,
    FIFO: stat.S_IFIFO,
    CHARACTERS: stat.S_IFCHR,
    BLOCKS: stat.S_IFBLK,
}


@dataclass(frozen=True)
class Member:
    """A member as it stands in the archive; ``declared`` is the size that it claims, where that is another one."""

    name: str
    content: bytes = b""
    kind: bytes = FILE
    target: str = ""
    mode: int = 0o644
    declared: int | None = None


def tar(members: Sequence[Member]) -> bytes:
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for each in members:
            info = tarfile.TarInfo(each.name)
            info.type, info.linkname, info.mode, info.size = each.kind, each.target, each.mode, len(each.content)
            if each.declared is not None:
                info.size = each.declared
                made.write(info.tobuf())
                archive.offset = made.tell()
            else:
                archive.addfile(info, io.BytesIO(each.content))
    return made.getvalue()


def headers_about_headers(count: int) -> bytes:
    """A tar in which every member but the last is an extended header of the next one."""
    header = tarfile.TarInfo("x")
    header.type = tarfile.XHDTYPE
    return header.tobuf(tarfile.USTAR_FORMAT) * count + tar([Member("a", b"1")])


def zipped(members: Sequence[Member], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", method) as archive, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of names that are there twice
        for each in members:
            info = zipfile.ZipInfo("x")
            info.filename = each.name + ("/" if each.kind == FOLDER and not each.name.endswith("/") else "")
            info.external_attr = (_MODES[each.kind] | each.mode) << 16
            info.compress_type = method
            archive.writestr(info, each.target if each.kind == LINK else each.content)
            if each.declared is not None:
                info.file_size = each.declared
    return made.getvalue()


def jar(members: Sequence[Member]) -> bytes:
    return zipped([Member("META-INF/MANIFEST.MF", b"Manifest-Version: 1.0\n"), *members])


def wheel(members: Sequence[Member]) -> bytes:
    return zipped([*members, Member("small-1.dist-info/METADATA", b"Name: small\n")])


def deb(members: Sequence[Member]) -> bytes:
    made = b"!<arch>\n"
    data = lzma.compress(tar(members), preset=0)
    for name, content in {"debian-binary": b"2.0\n", "control.tar.xz": b"-", "data.tar.xz": data}.items():
        made += f"{name:<16}{0:<12}{0:<6}{0:<6}{100644:<8}{len(content):<10}`\n".encode() + content
        made += b"\n" * (len(content) % 2)
    return made


def conda(members: Sequence[Member]) -> bytes:
    """The members are in the part of the files; that of the metadata is as it should be."""
    made = io.BytesIO()
    parts = {"info": [Member("info/index.json", b"{}")], "pkg": members}
    with zipfile.ZipFile(made, "w") as archive:
        archive.writestr("metadata.json", '{"conda_pkg_format_version": 2}')
        for kind, within in parts.items():
            archive.writestr(f"{kind}-small-1-0.tar.zst", zstd().compress(tar(within)))
    return made.getvalue()


def conda_info(members: Sequence[Member]) -> bytes:
    """The same, the other way round."""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        archive.writestr("info-small-1-0.tar.zst", zstd().compress(tar(members)))
        archive.writestr("pkg-small-1-0.tar.zst", zstd().compress(tar([])))
    return made.getvalue()


TARS: dict[str, Callable[[Sequence[Member]], bytes]] = {
    "tar": tar,
    "crate": lambda members: gzip.compress(tar(members), 1),
    "tar.bz2": lambda members: bz2.compress(tar(members), 1),
    "tar.xz": lambda members: lzma.compress(tar(members), preset=0),
    "tar.zst": lambda members: bytes(zstd().compress(tar(members))),
    "deb": deb,
    "conda": conda,
    "conda-info": conda_info,
}
ZIPS: dict[str, Callable[[Sequence[Member]], bytes]] = {"zip": zipped, "wheel": wheel, "jar": jar}
ALL = {**TARS, **ZIPS}
BESIDE = {"conda": {"info/index.json"}, "jar": {"META-INF/MANIFEST.MF"}, "wheel": {"small-1.dist-info/METADATA"}}
"""What the maker of a kind adds by itself."""
