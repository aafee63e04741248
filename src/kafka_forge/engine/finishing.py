"""The last touch on a built package: what it says of the machine that built it is taken out.

The engine writes the channels that it solved from into ``info/about.json``; a ``file:`` URL there is a folder of
this machine, of no use to anyone else.
"""

from __future__ import annotations

import importlib
import io
import json
import sys
import tarfile
import zipfile
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path

_LEVEL = 19


def forget_machine(package: Path, target: Path) -> None:
    """Copy a ``.conda`` file to ``target`` without the local channels in its ``info/about.json``.

    The files that the package installs are copied as they are, compressed as they were. The format is CEP 27's: a
    stored zip archive with ``metadata.json``, ``pkg-*.tar.zst`` and ``info-*.tar.zst``.

    Raises:
        OSError: a file cannot be read or written.
    """
    with zipfile.ZipFile(package) as old, zipfile.ZipFile(target, "w", zipfile.ZIP_STORED) as new:
        for member in old.infolist():
            content = old.read(member)
            if member.filename.startswith("info-"):
                content = _compress(_cleaned(_decompress(content)))
            new.writestr(zipfile.ZipInfo(member.filename, member.date_time), content)


def _cleaned(archive: bytes) -> bytes:
    written = io.BytesIO()
    with tarfile.open(fileobj=io.BytesIO(archive)) as old, tarfile.open(fileobj=written, mode="w") as new:
        for member in old:
            stream = old.extractfile(member)
            content = stream.read() if stream else b""
            if member.name == "info/about.json":
                about = json.loads(content)
                about["channels"] = [url for url in about.get("channels", []) if not url.startswith("file:")]
                content = json.dumps(about, indent=2, sort_keys=True).encode()
                member.size = len(content)
            new.addfile(member, io.BytesIO(content))
    return written.getvalue()


def _zstd() -> Any:
    """Return the zstd module of conda-package-streaming: Python's own since 3.14, before that its backport."""
    return importlib.import_module("compression.zstd" if sys.version_info >= (3, 14) else "backports.zstd")


def _decompress(content: bytes) -> bytes:
    return bytes(_zstd().decompress(content))


def _compress(content: bytes) -> bytes:
    return bytes(_zstd().compress(content, level=_LEVEL))
