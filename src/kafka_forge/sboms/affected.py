"""Whether a version is one that a record of OSV's is about (https://ossf.github.io/osv-schema/#evaluation).

A range of ``GIT`` names commits, which cannot be put in order without the repository. Most such records list the tags
that are in it as well, and those made from NVD's entries say in ``database_specific`` which versions the commits stand
for; what does neither is not judged, and said to be so.
"""

from __future__ import annotations

import enum
import re
from typing import TYPE_CHECKING, Any

from packaging.version import InvalidVersion
from packaging.version import Version as PythonVersion

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from kafka_forge.values.model import JsonObject

_ORDERED = ("ECOSYSTEM", "SEMVER")
_PREFIX = re.compile(r"^(?:(?!v\d)[a-z][a-z0-9]*[-_])*v?(?=\d)", re.IGNORECASE)
_LETTERED = re.compile(r"^(\d+(?:\.\d+)+)([a-z]{1,2})$")


class Hit(enum.Enum):
    """What a record says of a version."""

    YES = "affected"
    NO = "not affected"
    UNTOLD = "not to be told"


def judge(version: str, affected: JsonObject, ecosystem: str) -> Hit:
    """Tell whether a version is affected.

    Args:
        version: a release, or a tag of it.
        affected: an entry of the record's ``affected``.
        ecosystem: the one in which the component was found: how its versions are put in order.

    Raises:
        KeyError, TypeError, AttributeError: the entry is not of OSV's form.
    """
    listed = affected.get("versions") or ()
    if plain(version) in {plain(str(each)) for each in listed}:
        return Hit.YES
    ranges = affected.get("ranges") or ()
    said = [_said(version, each, ecosystem) for each in ranges]
    if True in said:
        return Hit.YES
    unclear = [each for each, known in zip(ranges, said, strict=True) if known is None]
    by_commits = all(each["type"] not in _ORDERED for each in unclear)
    elsewhere = bool(listed) or any(each["type"] in _ORDERED for each in ranges)
    return Hit.UNTOLD if unclear and not (by_commits and elsewhere) else Hit.NO


def plain(tag: str) -> str:
    """Return a release's number, however its tag spells it.

    >>> [plain(each) for each in ("v1.3.1", "openssl-3.5.7", "OpenSSL_1_1_1w", "curl-8_22_0", "krb5-1.22.1-final")]
    ['1.3.1', '3.5.7', '1.1.1w', '8.22.0', '1.22.1']
    """
    number = _PREFIX.sub("", tag).removesuffix("-final")
    return number if "." in number else number.replace("_", ".")


def _said(version: str, told: JsonObject, ecosystem: str) -> bool | None:
    """Return whether a version is within a range; None where that cannot be told."""
    events = told["events"]
    if told["type"] not in _ORDERED:
        by_version = (told.get("database_specific") or {}).get("versions")
        if isinstance(by_version, list) and by_version:
            return _within(version, by_version, ecosystem)
        pairs = [pair for event in events for pair in event.items()]
        return True if pairs == [("introduced", "0")] else None
    return _within(version, events, ecosystem)


def _within(version: str, events: Iterable[Mapping[str, Any]], ecosystem: str) -> bool | None:
    """Go through the events in order of their versions, by the schema's own algorithm."""
    asked = _order(version, ecosystem)
    ordered = list(_events(events, ecosystem))
    if asked is None or any(at is None for at, _ in ordered):
        return None
    inside = False
    for at, kind in sorted(ordered):
        if kind == "introduced" and asked >= at:
            inside = True
        elif (kind == "fixed" and asked >= at) or (kind == "last_affected" and asked > at):
            inside = False
    return inside


def _events(events: Iterable[Mapping[str, Any]], ecosystem: str) -> Iterator[tuple[Any, str]]:
    for event in events:
        for kind, value in event.items():
            yield _order("0.dev0" if str(value) == "0" else str(value), ecosystem), kind


def _order(version: str, ecosystem: str) -> Any:
    """Return what can be put in order: PEP 440's versions, else by conda's rule, which takes whatever has a number.

    A letter behind the number is a later release (OpenSSL's 1.1.1w), where conda would read an earlier one.
    """
    number = plain(version)
    if ecosystem == "PyPI":
        try:
            return PythonVersion(number)
        except InvalidVersion:
            return None
    from rattler import Version
    from rattler.exceptions import InvalidVersionError

    if not number[:1].isdigit():
        return None
    if lettered := _LETTERED.match(number):
        number = ".".join([lettered[1], *(str(ord(letter) - ord("a") + 1) for letter in lettered[2])])
    try:
        return Version(number)
    except InvalidVersionError:
        return None
