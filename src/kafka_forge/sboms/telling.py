"""A document as lines of a table, for who reads it in a terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kafka_forge.sboms import reading
from kafka_forge.sboms.facts import Role

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from kafka_forge.sboms.osv import Known, Searched
    from kafka_forge.values.model import JsonObject

_TITLES = {
    Role.COPIED: "copied into its sources, and in the package",
    Role.LINKED: "linked in by the compiler",
    Role.COMPILER: "compiled by",
    Role.HOST: "built against",
    Role.BUILD: "built with",
}
_DIGITS = 16


def lines(data: JsonObject) -> Iterator[str]:
    """Give the lines of a document that `reading.read` has returned."""
    subject = data["metadata"]["component"]
    yield f"{subject['name']} {subject['version']}  {licenses(subject)}"
    yield subject["purl"]
    yield f"CycloneDX {data['specVersion']}, {data['serialNumber']}, of {data['metadata']['timestamp']}"
    pedigree = subject.get("pedigree", {})
    yield from _table("sources", [_source(each) for each in pedigree.get("ancestors", ())] or [["none"]])
    patches = sorted(pedigree.get("patches", ()), key=lambda each: str(each["diff"]["url"]))
    yield from _table("patches", [_patch(each) for each in patches])
    for role, title in _TITLES.items():
        found = [each for each in data.get("components", ()) if str(role) in reading.roles(each)]
        rows = [_piece(each) if role in {Role.COPIED, Role.LINKED} else _package(each) for each in found]
        yield from _table(title, sorted(rows))
    tools = [[each["name"], each["version"]] for each in data["metadata"]["tools"]["components"]]
    yield from _table("written and built by", tools)


def vulnerabilities(searched: Searched) -> Iterator[str]:
    """Give the lines of what a search for vulnerabilities has found, and what it could not look for."""
    rows = [_vulnerability(each) for each in searched.found]
    yield from _table(f"known vulnerabilities, of {searched.records} records", rows or [["none"]])
    untold = [_vulnerability(each) for each in searched.untold]
    yield from _table("known by name, and not to be told without the repository: no version is named", untold)
    if searched.unnamed:
        yield ""
        yield f"No name that OSV has: {', '.join(searched.unnamed)}."


def _vulnerability(each: Known) -> list[str]:
    return [each.id, each.component, "only built it" if each.only_built else "", each.summary]


def licenses(component: JsonObject) -> str:
    """Return a component's license in SPDX's words, or in those that it has."""
    given = ((each.get("expression"), each.get("license") or {}) for each in _all(component))
    found = [expression or license_.get("id") or license_.get("name") or "?" for expression, license_ in given]
    return " AND ".join(map(str, found))


def _all(component: JsonObject) -> Sequence[Any]:
    given: Sequence[Any] = component.get("licenses", ())
    return given


def _table(title: str, rows: Sequence[Sequence[str]]) -> Iterator[str]:
    if not rows:
        return
    yield ""
    yield f"{title}:"
    widths = [max(len(row[at]) for row in rows if at < len(row)) for at in range(max(map(len, rows)))]
    for row in rows:
        yield "  " + "  ".join(f"{cell:<{width}}" for cell, width in zip(row, widths, strict=False)).rstrip()


def _source(each: JsonObject) -> list[str]:
    digest = next((hashed["content"] for hashed in each.get("hashes", ())), "a folder beside the recipe")
    return [each["name"], digest, *(reference["url"] for reference in each.get("externalReferences", ()))]


def _patch(each: JsonObject) -> list[str]:
    issues = each["resolves"]
    answers = ", ".join(sorted(issue["id"] for issue in issues if issue.get("id")))
    return [str(each["diff"]["url"]).rpartition("/")[2].partition("-")[0], issues[0].get("name", ""), answers]


def _piece(each: JsonObject) -> list[str]:
    homes = [reference["url"] for reference in each.get("externalReferences", ())]
    return [each["name"], each.get("version", ""), licenses(each), *homes]


def _package(each: JsonObject) -> list[str]:
    said = {one["name"]: one.get("value", "") for one in each.get("properties", ())}
    digest = next((hashed["content"][:_DIGITS] for hashed in each.get("hashes", ())), "")
    if made_from := said.get("kafka-forge:made-from"):
        digest = f"made from {made_from[:_DIGITS]}"
    build = (each.get("purl") or "").partition("build=")[2].partition("&")[0]
    runs = "runs with it" if each["scope"] == "required" else ""
    return [each["name"], each.get("version", ""), build, licenses(each), digest, runs]
