"""Known vulnerabilities of what a package is made of, out of an export of OSV that lies on this machine.

Nothing is asked of any server: what the file says is all there is. The format is https://ossf.github.io/osv-schema; an
export is one record a file, in a folder or in an ``all.zip`` as https://google.github.io/osv.dev/data has them.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING, Any

from packageurl import PackageURL
from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version

from kafka_forge.errors import ArchiveDamaged, ArchiveRefused, OsvInvalid, said
from kafka_forge.ground import archives, jsons

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

    from kafka_forge.values.model import JsonObject

_SUFFIXES = (".json", ".zip")
_ORDERED = ("ECOSYSTEM", "SEMVER")
"""Types of ranges whose versions can be put in order here; those of git's commits need the repository."""
_GITHUB = "https://github.com"


@dataclass(frozen=True, slots=True)
class Known:
    """A vulnerability that a component has.

    Attributes:
        id: OSV's.
        component: the component's name and version.
        reference: its ``bom-ref`` in the document.
        summary: in one line; empty where the record has none.
    """

    id: str
    component: str
    reference: str
    summary: str


@dataclass(frozen=True, slots=True)
class Searched:
    """What came of a search.

    Attributes:
        records: how many the export has.
        found: what the package has.
        unnamed: components that have no name by which OSV could know them.
    """

    records: int
    found: tuple[Known, ...]
    unnamed: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Target:
    """A component by the name that OSV has for it: of the Python index, or of a repository."""

    ecosystem: str
    name: str
    version: str
    component: str
    reference: str


def search(data: JsonObject, export: Path) -> Searched:
    """Look for the components of a document in an export.

    Args:
        data: the document.
        export: a record, a list of them, an ``all.zip``, or a folder of such files.

    Raises:
        OsvInvalid: it is not there, has no record, or one that cannot be understood.
    """
    sources = data["metadata"]["component"].get("pedigree", {}).get("ancestors", ())
    everything = [*sources, *data.get("components", ())]
    named = {each["bom-ref"]: _target(each) for each in everything}
    by_name: dict[tuple[str, str], list[_Target]] = {}
    for target in filter(None, named.values()):
        by_name.setdefault((target.ecosystem, target.name), []).append(target)
    records, found = 0, list[Known]()
    for where, record in _records(export):
        records += 1
        try:
            found += _of(record, by_name)
        except (KeyError, TypeError, AttributeError) as error:
            raise _invalid(where, f"a record is not of OSV's form: {type(error).__name__}: {error}") from error
    if not records:
        raise _invalid(str(export), "there is no record in it")
    unnamed = sorted({each["name"] for each in everything if named[each["bom-ref"]] is None})
    return Searched(records, tuple(sorted(set(found), key=lambda each: (each.component, each.id))), tuple(unnamed))


def _target(component: JsonObject) -> _Target | None:
    if not component.get("purl"):
        return None
    purl = PackageURL.from_string(component["purl"])
    words = f"{component['name']} {component.get('version', '')}".strip()
    if purl.type == "pypi":
        return _Target("PyPI", canonicalize_name(purl.name), purl.version or "", words, component["bom-ref"])
    if purl.type == "github":
        name = f"{_GITHUB}/{purl.namespace}/{purl.name}".lower()
        return _Target("GIT", name, purl.version or "", words, component["bom-ref"])
    return None


def _of(record: JsonObject, by_name: Mapping[tuple[str, str], Iterable[_Target]]) -> Iterator[Known]:
    if record.get("withdrawn"):
        return
    identity, summary = str(record["id"]), str(record.get("summary") or "")
    for affected in record.get("affected", ()):
        for target in chain.from_iterable(by_name.get(name, ()) for name in _names(affected)):
            if _hit(target.version, affected):
                yield Known(identity, target.component, target.reference, summary)


def _names(affected: JsonObject) -> set[tuple[str, str]]:
    package = affected.get("package") or {}
    names = {
        ("GIT", str(each["repo"]).removesuffix(".git").lower()) for each in affected.get("ranges", ()) if "repo" in each
    }
    if str(package.get("ecosystem", "")).partition(":")[0] == "PyPI":
        names.add(("PyPI", canonicalize_name(str(package["name"]))))
    return names


def _hit(version: str, affected: JsonObject) -> bool:
    spelled = {version, version.removeprefix("v"), f"v{version}"}
    if spelled & set(affected.get("versions", ())):
        return True
    ranges = [each for each in affected.get("ranges", ()) if each["type"] in _ORDERED]
    return any(_within(version, each["events"]) for each in ranges)


def _within(version: str, events: Iterable[Mapping[str, Any]]) -> bool:
    """Tell whether a version is in a range: events are in order of versions, by the schema's own evaluation."""
    try:
        asked = Version(version.removeprefix("v"))
        ordered = sorted(
            (Version("0" if value == "0" else str(value)), kind) for event in events for kind, value in event.items()
        )
    except InvalidVersion:
        return False
    inside = False
    for at, kind in ordered:
        if kind == "introduced" and asked >= at:
            inside = True
        elif (kind == "fixed" and asked >= at) or (kind == "last_affected" and asked > at):
            inside = False
    return inside


def _records(export: Path) -> Iterator[tuple[str, JsonObject]]:
    if export.is_dir():
        files = sorted(file for file in export.rglob("*") if file.suffix in _SUFFIXES and file.is_file())
    else:
        files = [export]
    for file in files:
        try:
            if archives.format_of(file) is None:
                yield from ((str(file), each) for each in _parsed(file.read_bytes(), str(file)))
                continue
            for entry in archives.entries(file):
                if entry.kind is archives.Kind.FILE and entry.name.endswith(".json"):
                    where = f"{file}: {entry.name}"
                    yield from ((where, each) for each in _parsed(entry.read(), where))
        except (OSError, ArchiveDamaged, ArchiveRefused) as error:
            raise _invalid(str(file), f"it cannot be read: {said(error)}") from error


def _parsed(text: bytes, where: str) -> list[JsonObject]:
    try:
        data = jsons.parsed(text)
    except ValueError as error:
        raise _invalid(where, f"it is no JSON: {error}") from error
    found = data.get("vulns", [data]) if isinstance(data, dict) else data
    if not isinstance(found, list) or not all(isinstance(each, dict) and "id" in each for each in found):
        raise _invalid(where, "it is no record of OSV's, which has an id")
    return found


def _invalid(where: str, why: str) -> OsvInvalid:
    return OsvInvalid(
        f"this is no export of OSV's: {why}",
        where=where,
        todo="name a record, a folder of them, or an all.zip as osv.dev has one for each ecosystem.",
    )
