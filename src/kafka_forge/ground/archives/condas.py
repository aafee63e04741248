"""A conda package's members, as they lie in one folder once it is unpacked.

A ``.conda`` (CEP 27) is a zip, not compressed, of ``metadata.json`` and of the tars ``info-*`` and ``pkg-*``; the older
format is one ``.tar.bz2``, which is a tar as others are.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from kafka_forge.ground.archives import tars, zips
from kafka_forge.ground.archives.judging import refuse

if TYPE_CHECKING:
    import zipfile
    from collections.abc import Iterator

    from kafka_forge.ground.archives.entry import Entry
    from kafka_forge.ground.archives.limits import Limits

_PART = re.compile(r"(info|pkg)-[^/]+\.tar\.zst")


def is_one(archive: zipfile.ZipFile) -> bool:
    """Tell whether a zip is a conda package."""
    return any(_PART.fullmatch(name) for name in archive.namelist())


def members(archive: zipfile.ZipFile, where: str, limits: Limits) -> Iterator[Entry]:
    """Give the members of ``info-*``, then those of ``pkg-*``; errors as `tars.members`.

    Raises:
        ArchiveRefused: it has not one part of each kind.
    """
    parts = [part for part in archive.infolist() if _PART.fullmatch(part.filename)]
    if [part.filename.partition("-")[0] for part in sorted(parts, key=lambda part: part.filename)] != ["info", "pkg"]:
        refuse(where, "a conda package has one info-*.tar.zst and one pkg-*.tar.zst")
    for part in sorted(parts, key=lambda part: part.filename):
        if part.compress_type not in zips.METHODS or part.flag_bits & 1:
            refuse(where, f"{part.filename!r}: it is compressed twice, or encrypted")
        with archive.open(part) as stream:
            yield from tars.members(stream, where, limits)
