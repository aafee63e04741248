"""How a conda prefix is laid out: the POSIX way and the Windows way."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from pathlib import PurePath, PurePosixPath

_GLIBC = ("libc.so.*", "libm.so.*", "libdl.so.*", "libpthread.so.*", "librt.so.*", "libresolv.so.*", "libutil.so.*")
_LOADERS = ("ld-linux-x86-64.so.*", "ld-linux-aarch64.so.*", "ld64.so.*")
_MACOS = ("/usr/lib/*", "/System/Library/*")
WINDOWS = (
    *("kernel32.dll", "ntdll.dll", "user32.dll", "advapi32.dll", "ws2_32.dll", "crypt32.dll", "secur32.dll"),
    *(
        "bcrypt.dll",
        "gdi32.dll",
        "iphlpapi.dll",
        "shell32.dll",
        "ole32.dll",
        "msvcrt.dll",
        "ucrtbase.dll",
        "api-ms-win-*.dll",
    ),
)
# What a solve for a platform that we don't stand on assumes: on Linux what the emulators have, and the newest that a
# Python of the embedded base needs is 2.38; on macOS what the newest of its Pythons needs.
_ASSUMED_LINUX = {"__unix": "0", "__linux": "5.10", "__glibc": "2.41"}
_ASSUMED_MACOS = {"__unix": "0", "__osx": "15.7"}


@dataclass(frozen=True, slots=True)
class Posix:
    """Linux and macOS; see `platforms.Platform` for the members."""

    name: str
    here: bool

    @property
    def library_dir(self) -> PurePosixPath:
        """See `Platform`."""
        return PurePosixPath("lib")

    @property
    def librdkafka(self) -> str:
        """See `Platform`."""
        return "librdkafka.1.dylib" if self._macos else "librdkafka.so.1"

    @property
    def binary_kind(self) -> str:
        """See `Platform`."""
        return "macho" if self._macos else "elf"

    @property
    def system_libraries(self) -> tuple[str, ...]:
        """See `Platform`."""
        return _MACOS if self._macos else (*_GLIBC, *_LOADERS)

    def python_executable(self) -> PurePosixPath:
        """See `Platform`."""
        return PurePosixPath("bin/python")

    def site_packages(self, python: str) -> PurePosixPath:
        """See `Platform`."""
        return PurePosixPath(f"lib/python{python}/site-packages")

    def search_path(self, prefix: PurePath) -> str:
        """See `Platform`."""
        return os.pathsep.join([str(prefix / "bin"), "/usr/bin", "/bin"])

    def virtual_packages(self) -> dict[str, str]:
        """See `Platform`."""
        return dict(_ASSUMED_MACOS if self._macos else _ASSUMED_LINUX)

    @property
    def emulator(self) -> str | None:
        """See `Platform`."""
        if self.here:
            return ""
        return f"qemu-{self.name.partition('-')[2]}" if sys.platform == "linux" and not self._macos else None

    @property
    def _macos(self) -> bool:
        return self.name.startswith("osx-")


@dataclass(frozen=True, slots=True)
class Windows:
    """Windows; see `platforms.Platform` for the members."""

    name: str
    here: bool

    @property
    def library_dir(self) -> PurePosixPath:
        """See `Platform`."""
        return PurePosixPath("Library/bin")

    @property
    def librdkafka(self) -> str:
        """See `Platform`."""
        return "rdkafka.dll"

    @property
    def binary_kind(self) -> str:
        """See `Platform`."""
        return "pe"

    @property
    def system_libraries(self) -> tuple[str, ...]:
        """See `Platform`."""
        return WINDOWS

    def python_executable(self) -> PurePosixPath:
        """See `Platform`."""
        return PurePosixPath("python.exe")

    def site_packages(self, python: str) -> PurePosixPath:  # noqa: ARG002  (one place for all versions)
        """See `Platform`."""
        return PurePosixPath("Lib/site-packages")

    def search_path(self, prefix: PurePath) -> str:
        """See `Platform`."""
        folders = [prefix, prefix / "Library" / "bin", prefix / "Scripts"]
        return ";".join([*map(str, folders), os.environ.get("PATH", "")])

    def virtual_packages(self) -> dict[str, str]:
        """See `Platform`."""
        return {"__win": "10.0"}

    @property
    def emulator(self) -> str | None:
        """See `Platform`."""
        return "" if self.here else "wine" if sys.platform == "linux" else None
