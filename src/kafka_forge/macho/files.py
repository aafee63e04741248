"""The Mach-O files below a folder, and what they ask of the system and of each other, read with LIEF."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from kafka_forge.macho.signature import MAGIC

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_FAT_MAGIC = b"\xca\xfe\xba\xbe"
_CPUS = {"osx-64": "X86_64", "osx-arm64": "ARM64"}
_OF_SYSTEM = ("/usr/lib/", "/System/Library/")


@dataclass(frozen=True, slots=True)
class Needs:
    """What the Mach-O files of a folder need.

    Attributes:
        minos: the oldest macOS that all of them run on, ``"11.0"``; None where there is no such file.
        libraries: what they load and neither the system nor the folder itself has, as install names.
    """

    minos: str | None
    libraries: tuple[str, ...]

    def virtual(self) -> tuple[str, ...]:
        """Return the match spec on conda's virtual package, as conda-forge spells it."""
        return (f"__osx >={self.minos}",) if self.minos else ()


def needs(tree: Path, platform: str) -> Needs:
    """Read every Mach-O file below ``tree``, in files for several processors the part of the conda subdir's."""
    floor = (0, 0)
    loaded: set[str] = set()
    for _, binary in binaries(tree, platform):
        floor = max(floor, minos(binary) or (0, 0))
        loaded.update(name for name in libraries(binary) if not name.startswith(_OF_SYSTEM))
    here = {path.name for path in tree.rglob("*")}
    foreign = sorted(name for name in loaded if name.rpartition("/")[2] not in here)
    return Needs(f"{floor[0]}.{floor[1]}" if floor > (0, 0) else None, tuple(foreign))


def binaries(tree: Path, platform: str) -> Iterator[tuple[Path, Any]]:
    """Give the regular Mach-O files below ``tree`` and what LIEF reads of them, in a fixed order."""
    import lief

    lief.logging.disable()
    for path in sorted(tree.rglob("*")):
        if not path.is_file() or path.is_symlink():
            continue
        with path.open("rb") as stream:
            if stream.read(4) not in (MAGIC, _FAT_MAGIC):
                continue
        fat = lief.MachO.parse(str(path), lief.MachO.ParserConfig.quick)
        cpu = getattr(lief.MachO.Header.CPU_TYPE, _CPUS[platform])
        binary = fat.take(cpu) if fat is not None else None
        if binary is not None:
            yield path, binary


def libraries(binary: Any) -> list[str]:
    """Return the install names of what a Mach-O file loads."""
    import lief

    own = lief.MachO.LoadCommand.TYPE.ID_DYLIB
    return [str(command.name) for command in binary.libraries if command.command != own]


def minos(binary: Any) -> tuple[int, int] | None:
    """Return the oldest macOS that a Mach-O file says it runs on: LC_BUILD_VERSION or LC_VERSION_MIN_MACOSX."""
    if binary.has_build_version:
        version = binary.build_version.minos
    elif binary.has_version_min:
        version = binary.version_min.version
    else:
        return None
    return int(version[0]), int(version[1])
