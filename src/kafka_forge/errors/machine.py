"""KF9xx: the machine."""

from __future__ import annotations

from typing import ClassVar

from kafka_forge.errors.base import ForgeError


class DiskFull(ForgeError):
    """The file system has no room left."""

    code = "KF901"
    exit_code = 90
    MAKE_ROOM: ClassVar[str] = (
        "free some space (`kafka-forge clean` shows what the cache holds), or set KAFKA_FORGE_CACHE."
    )
    """The ``todo`` of wherever it shows."""


class NotWritable(ForgeError):
    """The cache or the output folder may not be written."""

    code = "KF902"
    exit_code = 90


class UnsupportedMachine(ForgeError):
    """This machine's platform or Python cannot do what was asked."""

    code = "KF903"
    exit_code = 90


class InternalError(ForgeError):
    """A fault of the toolkit itself: any exception that is none of the above."""

    code = "KF999"
    exit_code = 99
