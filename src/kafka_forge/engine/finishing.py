"""The last touch on a built package: what it says of the machine and the hour that built it is taken out.

The engine writes the channels that it solved from into ``info/about.json``; a ``file:`` URL there is a folder of
this machine, of no use to anyone else. It dates the package, and every file in it, by its own clock, and writes
``depends`` in an order that is another each time; so two builds of the same bytes would be two packages.
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

from kafka_forge.errors.hiding import hidden_in

if TYPE_CHECKING:
    from pathlib import Path

FORMAT = 2
"""Goes up with whatever changes what `finish` makes of a package: it stands in the key of each artifact."""
_LEVEL = 19
_UNIX = 3
"""What made a zip archive, by its own word; the least that it tells of who can read a file."""


def finish(package: Path, target: Path, stamp: int) -> None:
    """Copy a ``.conda`` file to ``target``, as it would be had any machine built it at any time.

    The format is CEP 27's: a stored zip archive with ``metadata.json``, ``pkg-*.tar.zst`` and ``info-*.tar.zst``.

    Args:
        package: the engine's file.
        target: the file to write.
        stamp: the time of the package and of all that it holds, in seconds since 1970 (``timestamp`` of
            ``info/index.json`` is in milliseconds).

    Raises:
        OSError: a file cannot be read or written.
    """
    with zipfile.ZipFile(package) as old, zipfile.ZipFile(target, "w", zipfile.ZIP_STORED) as new:
        for name in old.namelist():
            content = old.read(name)
            if name.endswith(".tar.zst"):
                content = _compress(_dated(_decompress(content), stamp))
            member = zipfile.ZipInfo(name, time.gmtime(stamp)[:6])
            member.create_system = _UNIX
            member.external_attr = 0o600 << 16
            new.writestr(member, content)


def _dated(archive: bytes, stamp: int) -> bytes:
    written = io.BytesIO()
    with tarfile.open(fileobj=io.BytesIO(archive)) as old, tarfile.open(fileobj=written, mode="w") as new:
        for member in old:
            stream = old.extractfile(member) if member.isfile() else None
            content = stream.read() if stream else b""
            if member.name in _CHANGES:
                content = _changed(member.name, content, stamp)
                member.size = len(content)
            member.mtime = stamp
            member.pax_headers = {key: value for key, value in member.pax_headers.items() if key != "mtime"}
            new.addfile(member, io.BytesIO(content))
    return written.getvalue()


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


_CHANGES = {"info/about.json": _forget_machine, "info/index.json": _date}


def _zstd() -> Any:
    """Return the zstd module of conda-package-streaming: Python's own since 3.14, before that its backport."""
    return importlib.import_module("compression.zstd" if sys.version_info >= (3, 14) else "backports.zstd")


def _decompress(content: bytes) -> bytes:
    return bytes(_zstd().decompress(content))


def _compress(content: bytes) -> bytes:
    return bytes(_zstd().compress(content, level=_LEVEL))
