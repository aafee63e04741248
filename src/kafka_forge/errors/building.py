"""KF3xx: solving and building."""

from __future__ import annotations

from kafka_forge.errors.base import ForgeError


class SolveFailed(ForgeError):
    """The solver finds no environment; ``details`` is its own explanation."""

    code = "KF301"
    exit_code = 30


class BuildFailed(ForgeError):
    """A build script or the engine failed; ``details`` has the log's last lines, ``where`` the whole log."""

    code = "KF302"
    exit_code = 30


class CompilerCacheBroken(BuildFailed):
    """A file of zig's own cache is not what zig has written; ``where`` is the log of the build that met it, if any."""

    code = "KF304"
    exit_code = 30
    REMOVE = "remove it with `kafka-forge clean compiler`, and try again."


class BaseBuildFailed(ForgeError):
    """A package of the embedded base channel could not be made."""

    code = "KF303"
    exit_code = 30
