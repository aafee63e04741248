"""What was seen of an artifact before, and holds as long as nothing has changed that decides it, byte for byte.

It is for what takes long and depends on the artifact and its environment alone: no broker, no network.
"""

from __future__ import annotations

import hashlib
import json
import os
from datetime import datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from kafka_forge.ground.files import sha256_of, write_text_atomic
from kafka_forge.inspection import brought

if TYPE_CHECKING:
    from collections.abc import Callable

    from kafka_forge.values.model import Environment, JsonObject


def once(
    environment: Environment, name: str, key: str, look: Callable[[], JsonObject], good: Callable[[JsonObject], bool]
) -> JsonObject:
    """Return what was kept under this key, or look, and keep what is good.

    The note lies beside that of the artifact's key. Where there is none, the artifact is somebody else's file, into
    whose folder nothing is written.

    Args:
        environment: the artifact's fresh environment.
        name: of the note, among those of this artifact.
        key: a sha256 of all that decides what is seen.
        look: looks.
        good: whether what is seen may be kept: a failure is always looked at again.

    Returns:
        What ``look`` returned, now or before; ``ran``: when, in ISO 8601; ``reused``: whether it was before.

    Raises:
        DiskFull, NotWritable: the file system refuses.
    """
    file = environment.artifact.path
    note = file.parents[1] / ".notes" / file.parent.name / f"{file.name}.{name}.json"
    kept = _read(note)
    if kept.pop("key", None) == key:
        return {**kept, "reused": True}
    ran = datetime.now(timezone.utc).isoformat(timespec="seconds")
    looked = look()
    seen = {**looked, "ran": ran}
    if good(looked) and note.parent.is_dir():
        write_text_atomic(note, json.dumps({"key": key, **seen}, indent=1) + "\n")
    return {**seen, "reused": False}


def key_of(environment: Environment, *others: object) -> str:
    """Return the sha256 of an artifact, of what stands in its environment, and of other things that JSON can hold."""
    records = [json.loads(path.read_bytes()) for path in (environment.prefix / "conda-meta").glob("*.json")]
    packages = sorted([record["name"], str(record.get("sha256"))] for record in records)
    parts = [environment.artifact.sha256, packages, *others]
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()


def files_of(environment: Environment) -> list[list[str]]:
    """Return the artifact's files as they stand in the prefix, each with a sha256: somebody may have changed one.

    The prefix has another name in each run, and stands in some of the files: it is left out of the sum.

    Raises:
        InstallFailed: the environment's record of the artifact is missing.
    """
    files = brought.of(environment).files
    prefix = environment.prefix
    names = {os.fsencode(prefix), prefix.as_posix().encode()}
    return [[name, _sum(prefix / name, names)] for name in files if (prefix / name).is_file()]


def _sum(file: Path, names: set[bytes]) -> str:
    data = file.read_bytes()
    for name in names:
        data = data.replace(name, b"PREFIX")
    return hashlib.sha256(data).hexdigest()


def index_of(channel: str, environment: Environment) -> list[str]:
    """Return the sha256 of each index of a channel on this machine; none of a remote one, or of the artifact's own."""
    folder = Path(unquote(urlsplit(channel).path))
    if not channel.startswith("file:") or folder == environment.artifact.path.parents[1]:
        return []
    files = [folder / subdir / "repodata.json" for subdir in (environment.artifact.cell.platform, "noarch")]
    return [sha256_of(file) for file in files if file.is_file()]


def _read(note: Path) -> JsonObject:
    try:
        kept: JsonObject = json.loads(note.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return kept
