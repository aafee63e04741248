"""A macOS jar of ``org.bytedeco:cpython`` becomes a conda prefix.

Its binaries are relocatable as they are: they name libpython by ``@rpath`` and look for it in ``@loader_path/../lib``,
and the other libraries that they load belong to macOS. What does not are libraries of Homebrew, by their absolute
paths: such a module is led to the base channel's library where there is one, and taken out where there is none.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from kafka_forge.bases import cpython_jar
from kafka_forge.errors import BaseBuildFailed
from kafka_forge.macho import files as macho
from kafka_forge.macho import signature

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

REVISION = 1
"""Goes up whenever `stage` would lay out another prefix from the same jar."""

_LIBRARY = re.compile(r"libpython[\d.]*\.dylib$")
_HOMEBREW = ("/opt/homebrew/", "/usr/local/opt/")
_UP = "@loader_path/../../"
"""From ``lib/python3.X/lib-dynload`` to ``lib``."""

_ELF_NAMES = {"libzstd.1.dylib": "libzstd.so.1"}
"""Libraries of the base channel that take Homebrew's place → their sonames, by which the lock knows their package."""


def stage(jar: Path, tree: Path, python: str, platform: str) -> None:
    """Lay the jar's files out below ``tree`` as a conda prefix.

    Args:
        jar: a ``cpython-<release>-macosx-<arch>.jar``.
        tree: a folder to be filled; it stands for the prefix.
        python: ``"3.12"``.
        platform: the conda subdir.

    Raises:
        BaseBuildFailed: the jar is not laid out as expected, or a signature cannot be renewed.
    """
    cpython_jar.unpack(jar, tree, _LIBRARY)
    library = tree / "lib" / f"python{python}"
    maker = cpython_jar.maker_of(library, jar)
    cpython_jar.link_names(tree, python)
    cpython_jar.settle(tree, python, maker, _neutral)
    changed = {
        path for path in cpython_jar.files(tree) if cpython_jar.replace_maker(path, maker.encode(), signature.MAGIC)
    }
    changed |= _leave_homebrew(library / "lib-dynload", platform)
    for path in sorted(changed):
        if path.exists():
            signature.renew(path)


def needs(tree: Path, platform: str, pins: Mapping[str, str]) -> tuple[str, ...]:
    """Return match specs for macOS and for the libraries of other packages that the staged binaries load.

    Args:
        tree: the staged prefix.
        platform: the conda subdir.
        pins: soname → match spec, as `Libraries.pins` gives them.

    Raises:
        BaseBuildFailed: they load what neither macOS nor the base channel has.
    """
    found = macho.needs(tree, platform)
    unknown = [name for name in found.libraries if name.removeprefix(_UP) not in _ELF_NAMES]
    if unknown:
        raise BaseBuildFailed(
            f"this Python loads what neither macOS nor the base channel has: {', '.join(unknown)}",
            where=str(tree),
            todo="take the modules that load it out (cpython_macos.py).",
        )
    return (*found.virtual(), *(pins[_ELF_NAMES[name.removeprefix(_UP)]] for name in found.libraries))


def _neutral(text: str) -> str:
    """Take the flags that only the jar's maker needed, and the paths of his tools, out of a text."""
    text = re.sub(r" ?-s -Wl,-rpath,@loader_path[^\s'\"]*", "", text)
    return re.sub(r"-[IL](/opt/homebrew|/usr/local/opt|/Applications/Xcode)[^\s'\"]* ?", "", text)


def _leave_homebrew(dynload: Path, platform: str) -> set[Path]:
    """Lead modules that load libraries of Homebrew to the base channel's, or take them out; return what was changed."""
    changed = set()
    for path, binary in list(macho.binaries(dynload, platform)):
        foreign = [name for name in macho.libraries(binary) if name.startswith(_HOMEBREW)]
        if not foreign:
            continue
        if all(name.rpartition("/")[2] in _ELF_NAMES for name in foreign):
            for name in foreign:
                _rename(path, name, _UP + name.rpartition("/")[2])
            changed.add(path)
        else:
            path.unlink()
    return changed


def _rename(path: Path, old: str, new: str) -> None:
    """Put another install name in the place of one in a load command; it must not be longer."""
    content = path.read_bytes()
    found = old.encode() + b"\0"
    if len(new) > len(old) or content.count(found) != 1:
        raise BaseBuildFailed(
            f"{path.name} cannot be led from {old} to {new}",
            where=str(path),
            todo="take the module out (cpython_macos.py), or lock another release of org.bytedeco:cpython.",
        )
    path.write_bytes(content.replace(found, new.encode().ljust(len(found), b"\0")))
