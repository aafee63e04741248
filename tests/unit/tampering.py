"""Packages, as somebody on the way could have changed them: the members of the zip, and those of the tars within."""

from __future__ import annotations

import io
import json
import tarfile
import warnings
import zipfile
from typing import TYPE_CHECKING, Any

from kafka_forge.ground.archives.streams import zstd

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

Members = list[tuple[str, bytes]]


def outer(file: Path, change: Callable[[Members], Members]) -> None:
    """Change the members of the zip."""
    with zipfile.ZipFile(file) as archive:
        members = [(name, archive.read(name)) for name in archive.namelist()]
    with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as archive, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of names that are there twice
        for name, content in change(members):
            archive.writestr(zipfile.ZipInfo(name), content)


def inner(file: Path, part: str, change: Callable[[Members], Members]) -> None:
    """Change the files of ``info`` or ``pkg``."""

    def changed(members: Members) -> Members:
        return [
            (name, _tar(change(_files(content))) if name.startswith(f"{part}-") else content)
            for name, content in members
        ]

    outer(file, changed)


def index(file: Path, **values: Any) -> None:
    """Change what ``info/index.json`` says."""

    def changed(members: Members) -> Members:
        return [
            (name, json.dumps({**json.loads(content), **values}).encode() if name == "info/index.json" else content)
            for name, content in members
        ]

    inner(file, "info", changed)


def _files(content: bytes) -> Members:
    with tarfile.open(fileobj=io.BytesIO(zstd().decompress(content))) as archive:
        return [(member.name, archive.extractfile(member).read()) for member in archive if member.isfile()]  # type: ignore[union-attr]


def _tar(members: Members) -> bytes:
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w") as archive:
        for name, content in members:
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return bytes(zstd().compress(made.getvalue()))
