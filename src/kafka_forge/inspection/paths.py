"""Whether a file of the artifact holds a path of the machine that built it.

Looked at is the package as it was unpacked, before an installation put the real prefix in the placeholder's place.
The placeholder is legal where ``paths.json`` registers it, for there the installation replaces it; anywhere else,
and in any other shape, a build path would reach the user.

Forbidden are: the folders that the engine wrote down in ``rendered_recipe.yaml`` (so the answer is the same on any
machine), left-overs of the placeholder, the absolute name of a source in compiled Python, and, where the artifact was
built here, this machine's own folders.
``info/`` is looked at too, but for the files in which the engine records the build on purpose.
"""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

_RECORDS = ("info/paths.json", "info/has_prefix", "info/recipe/rendered_recipe.yaml")
_SHAPES = (b"host_env_placehold", b"h_env_placehold", b"placehold_placehold", b"/rattler-build_", b"/conda-bld/")
_DIRECTORY = re.compile(r"^\s+(?:host_prefix|build_prefix|work_dir|build_dir|recipe_dir|output_dir): (/\S+)$", re.M)
_AROUND = 60


def scan(package: Path, forbidden: Sequence[str]) -> dict[str, list[str]]:
    """Return file → what it holds that it may not, each with some characters around it.

    Args:
        package: the unpacked package.
        forbidden: absolute paths of this machine that no file may hold, besides those that the package itself names.
    """
    registered = _placeholders(package)
    needles = [*_SHAPES, *sorted({path.encode() for path in [*forbidden, *recorded_folders(package)]})]
    found: dict[str, list[str]] = {}
    for path in sorted(package.rglob("*")):
        name = path.relative_to(package).as_posix()
        if path.is_symlink() or not path.is_file() or name in _RECORDS:
            continue
        data = _without(path.read_bytes(), registered.get(name))
        hits = sorted({*_hits(data, needles), *(_compiled_from(data, name) if name.endswith(".pyc") else ())})
        if hits:
            found[name] = hits[:5]
    return found


def of_this_machine(*folders: Path | None) -> list[str]:
    """Return the folders given, this user's home and the toolkit's own environment, as strings to look for.

    Folders that any machine has (``/``, ``/tmp``, ``/usr``) say nothing about this one and are left out.
    """
    everyones = {"/", "/tmp", "/usr", "/usr/local", "/opt", "/home", "/var/tmp"}  # noqa: S108
    known = [*folders, Path.home(), Path(sys.prefix)]
    spelt = {str(spelling) for folder in known if folder for spelling in (folder, folder.resolve())}
    return sorted(spelt - everyones)


def recorded_folders(package: Path) -> list[str]:
    """Return the folders of the build that the engine wrote into the package's ``rendered_recipe.yaml``."""
    record = package / "info" / "recipe" / "rendered_recipe.yaml"
    if not record.is_file():
        return []
    return sorted(set(_DIRECTORY.findall(record.read_text(encoding="utf-8"))))


def _placeholders(package: Path) -> Mapping[str, bytes]:
    table = package / "info" / "paths.json"
    listed = json.loads(table.read_text(encoding="utf-8"))["paths"] if table.is_file() else []  # a wheel has none
    return {entry["_path"]: entry["prefix_placeholder"].encode() for entry in listed if entry.get("prefix_placeholder")}


def _without(data: bytes, placeholder: bytes | None) -> bytes:
    return data.replace(placeholder, b"") if placeholder else data


def _hits(data: bytes, needles: Sequence[bytes]) -> Iterator[str]:
    for needle in needles:
        at = data.find(needle)
        while at >= 0:
            end = at + len(needle)
            if _is_path(data, at, end, needle):
                yield _printable(data, at, end)
                break
            at = data.find(needle, at + 1)


def _compiled_from(data: bytes, name: str) -> Iterator[str]:
    """Yield the absolute path of the source in a ``.pyc``: where the packager had unpacked it, whatever that is called.

    Compiled with ``compileall -s PREFIX``, a module names its source relative to the prefix; with ``-p /`` as well, as
    if the prefix were the root. Both say nothing about the build.
    """
    folder, _, leaf = name.rpartition("/")
    source = f"{folder.removesuffix('__pycache__')}{leaf.split('.', 1)[0]}.py".encode()
    at = data.find(b"/" + source)
    if at >= 0 and not any(_is_short_string(data, start, at + 1 + len(source)) for start in (at, at + 1)):
        yield _printable(data, at, at + 1 + len(source))


def _is_short_string(data: bytes, start: int, end: int) -> bool:
    """Return whether marshal has written exactly these bytes as one string: a type, the length in one byte, the text.

    A length of 47 looks like a slash before the text.
    """
    return start >= 2 and data[start - 2] in b"zZ\xfa\xda" and data[start - 1] == end - start


def _is_path(data: bytes, start: int, end: int, needle: bytes) -> bool:
    """Tell ``/home/x`` from ``pytz/home/x`` and from ``/homely``; a compiler's ``-I/home/x`` is one, too."""
    if not needle.startswith(b"/") or needle in _SHAPES:
        return True
    before = data[max(0, start - 2) : start]
    glued = bool(re.search(rb"[\w.)}/-]$", before)) and before not in (b"-I", b"-L", b"-B")
    return not glued and not re.match(rb"[\w.-]", data[end : end + 1])


def _printable(data: bytes, start: int, end: int) -> str:
    left = re.split(rb"[^\x20-\x7e]", data[max(0, start - _AROUND) : start])[-1]
    right = re.split(rb"[^\x20-\x7e]", data[end : end + _AROUND])[0]
    return (left + data[start:end] + right).decode("ascii", errors="replace")
