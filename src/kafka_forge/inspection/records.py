"""What a Python distribution's own list of its files says, beside the files themselves.

The list is ``RECORD`` in its ``.dist-info`` folder: by it `importlib.metadata` answers which files belong to a
distribution, and pip takes them away again. Its format is
https://packaging.python.org/en/latest/specifications/recording-installed-packages/#the-record-file.
"""

from __future__ import annotations

import base64
import csv
import hashlib
import posixpath
from typing import TYPE_CHECKING

from kafka_forge.values.evidence import RecordLine

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator
    from pathlib import Path


def read(prefix: Path, files: Collection[str]) -> dict[str, tuple[RecordLine, ...]]:
    """Return every RECORD among a package's files → its lines, in order.

    Args:
        prefix: the environment that the package is installed in.
        files: the package's, relative to the prefix. What stands in the prefix beside them (compiled files, say) does
            not make a line true.
    """
    own = set(files)
    return {
        file: tuple(_lines(prefix, file, own))
        for file in sorted(own)
        if file.endswith(".dist-info/RECORD") and (prefix / file).is_file()
    }


def _lines(prefix: Path, record: str, own: set[str]) -> Iterator[RecordLine]:
    site = posixpath.dirname(posixpath.dirname(record))
    with (prefix / record).open(newline="", encoding="utf-8", errors="replace") as stream:
        for row in csv.reader(stream):
            if row:
                path, digest, size = (*row, "", "")[:3]
                file = posixpath.normpath(posixpath.join(site, path))
                found = _measure(prefix / file, digest) if file in own else None
                yield RecordLine(path, file, (digest, size), found)


def _measure(file: Path, like: str) -> tuple[str, str] | None:
    """Return a file's hash and size as RECORD spells them, the hash by the algorithm of the given one."""
    try:
        data = file.read_bytes()
    except OSError:
        return None
    algorithm = like.partition("=")[0]
    if algorithm not in hashlib.algorithms_guaranteed or algorithm.startswith("shake_"):
        return "", str(len(data))
    digest = base64.urlsafe_b64encode(hashlib.new(algorithm, data, usedforsecurity=False).digest())
    return f"{algorithm}={digest.rstrip(b'=').decode()}", str(len(data))
