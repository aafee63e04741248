"""The prefix that a package was built in, which stands in its files until they are installed.

The engine builds in a folder whose path it fills up to 255 characters, writes down the files that hold that path
(``prefix_placeholder`` of ``info/paths.json``, CEP 34), and who installs puts the real prefix in its place. The path
begins with the folder that the build happened to work in; so two builds in two places gave two packages. Any path of
the same length serves as well. Binaries are left alone: no recipe's may hold its prefix, and those of the base that do
(OpenSSL's default folders) are signed for macOS as they are.
"""

from __future__ import annotations

import hashlib
import io
import json
import tarfile

PATHS = "info/paths.json"
_BEGIN, _FILL = "/kafka-forge/", "_placehold"
_SHORTEST = 64
"""Characters: a path that is not filled up (Windows' own builds) is left alone, for its length differs, too."""


def neutral(length: int) -> str:
    """Return the path of this many characters that stands for every build's.

    >>> neutral(20), len(neutral(255))
    ('/kafka-forge/_placeh', 255)
    """
    return (_BEGIN + _FILL * (length // len(_FILL) + 1))[:length]


def replaced(payload: bytes, info: bytes) -> tuple[bytes, bytes | None]:
    """Put the neutral path into the files that hold the build's.

    Args:
        payload: the tar archive of the package's files.
        info: the tar archive of what it says of itself.

    Returns:
        The archive of the files, and ``info/paths.json`` as it is then; None where nothing had to change.
    """
    paths = _paths(info)
    told = {each["_path"]: each for each in paths.get("paths", ()) if _is_ours(each)}
    if not told:
        return payload, None
    written = io.BytesIO()
    with tarfile.open(fileobj=io.BytesIO(payload)) as old, tarfile.open(fileobj=written, mode="w") as new:
        for member in old:
            stream = old.extractfile(member) if member.isfile() else None
            content = stream.read() if stream else b""
            if member.isfile() and member.name in told:
                content = _neutralized(content, told[member.name])
            new.addfile(member, io.BytesIO(content) if member.isfile() else None)
    return written.getvalue(), json.dumps(paths, indent=2, ensure_ascii=False).encode()


def _paths(info: bytes) -> dict[str, list[dict[str, str]]]:
    with tarfile.open(fileobj=io.BytesIO(info)) as archive:
        for member in archive:
            stream = archive.extractfile(member) if member.name == PATHS else None
            if stream is not None:
                return dict(json.loads(stream.read()))
    return {}


def _is_ours(row: dict[str, str]) -> bool:
    placeholder = row.get("prefix_placeholder") or ""
    return row.get("file_mode") == "text" and placeholder.startswith("/") and len(placeholder) >= _SHORTEST


def _neutralized(content: bytes, row: dict[str, str]) -> bytes:
    """Return a file's bytes, of which there are as many as before, and bring its row in step."""
    old = row["prefix_placeholder"]
    new = neutral(len(old))
    content = content.replace(old.encode(), new.encode())
    row["prefix_placeholder"], row["sha256"] = new, hashlib.sha256(content).hexdigest()
    return content
