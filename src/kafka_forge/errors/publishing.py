"""KF6xx: publishing."""

from __future__ import annotations

from kafka_forge.errors.base import ForgeError


class UnknownChannel(ForgeError):
    """``--channel`` is neither a folder nor a server that can be published to."""

    code = "KF601"
    exit_code = 10


class NotProven(ForgeError):
    """A report is not green, or a file is not the one that its report is about: nothing was published."""

    code = "KF602"
    exit_code = 60


class AlreadyPublished(ForgeError):
    """The channel has a file of that name with other bytes; it is never replaced."""

    code = "KF603"
    exit_code = 60


class UploadRefused(ForgeError):
    """The server refused a file; ``details`` says which files are up and which are not."""

    code = "KF604"
    exit_code = 61


class UploadInterrupted(ForgeError):
    """An upload broke off; ``details`` says which files are up, which is in doubt, and which were not begun."""

    code = "KF605"
    exit_code = 61


class ChannelUnreachable(ForgeError):
    """The channel to publish to does not answer, so nobody knows what it has: nothing was published."""

    code = "KF606"
    exit_code = 20
