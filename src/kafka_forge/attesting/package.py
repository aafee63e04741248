"""What of a package file an attestation is about: its name, its sum, and whether it fits what it says of itself.

An attestation binds a name to bytes, whatever they are. That the bytes are a package of that name, with the files that
its own ``info/paths.json`` lists, is looked at here: before it is signed, and for the reason where a sum is not right.
The format is that of https://docs.conda.io/projects/conda-build/en/stable/resources/package-spec.html.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from kafka_forge.errors import ArchiveDamaged, ArchiveRefused, UnknownPackage
from kafka_forge.ground import archives, jsons
from kafka_forge.ground.archives import Kind
from kafka_forge.ground.files import sha256_of
from kafka_forge.values.model import PLATFORMS

if TYPE_CHECKING:
    from pathlib import Path

    from kafka_forge.ground.archives import Entry
    from kafka_forge.values.model import JsonObject

SUFFIX = ".conda"
_INDEX, _PATHS = "info/index.json", "info/paths.json"
_SHOWN = 8


@dataclass(frozen=True, slots=True)
class Package:
    """A package file as it was found.

    Attributes:
        file: where it stands.
        sha256: of its bytes.
    """

    file: Path
    sha256: str


def found(file: Path) -> Package:
    """Return a package file with its sum.

    Raises:
        UnknownPackage: there is no such file, or it is no ``.conda`` by its name.
    """
    if not file.is_file():
        raise UnknownPackage(f"there is no file {file}", todo="name the package file itself, by its path.")
    if not file.name.endswith(SUFFIX):
        raise UnknownPackage(
            f"{file.name} is no {SUFFIX} package", where=str(file), todo=f"name a package that ends in {SUFFIX}."
        )
    return Package(file, sha256_of(file))


def faults(file: Path) -> tuple[str, ...]:
    """Return what of a package does not fit what it says of itself; nothing where all does.

    Looked at are the archive (through the door), its members, its name, the folder that it stands in where that is a
    channel's, and its files' sums.
    """
    try:
        return tuple(_misnamed(file) or _unlisted(file))
    except (ArchiveRefused, ArchiveDamaged) as error:
        return (error.what,)


def _misnamed(file: Path) -> list[str]:
    stem = file.name.removesuffix(SUFFIX)
    wanted = {"metadata.json", f"info-{stem}.tar.zst", f"pkg-{stem}.tar.zst"}
    members = archives.outer(file)
    said = [f"it has {name} twice" for name in sorted({name for name in members if members.count(name) > 1})]
    said += [f"it has {name}, which no package of this name has" for name in sorted({*members} - wanted)]
    return said + [f"it has no {name}" for name in sorted(wanted - {*members})]


def _unlisted(file: Path) -> list[str]:
    here: dict[str, tuple[Entry, str]] = {}
    records: dict[str, JsonObject] = {}
    for entry in archives.entries(file):
        if entry.name in (_INDEX, _PATHS):
            content = entry.read()
            records[entry.name] = _json(content)
        elif entry.kind is not Kind.FOLDER and not entry.name.startswith("info/"):
            here[entry.name] = (entry, _sum(entry))
    said = _of_index(file, records.get(_INDEX, {}))
    listed = {str(each.get("_path")): each for each in records.get(_PATHS, {}).get("paths", ())}
    said += [f"{name}: an added file, which its {_PATHS} does not list" for name in sorted(here.keys() - listed.keys())]
    gone = (name for name, each in listed.items() if name not in here and each.get("path_type") != "directory")
    said += [f"{name}: a removed file, which its {_PATHS} lists" for name in sorted(gone)]
    both = sorted(here.keys() & listed.keys())
    said += [f"{name}: not the bytes that its {_PATHS} lists" for name in both if _other(here[name], listed[name])]
    return said if len(said) <= _SHOWN else [*said[:_SHOWN], f"and {len(said) - _SHOWN} more"]


def _of_index(file: Path, index: JsonObject) -> list[str]:
    name = "-".join(str(index.get(key, "?")) for key in ("name", "version", "build"))
    said = [] if file.name == name + SUFFIX else [f"its {_INDEX} is of {name}"]
    folder, subdir = file.resolve().parent.name, index.get("subdir")
    if folder in (*PLATFORMS, "noarch") and folder != subdir:
        said.append(f"its {_INDEX} is for {subdir}, and it stands in {folder}")
    return said


def _sum(entry: Entry) -> str:
    digest = hashlib.sha256()
    for chunk in entry.chunks():
        digest.update(chunk)
    return digest.hexdigest()


def _other(found_: tuple[Entry, str], listed: JsonObject) -> bool:
    entry, sha256 = found_
    if entry.kind is not Kind.FILE or listed.get("path_type") not in (None, "hardlink"):
        return (entry.kind is Kind.LINK) != (listed.get("path_type") == "softlink")
    return bool(sha256 != listed.get("sha256", sha256) or entry.size != listed.get("size_in_bytes", entry.size))


def _json(content: bytes) -> JsonObject:
    try:
        value = jsons.parsed(content)
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}
