"""KF2xx: network and sources."""

from __future__ import annotations

from kafka_forge.errors.base import ForgeError


class NoNetwork(ForgeError):
    """No package registry answers at all."""

    code = "KF201"
    exit_code = 20


class SourceUnreachable(ForgeError):
    """No provider could obtain the bytes; ``details`` lists each one tried and its answer."""

    code = "KF202"
    exit_code = 20


class ChecksumMismatch(ForgeError):
    """The bytes are not those of the sha256; nothing was kept. ``details`` names both sums."""

    code = "KF203"
    exit_code = 21


class BaseUnreachable(ForgeError):
    """The base channel that was forced with ``--base`` does not answer."""

    code = "KF204"
    exit_code = 20


class LockGone(ForgeError):
    """What a lock names can be had nowhere any more: every place answers, and none has it."""

    code = "KF205"
    exit_code = 23


class AnswerInvalid(ForgeError):
    """An index or a repository answers, and what it answers is nothing that it could mean."""

    code = "KF206"
    exit_code = 22


class ArchiveRefused(ForgeError):
    """An archive holds what may not come in: a name or a link that leads out, a device, too much of anything."""

    code = "KF207"
    exit_code = 24


class ArchiveDamaged(ForgeError):
    """An archive is not whole, or is none of a kind that is known here."""

    code = "KF208"
    exit_code = 24
