"""The document that stands in a package's file: where it is, and what it says."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from kafka_forge.errors import ArchiveDamaged, ArchiveRefused, PackageInvalid, SbomDamaged, SbomMissing, said
from kafka_forge.ground import archives, jsons
from kafka_forge.sboms import form

if TYPE_CHECKING:
    from pathlib import Path

    from kafka_forge.values.model import JsonObject

FOLDER = "info/sboms"
"""As `PEP 770 <https://peps.python.org/pep-0770/>`_ has it in ``.dist-info``: documents of any kind and number."""
_SUFFIX = ".cdx.json"
_INDEX = "info/index.json"
NO_SOURCE = {"name": "kafka-forge:sources", "value": "none"}
"""The property of a package whose recipe has no source (CEP 13 asks for none)."""
_OLDEST = (1, 6)
_AGAIN = "build the package anew with `kafka-forge build`, or ask for a whole file whoever gave you this one."


@dataclass(frozen=True, slots=True)
class Found:
    """A package's document.

    Attributes:
        name: its path in the package.
        text: the document, as it stands there.
        data: the same, parsed.
    """

    name: str
    text: str
    data: JsonObject


def place(package: str) -> str:
    """Return where a package of this name has its document.

    >>> place("librdkafka")
    'info/sboms/librdkafka.cdx.json'
    """
    return f"{FOLDER}/{package}{_SUFFIX}"


def read(package: Path) -> Found:
    """Return the document of a ``.conda`` file.

    Raises:
        PackageInvalid: the file cannot be read, or is no conda package.
        SbomMissing: it has none.
        SbomDamaged: it has one that says nothing, or is about another package.
    """
    held: dict[str, bytes] = {}
    try:
        for entry in archives.entries(package):
            if not entry.name.startswith("info/"):
                break  # what is in `info` comes first
            if entry.name == _INDEX or entry.name.startswith(f"{FOLDER}/"):
                held[entry.name] = entry.read()
        index, name = _index(held.get(_INDEX))
    except (OSError, ArchiveDamaged, ArchiveRefused, ValueError) as error:
        raise PackageInvalid(
            f"this is no conda package that can be read: {said(error)}",
            where=str(package),
            todo="name a whole .conda file.",
        ) from error
    if name not in held:
        raise SbomMissing(
            f"{package.name} has no bill of materials: there is no {name} in it",
            where=str(package),
            todo="`kafka-forge build` puts one into what it builds; other packages, and older ones, have none.",
        )
    data = parsed(held[name])
    problems = [data] if isinstance(data, str) else wrong(data, index)
    if problems or isinstance(data, str):
        raise SbomDamaged(
            f"the bill of materials of {package.name} cannot be relied on",
            where=f"{package}: {name}",
            details=problems,
            todo=_AGAIN,
        )
    return Found(name, held[name].decode(), data)


def _index(content: bytes | None) -> tuple[JsonObject, str]:
    if content is None:
        raise ValueError(f"it has no {_INDEX}")
    try:
        index = jsons.parsed(content)
    except ValueError as error:
        raise ValueError(f"its {_INDEX} is no JSON: {error}") from error
    if isinstance(index, dict) and isinstance(index.get("name"), str):
        return index, place(index["name"])
    raise ValueError(f"its {_INDEX} has no name")


def parsed(text: bytes) -> JsonObject | str:
    """Return a document as JSON, or what is wrong with it."""
    try:
        data = jsons.parsed(text)
    except ValueError as error:
        return f"it is no JSON: {error}"
    if not isinstance(data, dict) or data.get("bomFormat") != "CycloneDX":
        return "it is no CycloneDX document"
    return data


def counted(data: JsonObject | str) -> dict[str, int]:
    """Return how many sources, patches and components of each role a document names; none where it is damaged.

    >>> counted({"components": [{"properties": [{"name": "kafka-forge:role", "value": "host"}]}]})
    {'sources': 0, 'patches': 0, 'host': 1}
    """
    try:
        if isinstance(data, str):
            return {}
        pedigree = data.get("metadata", {}).get("component", {}).get("pedigree", {})
        found = {each: len(pedigree.get(key, ())) for each, key in (("sources", "ancestors"), ("patches", "patches"))}
        for component in data.get("components", ()):
            for role in roles(component):
                found[role] = found.get(role, 0) + 1
    except (AttributeError, TypeError, KeyError):
        return {}
    return found


def roles(component: JsonObject) -> list[str]:
    """Return what a component has to do with the package, in `facts.Role`'s words."""
    return [str(each["value"]) for each in component.get("properties", ()) if each["name"] == "kafka-forge:role"]


def wrong(data: JsonObject, index: JsonObject) -> list[str]:
    """Return what of a CycloneDX document does not fit its package.

    That it is of the schema's whole form, its maker's library answers for, and the tests; this is as much of it as is
    read here, and what no schema knows.

    Args:
        data: the document.
        index: the package's ``info/index.json``.
    """
    if problems := form.faults(data):
        return problems
    try:
        subject = data["metadata"]["component"]
        problems = _other(data, subject, index)
        pedigree = subject.get("pedigree", {})
        sources = pedigree.get("ancestors", ())
        problems += [
            f"the source {each['name']} has no sha256"
            for each in sources
            if each.get("externalReferences") and not any(hashed["alg"] == "SHA-256" for hashed in each["hashes"])
        ]
        if not sources and NO_SOURCE not in subject.get("properties", ()):
            problems.append("it names no source")
        for patch in pedigree.get("patches", ()):
            if not all(issue.get("description") for issue in patch["resolves"]):
                problems.append(f"no reason is given for {patch['diff']['url']}")
        problems += _named_twice(data)
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        return [f"it lacks what each of these documents has: {type(error).__name__}: {error}"]
    return problems


def _other(data: JsonObject, subject: JsonObject, index: JsonObject) -> list[str]:
    problems = []
    if tuple(map(int, data["specVersion"].split("."))) < _OLDEST:
        problems.append(f"it is of CycloneDX {data['specVersion']}, which is older than 1.6")
    told = (subject["name"], subject["version"])
    if told != (index["name"], index["version"]):
        problems.append(f"it is about {' '.join(told)}, and the package is {index['name']} {index['version']}")
    elif f"build={index['build']}&subdir={index['subdir']}" not in subject["purl"]:
        problems.append(f"it is about {subject['purl']}, and the package is of build {index['build']}")
    said = [each["value"] for each in subject.get("properties", ()) if each["name"] == "kafka-forge:depends"]
    if said != sorted(set(index.get("depends", ()))):
        problems.append("what it says that the package depends on is not what the package says")
    return problems


def _named_twice(data: JsonObject) -> list[str]:
    references = [each["bom-ref"] for each in data.get("components", ())]
    return [
        f"{name} stands for two components"
        for name in sorted({each for each in references if references.count(each) > 1})
    ]
