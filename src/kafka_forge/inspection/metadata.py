"""What a package says of itself in ``info/``, and what its files say of the Python and the machine they are for."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from kafka_forge.ground import jsons
from kafka_forge.inspection import copies, declared
from kafka_forge.sboms import reading

if TYPE_CHECKING:
    from collections.abc import Collection
    from pathlib import Path

    from kafka_forge.values.model import JsonObject

_HEADERS = re.compile(r"^include/.*\.h$")
_VERSION = re.compile(r"^#define\s+(\w+_VERSION)\s+0x([0-9a-fA-F]{8})$", re.MULTILINE)
_MACHINES = {62: "x86_64", 183: "aarch64", 21: "ppc64le"}
"""``e_machine`` of elf(5): EM_X86_64, EM_AARCH64, EM_PPC64."""


def read(package: Path, prefix: Path, files: Collection[str]) -> JsonObject:
    """Return what `InspectEvidence.metadata` describes.

    Args:
        package: the unpacked package.
        prefix: the environment that it is installed in.
        files: the package's, relative to the prefix.
    """
    about = _json(package / "info" / "about.json")
    return {
        "index": _json(package / "info" / "index.json"),
        "run_exports": _json(package / "info" / "run_exports.json"),
        "license": about.get("license"),
        "licenses": _licenses(package / "info" / "licenses"),
        "shared": _shared(prefix, package.name, set(files)),
        "machines": {name: machine for name in files if (machine := _machine(prefix / name))},
        "undefined": declared.missing(prefix, files),
        "copies": copies.held(prefix, files),
        "sbom": _sbom(package),
        "headers": {name: version for name in files if (version := _header(prefix / name, name))},
    }


def _json(file: Path) -> dict[str, Any]:
    try:
        data = jsons.parsed(file.read_bytes())
    except (OSError, ValueError):
        return {}
    return data if isinstance(data, dict) else {}


def _sbom(package: Path) -> JsonObject:
    """Return what of the package's bill of materials is to be judged; an empty object where it has none."""
    index = _json(package / "info" / "index.json")
    file = package / reading.place(str(index.get("name")))
    try:
        data = reading.parsed(file.read_bytes())
    except OSError:
        return {}
    problems = [data] if isinstance(data, str) else reading.wrong(data, index)
    return {"file": file.relative_to(package).as_posix(), "problems": problems, "has": reading.counted(data)}


def _licenses(folder: Path) -> dict[str, int]:
    """Return the license files with their sizes in bytes."""
    return {path.relative_to(folder).as_posix(): path.stat().st_size for path in folder.rglob("*") if path.is_file()}


def _shared(prefix: Path, stem: str, own: set[str]) -> dict[str, str]:
    """Return the files that another package of the environment brings as well → that package.

    py-rattler installs both in silence and puts the loser's file aside, conda warns or refuses.
    """
    found = {}
    for path in (prefix / "conda-meta").glob("*.json"):
        if path.stem != stem:
            record = _json(path)
            named = {each["_path"] for each in record.get("paths_data", {}).get("paths", ())}
            named |= {
                each["original_path"]
                for each in record.get("paths_data", {}).get("paths", ())
                if each.get("original_path")
            }
            found.update(dict.fromkeys(own & (named | set(record.get("files", ()))), str(record.get("name"))))
    return found


def _machine(file: Path) -> str | None:
    """Return the machine of an ELF file; None of any other."""
    try:
        with file.open("rb") as stream:
            head = stream.read(20)
    except OSError:
        return None
    if file.is_symlink() or not head.startswith(b"\x7fELF"):
        return None
    number = int.from_bytes(head[18:20], "little" if head[5] == 1 else "big")
    return _MACHINES.get(number, str(number))


def _header(file: Path, name: str) -> str | None:
    """Return the version that a C header says it is of, as ``RD_KAFKA_VERSION`` is written: 0xMMmmrrxx."""
    if not _HEADERS.match(name) or not file.is_file():
        return None
    found = _VERSION.search(file.read_text(encoding="utf-8", errors="replace"))
    return ".".join(str(int(found[2][at : at + 2], 16)) for at in (0, 2, 4)) if found else None
