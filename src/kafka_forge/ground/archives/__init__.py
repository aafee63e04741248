"""The one door for archives: all that is read or unpacked of a tar, zip, wheel, jar, ``.deb``, crate or conda package.

`entries` gives the members in their order, each with its bytes; `unpack` makes a folder of them, whole or not at all;
`read` gives one file's bytes; `check` only looks, before others' software unpacks. What they let through lies within
one folder: no absolute name, no ``..``, no link that leads out however it is followed, no device, no two names that a
file system could take for one; and no more members and bytes than `Limits` say, whatever the archive declares. What
stands in the way is refused with `kafka_forge.errors.ArchiveRefused`, what is not whole with ``ArchiveDamaged``.

The bytes are taken apart by the standard library; `names` and `judging` are what we hold beside its own guards.
"""

from kafka_forge.ground.archives.door import check, entries, format_of, outer, read, unpack
from kafka_forge.ground.archives.entry import Entry, Kind
from kafka_forge.ground.archives.limits import Limits

__all__ = ["Entry", "Kind", "Limits", "check", "entries", "format_of", "outer", "read", "unpack"]
