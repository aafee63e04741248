"""From two faces to what differs: one section a kind of thing."""

from __future__ import annotations

import re
from collections import defaultdict
from typing import TYPE_CHECKING

from kafka_forge.comparing.model import Change, Diff, JudgedCheck, Section

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from kafka_forge.comparing.model import Face
    from kafka_forge.report.model import ArtifactReport, CheckReport

_NAME = re.compile(r"[\w.-]+")
_EXTRA = re.compile(r"""\s*(?:\band\b)?\s*\bextra\s*==\s*["']([^"']+)["']""")
"""What a wheel's core metadata say of a requirement of an extra (PEP 508)."""


def between(a: Face, b: Face, checks: list[JudgedCheck] | None = None) -> Diff:
    """Set two packages beside one another."""
    sections = [
        _section("package", _identity(a), _identity(b)),
        _section("dependencies", _by_name(a.depends), _by_name(b.depends)),
        _section("optional dependencies", _by_name(a.depends, wanted=True), _by_name(b.depends, wanted=True)),
        _section("extras", dict.fromkeys(_extras(a.depends), ""), dict.fromkeys(_extras(b.depends), "")),
        _section("run exports", dict.fromkeys(a.run_exports, ""), dict.fromkeys(b.run_exports, "")),
        _section("what an environment gets", a.environment, b.environment),
        _section("librdkafka", _library(a), _library(b)),
        _section("features of librdkafka", _features(a), _features(b)),
        _section("floors", _known(a.floors), _known(b.floors)),
        *_symbols(a.symbols, b.symbols),
        _files(a, b),
    ]
    return Diff(a=a, b=b, sections=sections, checks=checks)


def _section(title: str, a: Mapping[str, str], b: Mapping[str, str]) -> Section:
    """Compare two tables of text; what only one side has is shown with its value."""
    both = [name for name in a if name in b]
    return Section(
        title=title,
        added=[_shown(name, value) for name, value in b.items() if name not in a],
        removed=[_shown(name, value) for name, value in a.items() if name not in b],
        changed=[Change(name=name, a=a[name], b=b[name]) for name in both if a[name] != b[name]],
        same=sum(a[name] == b[name] for name in both),
    )


def _shown(name: str, value: str) -> str:
    return f"{name} {value}" if value else name


def _identity(face: Face) -> dict[str, str]:
    return {
        "packed as": face.kind.value,
        "name": face.name,
        "version": face.version,
        "build": face.build,
        "size": f"{face.size:,} bytes",
        "installed": f"{sum(each.size for each in face.files.values()):,} bytes",
    }


def _by_name(depends: Iterable[str], *, wanted: bool = False) -> dict[str, str]:
    """Return package → all that is said about it, without its name.

    Args:
        depends: as the package states them; a wheel's extras are in them.
        wanted: whether those that only an extra asks for are meant, or those that stand in every environment.

    >>> asked = ["librdkafka >=2.14.2,<3", 'attrs>=21; extra == "a"', 'attrs>=21; extra == "b"', 'six; extra == "b"']
    >>> _by_name(asked), _by_name(asked, wanted=True)
    ({'librdkafka': '>=2.14.2,<3'}, {'attrs': '>=21', 'six': 'any'})
    """
    found: dict[str, dict[str, None]] = defaultdict(dict)
    for text in depends:
        name, plain = _NAME.match(text), _EXTRA.sub("", text)
        if name and wanted is (plain != text):
            found[name[0].lower()][plain[name.end() :].strip(" ;") or "any"] = None
    return {name: " | ".join(said) for name, said in found.items()}


def _extras(depends: Iterable[str]) -> list[str]:
    """Return the extras that a wheel's requirements name."""
    return sorted({found[1] for text in depends if (found := _EXTRA.search(text))})


def _library(face: Face) -> dict[str, str]:
    if face.librdkafka is None:
        return {}
    return {"version": face.librdkafka.version or "cannot be asked", "file": face.librdkafka.path}


def _features(face: Face) -> dict[str, str]:
    return dict.fromkeys(face.librdkafka.features, "") if face.librdkafka else {}


def _known(floors: Mapping[str, str | None]) -> dict[str, str]:
    return {name: value for name, value in floors.items() if value}


def _symbols(a: Mapping[str, Sequence[str]], b: Mapping[str, Sequence[str]]) -> list[Section]:
    """Compare library by library; one that only one side has is named by the files."""
    leaves = [({name.rpartition("/")[2]: symbols for name, symbols in each.items()}) for each in (a, b)]
    return [
        _section(f"symbols of {name}", dict.fromkeys(leaves[0][name], ""), dict.fromkeys(leaves[1][name], ""))
        for name in leaves[0]
        if name in leaves[1]
    ]


def _files(a: Face, b: Face) -> Section:
    """Compare contents; a file that changed and has kept its size says so."""
    section = _section(
        "files",
        {name: f"({each.size:,} bytes)" for name, each in a.files.items()},
        {name: f"({each.size:,} bytes)" for name, each in b.files.items()},
    )
    both = [(name, a.files[name], b.files[name]) for name in a.files if name in b.files]
    changed = [
        Change(
            name=name,
            a=f"{one.size:,} bytes",
            b=f"{other.size:,} bytes" + (", other content" * (one.size == other.size)),
        )
        for name, one, other in both
        if one.sha256 != other.sha256
    ]
    return section.model_copy(update={"changed": changed, "same": len(both) - len(changed)})


def judged(a: ArtifactReport, b: ArtifactReport) -> list[JudgedCheck]:
    """Set what contracts' checks say about two packages beside one another, in the order of A's checks, then B's."""
    sides = [{(each.id, each.broker): each for each in report.checks} for report in (a, b)]
    return [_one(key, sides[0].get(key), sides[1].get(key)) for key in dict.fromkeys([*sides[0], *sides[1]])]


def _one(key: tuple[str, str | None], a: CheckReport | None, b: CheckReport | None) -> JudgedCheck:
    said = dict.fromkeys(each.summary for each in (a, b) if each)
    return JudgedCheck(
        id=key[0], broker=key[1], a=a.verdict if a else None, b=b.verdict if b else None, said=list(said)
    )
