"""The one time that stands in a package: the newest of its sources'.

When it was built says nothing of what is in it, and would make two packages of the same bytes differ. A source's time
is as much a part of its archive, whose sha256 the recipe names, as its bytes are (reproducible-builds.org,
SOURCE_DATE_EPOCH).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from kafka_forge.ground import archives

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

OLDEST = 315_532_800
"""1980-01-01, in seconds since 1970: a zip archive, as a ``.conda`` file is one, knows no time before it."""


def stamp(files: Iterable[Path]) -> int:
    """Return the newest time of a file in these sources, in whole seconds since 1970, or `OLDEST` if none is newer.

    A source that is no archive has no time of its own.

    Raises:
        ArchiveRefused, ArchiveDamaged: as `kafka_forge.ground.archives.entries`.
    """
    known = (file for file in files if archives.format_of(file))
    times = (each.time for file in known for each in archives.entries(file) if each.kind is archives.Kind.FILE)
    return max(OLDEST, max(times, default=OLDEST))
