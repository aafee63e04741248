"""Versions of upstreams: which are newer, which are no releases, and bounds that move along with them."""

from __future__ import annotations

from packaging.version import InvalidVersion, Version


def released(text: str) -> Version | None:
    """Return a version, or None where it is none or no final release (PEP 440).

    >>> released("2.16.0"), released("2.16.0rc1"), released("latest")
    (<Version('2.16.0')>, None, None)
    """
    try:
        version = Version(text)
    except InvalidVersion:
        return None
    return None if version.is_prerelease or version.local else version


def key(text: str) -> Version:
    """Return what versions are sorted by; what is none comes before all others."""
    try:
        return Version(text)
    except InvalidVersion:
        return Version("0.dev0")


def moved(bound: str, old: str, new: str) -> str:
    """Return a version that a contract tries a bound with, for a recipe that goes from one version to another.

    What stood right below the old version stands right below the new one, a later patch of the same minor release stays
    one, and so many minor releases later stay so many. What has not three numbers is left alone.

    >>> [moved(each, "2.14.2", "2.16.0") for each in ("2.14.2", "2.14.1", "2.14.9", "2.15.0", "2.16.0", "3.0.0")]
    ['2.16.0', '2.15.99', '2.16.9', '2.17.0', '2.18.0', '3.0.0']
    """
    parts = [_numbers(each) for each in (bound, old, new)]
    if any(len(each) != 3 for each in parts):
        return bound
    at, before, now = parts
    if at < before:
        return _below(now)
    if at[0] != before[0]:
        return ".".join(map(str, (now[0] + at[0] - before[0], *at[1:])))
    if at == before:
        return new
    if at[1] == before[1]:
        return f"{now[0]}.{now[1]}.{max(at[2], now[2] + 1)}"
    return f"{now[0]}.{now[1] + at[1] - before[1]}.{at[2]}"


def _below(now: tuple[int, ...]) -> str:
    major, minor, patch = now
    if patch:
        return f"{major}.{minor}.{patch - 1}"
    return f"{major}.{minor - 1}.99" if minor else f"{major - 1}.99.99"


def _numbers(text: str) -> tuple[int, ...]:
    parts = text.split(".")
    return tuple(map(int, parts)) if all(part.isdecimal() for part in parts) else ()
