"""Which librdkafka and OpenSSL clients run on: older than the client needs, from elsewhere, or two in one process."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from packaging.version import InvalidVersion, Version

from kafka_forge.doctor.findings import Finding, Level

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kafka_forge.doctor.seen import Imported, Library, Seen

_OWN_VERSION = {"2.7.0": "2.6.1", "2.9.0": "2.8.0", "2.15.1": "2.15.0", "2.16.1": "2.16.0"}
"""confluent-kafka's releases that came without one of librdkafka (its CHANGELOG.md): release → what they need."""


def found(seen: Seen) -> Iterator[Finding]:
    """Give what is found."""
    for name, imported in seen.clients.items():
        yield from _older(seen, name, imported)
        yield from _elsewhere(seen, name, imported)
        yield from _several(name, "librdkafka", imported.librdkafka)
        yield from _several(name, "OpenSSL", imported.openssl)
        yield from _lock_on(name, imported)
    if seen.together:
        yield from _several(None, "librdkafka", seen.together.librdkafka)
        alone = max((len(imported.openssl) for imported in seen.clients.values()), default=0)
        if len(seen.together.openssl) > max(alone, 1):
            yield from _several(None, "OpenSSL", seen.together.openssl)


def needs(release: str) -> Version | None:
    """Return the oldest librdkafka that a confluent-kafka compiles and runs on; None of what is no release.

    >>> str(needs("2.16.1")), str(needs("2.14.2"))
    ('2.16.0', '2.14.2')
    """
    try:
        return Version(_OWN_VERSION.get(release, Version(release).base_version))
    except InvalidVersion:
        return None


def _older(seen: Seen, name: str, imported: Imported) -> Iterator[Finding]:
    """Give what a confluent-kafka suffers that runs on an older librdkafka than it was made for."""
    release, runs = seen.version("confluent-kafka"), seen.librdkafka(name)
    if name != "confluent-kafka" or release is None or runs is None:
        return
    needed = needs(release)
    if needed is not None and Version(runs).release[:2] < needed.release[:2]:
        yield Finding(
            id="librdkafka-older-than-the-client",
            level=Level.WARNING,
            client=name,
            what=f"confluent-kafka {release} is made for librdkafka {needed} and runs on {runs}",
            evidence=tuple(f"loaded: {library.path}" for library in imported.librdkafka),
            next=f"install librdkafka {needed} or later, or pip install --force-reinstall confluent-kafka=={release}",
        )


def _elsewhere(seen: Seen, name: str, imported: Imported) -> Iterator[Finding]:
    """Give a note where a librdkafka comes from outside the environment: with LD_LIBRARY_PATH, or the system's own."""
    prefix = os.path.realpath(seen.python.prefix)
    outside = [each for each in imported.librdkafka if not os.path.realpath(each.path).startswith(prefix + os.sep)]
    for library in outside:
        steering = [
            f"{key}={seen.variables[key]}" for key in ("LD_LIBRARY_PATH", "LD_PRELOAD") if key in seen.variables
        ]
        wheel = ".libs" in library.path
        if wheel and not steering:
            continue
        yield Finding(
            id="librdkafka-from-elsewhere",
            level=Level.WARNING if steering else Level.NOTE,
            client=name,
            what=f"{name} runs on a librdkafka {library.version or ''} from outside the environment",
            evidence=(f"loaded: {library.path}", *steering),
            next="unset LD_LIBRARY_PATH" if steering else "nothing, if the system's librdkafka is meant",
        )


def _several(name: str | None, what: str, libraries: tuple[Library, ...]) -> Iterator[Finding]:
    if len(libraries) > 1:
        who = name or "these clients"
        yield Finding(
            id=f"several-{what.lower()}",
            level=Level.WARNING if what == "librdkafka" else Level.NOTE,
            client=name,
            what=f"a process that imports {who} has {len(libraries)} {what}s in it",
            evidence=tuple(f"{each.version or 'version unknown'}: {each.path}" for each in libraries),
            next=f"take all that uses {what} from one source: conda packages, or wheels of one client alone",
        )


def _lock_on(name: str, imported: Imported) -> Iterator[Finding]:
    """Give what switched the interpreter lock of a free-threaded Python on."""
    for module, ended in imported.imports.items():
        if ended.gil and ended.gil.get("before") is False and ended.gil.get("after") is True:
            yield Finding(
                id="switches-the-lock-on",
                level=Level.WARNING,
                client=name,
                what=f"import {module} switches the interpreter lock of this free-threaded Python on",
                evidence=(str(ended.gil.get("said") or ""),),
                next=f"upgrade {name} to a release that is declared safe without the lock",
            )
