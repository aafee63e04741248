"""What differs between platforms, behind one Protocol: folders, file names, and whether this machine can run them.

A platform is a conda subdir, for example ``linux-64``. Everything else in the toolkit is the same on all of them.
"""

from __future__ import annotations

import os
import platform as machine
import sys
from typing import TYPE_CHECKING, Protocol

from kafka_forge.errors import UnknownPlatform, UnsupportedMachine
from kafka_forge.platforms._layouts import Posix, Windows
from kafka_forge.values.model import PLATFORMS

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import PurePath, PurePosixPath

_SUBDIRS = {
    ("linux", "x86_64"): "linux-64",
    ("linux", "aarch64"): "linux-aarch64",
    ("linux", "ppc64le"): "linux-ppc64le",
    ("darwin", "x86_64"): "osx-64",
    ("darwin", "arm64"): "osx-arm64",
    ("win32", "amd64"): "win-64",
}


class Platform(Protocol):
    """One conda subdir, as far as installing and inspecting need to know it. All paths are relative to a prefix."""

    @property
    def name(self) -> str:
        """The conda subdir."""

    @property
    def library_dir(self) -> PurePosixPath:
        """Where shared libraries stand."""

    @property
    def librdkafka(self) -> str:
        """The file name under which a program loads librdkafka."""

    @property
    def binary_kind(self) -> str:
        """``elf``, ``macho`` or ``pe``."""

    @property
    def system_libraries(self) -> tuple[str, ...]:
        """`fnmatch` patterns of the libraries that every such system has, and that no package need bring."""

    def python_executable(self) -> PurePosixPath:
        """Where the interpreter stands."""

    def site_packages(self, python: str) -> PurePosixPath:
        """Where the modules of a Python (``"3.12"``) stand."""

    def search_path(self, prefix: PurePath) -> str:
        """Return the PATH that conda's activation gives a program in this prefix."""

    def virtual_packages(self) -> Mapping[str, str]:
        """Virtual package → version that a solve assumes where this machine is not of the platform."""

    @property
    def emulator(self) -> str | None:
        """What runs this platform's programs on this machine: an emulator's name, empty for none, None for nothing."""


def usable_cores() -> int:
    """Return how many cores this process may use, which can be fewer than the machine has."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def current() -> str:
    """Return the conda subdir of this machine.

    Raises:
        UnsupportedMachine: none of the six is this machine.
    """
    key = (sys.platform, machine.machine().lower())
    if key not in _SUBDIRS:
        raise UnsupportedMachine(
            f"{key[0]} on {key[1]} is none of the platforms that this project builds for",
            todo=f"run on one of {', '.join(PLATFORMS)}.",
        )
    return _SUBDIRS[key]


def of(name: str) -> Platform:
    """Return what is to be known about a conda subdir.

    Raises:
        UnknownPlatform: this project does not build for it.
    """
    if name not in PLATFORMS:
        raise UnknownPlatform(
            f"{name!r} is not a platform that this project builds for", todo=f"name one of {', '.join(PLATFORMS)}."
        )
    here = name == current()
    return Windows(name, here) if name.startswith("win-") else Posix(name, here)
