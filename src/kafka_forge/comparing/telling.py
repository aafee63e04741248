"""A comparison in the terminal: what differs, and no more of a long list than shows what kind of thing it is."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kafka_forge.comparing.model import Diff, Face, JudgedCheck, Section

SHOWN = 8
"""How many lines of one sort are shown of a section; the page and the JSON have all."""


def lines(diff: Diff) -> Iterator[str]:
    """Give the comparison: ``-`` what only A has, ``+`` what only B has, ``~`` what both have and not alike."""
    yield f"A  {_title(diff.a)}"
    yield f"B  {_title(diff.b)}"
    for section in diff.sections:
        if section.added or section.removed or section.changed:
            yield ""
            yield f"{section.title}  ({section.same} alike)"
            yield from _section(section)
    alike = [section.title for section in diff.sections if not (section.added or section.removed or section.changed)]
    if alike:
        yield ""
        yield f"no difference: {', '.join(alike)}"
    if diff.checks is not None:
        yield ""
        yield from _checks(diff.checks)


def _title(face: Face) -> str:
    python = f", Python {face.python}" if face.python else ""
    return f"{face.spec}: {face.name} {face.version} {face.build} ({face.kind}, {face.platform}{python})"


def _section(section: Section) -> Iterator[str]:
    yield from _few([f"  ~ {each.name}: {each.a} → {each.b}" for each in section.changed])
    yield from _few([f"  - {each}" for each in section.removed])
    yield from _few([f"  + {each}" for each in section.added])


def _few(found: list[str]) -> Iterator[str]:
    yield from found[:SHOWN]
    if len(found) > SHOWN:
        yield f"  {found[0].split()[0]} … and {len(found) - SHOWN} more"


def _checks(checks: list[JudgedCheck]) -> Iterator[str]:
    """Give the counts of verdicts, and every check about which the two do not agree."""
    counts = [
        Counter(str(verdict) for verdict in side if verdict) for side in zip(*((c.a, c.b) for c in checks), strict=True)
    ]
    told = [", ".join(f"{count} {verdict}" for verdict, count in sorted(each.items())) for each in counts]
    yield f"contracts  (A: {told[0]}; B: {told[1]})"
    for each in checks:
        if each.a != each.b:
            where = f" on {each.broker}" if each.broker else ""
            said = "; ".join(each.said)
            yield f"  ~ {each.id}{where}: {each.a or 'not asked'} → {each.b or 'not asked'}: {said}"
