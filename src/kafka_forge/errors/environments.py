"""KF4xx: environments and inspection."""

from __future__ import annotations

from kafka_forge.errors.base import ForgeError


class InstallFailed(ForgeError):
    """A solved environment could not be linked into its prefix."""

    code = "KF401"
    exit_code = 40


class ProbeFailed(ForgeError):
    """The program that looks from inside the fresh environment ended without a usable answer."""

    code = "KF402"
    exit_code = 40


class EmulatorMissing(ForgeError):
    """This machine could run the platform's programs, but lacks the emulator; ``todo`` has the command."""

    code = "KF403"
    exit_code = 40


class EmulatorCrashed(ForgeError):
    """The emulator itself failed, so nothing is known about the artifact that it ran."""

    code = "KF404"
    exit_code = 41


class UnknownEnvironment(ForgeError):
    """What was named as an environment to look at has no Python, or one that cannot be looked at."""

    code = "KF405"
    exit_code = 10
