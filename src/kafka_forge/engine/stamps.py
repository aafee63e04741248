"""The one time that stands in a package: the newest of its sources'.

When it was built says nothing of what is in it, and would make two packages of the same bytes differ. A source's time
is as much a part of its archive, whose sha256 the recipe names, as its bytes are (reproducible-builds.org,
SOURCE_DATE_EPOCH).
"""

from __future__ import annotations

import calendar
import tarfile
import zipfile
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

OLDEST = 315_532_800
"""1980-01-01, in seconds since 1970: a zip archive, as a ``.conda`` file is one, knows no time before it."""


def stamp(archives: Iterable[Path]) -> int:
    """Return the newest time of a file in these archives, in whole seconds since 1970, or `OLDEST` if none is newer.

    A source that is no tar and no zip has no time of its own.
    """
    return max((OLDEST, *(each for archive in archives for each in _times(archive))))


def _times(archive: Path) -> Iterator[int]:
    if zipfile.is_zipfile(archive):
        with zipfile.ZipFile(archive) as zipped:
            yield from (calendar.timegm(each.date_time) for each in zipped.infolist())
    elif tarfile.is_tarfile(archive):
        with tarfile.open(archive) as opened:
            yield from (int(each.mtime) for each in opened if each.isfile())
