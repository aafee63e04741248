"""Known vulnerabilities of what a package is made of, out of an export of OSV that lies on this machine.

Nothing is asked of any server: what the file says is all there is. The format is https://ossf.github.io/osv-schema; an
export is one record a file, in a folder or in an ``all.zip`` as https://google.github.io/osv.dev/data has them.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING

from packageurl import PackageURL
from packaging.utils import canonicalize_name

from kafka_forge.errors import ArchiveDamaged, ArchiveRefused, OsvInvalid, said
from kafka_forge.ground import archives, jsons
from kafka_forge.sboms import upstreams
from kafka_forge.sboms.affected import Hit, judge

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

    from kafka_forge.values.model import JsonObject

_SUFFIXES = (".json", ".zip")
_GITHUB = "https://github.com"
_LIMITS = archives.Limits(total=64 << 30, members=4_000_000)
"""Of an export: OSV's own of everything has some hundred thousand records; one is read at a time, and none unpacked."""


@dataclass(frozen=True, slots=True)
class Known:
    """A vulnerability that a component has.

    Attributes:
        id: OSV's.
        component: the component's name and version.
        reference: its ``bom-ref`` in the document.
        summary: in one line; empty where the record has none.
        only_built: whether the component only built the package, and is not in it.
    """

    id: str
    component: str
    reference: str
    summary: str
    only_built: bool = False


@dataclass(frozen=True, slots=True)
class Searched:
    """What came of a search.

    Attributes:
        records: how many the export has.
        found: what the package has.
        unnamed: components that have no name by which OSV could know them.
        untold: what records are about by name, while whether the version is affected cannot be told here: they name
            commits alone, or the version is not known.
    """

    records: int
    found: tuple[Known, ...]
    unnamed: tuple[str, ...]
    untold: tuple[Known, ...] = ()


@dataclass(frozen=True, slots=True)
class _Target:
    """A component by a name that OSV has for it: of the Python index, or of a repository."""

    ecosystem: str
    name: str
    version: str
    component: str
    reference: str
    only_built: bool


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
    named = {each["bom-ref"]: _targets(each) for each in everything}
    by_name: dict[tuple[str, str], list[_Target]] = {}
    for target in chain.from_iterable(named.values()):
        by_name.setdefault((target.ecosystem, target.name), []).append(target)
    records, told = 0, set[tuple[Hit, Known]]()
    for where, record in _records(export):
        records += 1
        try:
            told.update(_of(record, by_name))
        except (KeyError, TypeError, AttributeError, ValueError) as error:
            raise _invalid(where, f"a record is not of OSV's form: {type(error).__name__}: {error}") from error
    if not records:
        raise _invalid(str(export), "there is no record in it")
    found = {each for hit, each in told if hit is Hit.YES}
    untold = {each for hit, each in told if hit is Hit.UNTOLD} - found
    unnamed = sorted({each["name"] for each in everything if not named[each["bom-ref"]]})
    return Searched(records, _sorted(found), tuple(unnamed), _sorted(untold))


def _sorted(found: Iterable[Known]) -> tuple[Known, ...]:
    return tuple(sorted(found, key=lambda each: (each.component, each.id, each.reference)))


def _targets(component: JsonObject) -> tuple[_Target, ...]:
    if not component.get("purl"):
        return ()
    purl = PackageURL.from_string(component["purl"])
    words = f"{component['name']} {component.get('version', '')}".strip()
    only_built = component.get("scope") == "excluded"

    def known(ecosystem: str, name: str) -> _Target:
        return _Target(ecosystem, name, purl.version or "", words, component["bom-ref"], only_built=only_built)

    if purl.type == "pypi":
        return (known(upstreams.PYPI, canonicalize_name(purl.name)),)
    if purl.type == "github":
        return (known(upstreams.GIT, upstreams.repository(f"{_GITHUB}/{purl.namespace}/{purl.name}")),)
    return tuple(known(*each) for each in upstreams.names(purl.name)) if purl.type == "conda" else ()


def _of(record: JsonObject, by_name: Mapping[tuple[str, str], Iterable[_Target]]) -> Iterator[tuple[Hit, Known]]:
    if record.get("withdrawn"):
        return
    identity, summary = str(record["id"]), " ".join(str(record.get("summary") or "").split())
    for entry in record.get("affected", ()):
        for target in chain.from_iterable(by_name.get(name, ()) for name in sorted(_names(entry))):
            hit = judge(target.version, entry, target.ecosystem) if target.version else Hit.UNTOLD
            yield hit, Known(identity, target.component, target.reference, summary, only_built=target.only_built)


def _names(entry: JsonObject) -> set[tuple[str, str]]:
    package = entry.get("package") or {}
    names = {
        (upstreams.GIT, upstreams.repository(str(each["repo"]))) for each in entry.get("ranges", ()) if "repo" in each
    }
    if str(package.get("ecosystem", "")).partition(":")[0] == upstreams.PYPI:
        names.add((upstreams.PYPI, canonicalize_name(str(package["name"]))))
    return names


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
            for entry in archives.entries(file, _LIMITS):
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
