"""The last touch on a built package: what it says of the machine and the hour that built it is taken out.

The engine writes the channels that it solved from into ``info/about.json``; a ``file:`` URL there is a folder of
this machine, of no use to anyone else. It dates the package, and every file in it, by its own clock, and writes
``depends`` in an order that is another each time; so two builds of the same bytes would be two packages.

The engine also puts the recipe into the package as it rendered it. That is read here, for it alone tells what the
solver chose, and taken out: it is full of this machine's folders. What it told is put in as a bill of materials. And
the folder that it was built in is in the files that hold their prefix (`kafka_forge.engine.placeholders`).
"""

from __future__ import annotations

import importlib
import io
import json
import sys
import tarfile
import time
import zipfile
from typing import TYPE_CHECKING, Any

from kafka_forge.engine import placeholders
from kafka_forge.errors.hiding import hidden_in
from kafka_forge.sboms import reading

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

    from kafka_forge.values.model import JsonObject

    Describe = Callable[[JsonObject, JsonObject, str], bytes]
    """From ``info/index.json`` and ``info/about.json``, as they will be, and the rendered recipe to the document."""

FORMAT = 4
"""Goes up with whatever changes what `finish` makes of a package: it stands in the key of each artifact."""
_LEVEL = 19
_UNIX = 3
"""What made a zip archive, by its own word; the least that it tells of who can read a file."""


def finish(package: Path, target: Path, stamp: int, describe: Describe | None = None) -> None:
    """Copy a ``.conda`` file to ``target``, as it would be had any machine built it at any time.

    The format is CEP 27's: a stored zip archive with ``metadata.json``, ``pkg-*.tar.zst`` and ``info-*.tar.zst``.

    Args:
        package: the engine's file.
        target: the file to write.
        stamp: the time of the package and of all that it holds, in seconds since 1970 (``timestamp`` of
            ``info/index.json`` is in milliseconds).
        describe: writes its bill of materials; None leaves it without.

    Raises:
        OSError: a file cannot be read or written.
    """
    with zipfile.ZipFile(package) as old, zipfile.ZipFile(target, "w", zipfile.ZIP_STORED) as new:
        parts = {name: old.read(name) for name in old.namelist()}
        payload, info = _tars(parts)
        said = _decompress(parts[info])
        unpacked, changed = placeholders.replaced(_decompress(parts[payload]), said)
        parts[payload] = _compress(_dated(unpacked, stamp, None))
        parts[info] = _compress(_dated(said, stamp, describe, changed))
        for name, content in parts.items():
            member = zipfile.ZipInfo(name, time.gmtime(stamp)[:6])
            member.create_system = _UNIX
            member.external_attr = 0o600 << 16
            new.writestr(member, content)


def _tars(names: Iterable[str]) -> tuple[str, str]:
    """Return the names of a package's two archives: its files, and what it says of itself."""
    payload, info = (next(name for name in names if name.startswith(f"{each}-")) for each in ("pkg", "info"))
    return payload, info


def _dated(archive: bytes, stamp: int, describe: Describe | None, changed: bytes | None = None) -> bytes:
    """Write an archive with one time for all members; ``changed`` is ``info/paths.json`` as it has to be."""
    written = io.BytesIO()
    told: dict[str, bytes] = {}
    with tarfile.open(fileobj=io.BytesIO(archive)) as old, tarfile.open(fileobj=written, mode="w") as new:
        for member in old:
            stream = old.extractfile(member) if member.isfile() else None
            content = stream.read() if stream else b""
            if member.name in _CHANGES:
                content = _changed(member.name, content, stamp)
            if member.name == placeholders.PATHS and changed is not None:
                content = changed
            if member.name in (*_CHANGES, _RENDERED):
                told[member.name] = content
            if member.name == _RECIPE or member.name.startswith(f"{_RECIPE}/"):
                continue
            _add(new, member, content, stamp)
        if describe is not None:
            index, about = (json.loads(told[name]) for name in (_INDEX, _ABOUT))
            member = tarfile.TarInfo(reading.place(index["name"]))
            _add(new, member, describe(index, about, told[_RENDERED].decode()), stamp)
    return written.getvalue()


def _add(archive: tarfile.TarFile, member: tarfile.TarInfo, content: bytes, stamp: int) -> None:
    if not member.issym() and not member.islnk():
        member.size = len(content)
    member.mtime = stamp
    member.pax_headers = {key: value for key, value in member.pax_headers.items() if key != "mtime"}
    archive.addfile(member, io.BytesIO(content))


def _changed(name: str, content: bytes, stamp: int) -> bytes:
    data = json.loads(content)
    _CHANGES[name](data, stamp)
    return json.dumps(data, indent=2, sort_keys=True).encode()


def _forget_machine(about: dict[str, Any], stamp: int) -> None:
    del stamp
    about["channels"] = hidden_in([url for url in about.get("channels", []) if not url.startswith("file:")])


def _date(index: dict[str, Any], stamp: int) -> None:
    index["timestamp"] = stamp * 1000
    index["depends"] = sorted(index.get("depends", []))


_INDEX, _ABOUT = "info/index.json", "info/about.json"
_CHANGES = {_ABOUT: _forget_machine, _INDEX: _date}
_RECIPE = "info/recipe"
_RENDERED = f"{_RECIPE}/rendered_recipe.yaml"


def _zstd() -> Any:
    """Return the zstd module of conda-package-streaming: Python's own since 3.14, before that its backport."""
    return importlib.import_module("compression.zstd" if sys.version_info >= (3, 14) else "backports.zstd")


def _decompress(content: bytes) -> bytes:
    return bytes(_zstd().decompress(content))


def _compress(content: bytes) -> bytes:
    return bytes(_zstd().compress(content, level=_LEVEL))
