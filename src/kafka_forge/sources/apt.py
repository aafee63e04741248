"""What the machine's apt knows: where its mirrors are. Nothing of apt's own state is read or changed.

A file of Debian's archive stands at ``MIRROR/pool/COMPONENT/PREFIX/SOURCE/FILE`` in every suite (Debian Policy, and the
layout of every mirror), so a private copy of an index is not needed, a file of another suite (sid's, say) is found
from a stable machine, and it is still found when its suite has rolled on, as long as any suite keeps it. What comes
back is trusted for its sha256 alone.
"""

from __future__ import annotations

import functools
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from kafka_forge.sources import http
from kafka_forge.sources.place import NotObtainedError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from kafka_forge.ground.progress import Task

_ANOTHERS_ARCHIVE = re.compile(r"debian|ubuntu", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Apt:
    """The mirrors (URLs, best first) and proxies (scheme → URL) of the machine's apt."""

    mirrors: tuple[str, ...]
    proxies: Mapping[str, str]


def fetch_from_pool(component: str, source: str, file: str, target: Path, task: Task) -> None:
    """Download a file of a distribution's pool from the machine's mirrors.

    Args:
        component: ``main``, ``universe`` …
        source: the source package's name, for example ``librdkafka``.
        file: the file's name.
        target: where to write it.
        task: told the file's name.

    Raises:
        NotObtainedError: there is no apt, no mirror of Debian's or Ubuntu's, or none has the file.
    """
    _ask_mirrors(component, source, file, lambda url, apt: http.download(url, target, task, proxies=apt.proxies))


def look_in_pool(component: str, source: str, file: str) -> None:
    """Ask the machine's mirrors for a file of the pool without fetching it; arguments and errors as above."""
    _ask_mirrors(component, source, file, lambda url, apt: http.look(url, proxies=apt.proxies))


def _ask_mirrors(component: str, source: str, file: str, ask: Callable[[str, Apt], None]) -> None:
    apt = machine_apt()
    answers: list[NotObtainedError] = []
    for mirror in apt.mirrors:
        url = f"{mirror}pool/{component}/{pool_prefix(source)}/{source}/{file}"
        try:
            ask(url, apt)
        except NotObtainedError as error:
            answers.append(NotObtainedError(f"{url}: {error}", heard=error.heard))
        else:
            return
    if not answers:
        raise NotObtainedError("not tried: apt on this machine names no mirror of Debian or Ubuntu", heard=False)
    raise NotObtainedError("; ".join(map(str, answers)), heard=any(answer.heard for answer in answers))


def pool_prefix(source: str) -> str:
    """Return the folder above a source package's in the pool.

    >>> pool_prefix("openssl"), pool_prefix("librdkafka")
    ('o', 'libr')
    """
    return source[:4] if source.startswith("lib") else source[0]


@functools.cache
def machine_apt() -> Apt:
    """Ask apt, which reads one-line and deb822 sources alike, for its mirrors and proxies.

    Raises:
        NotObtainedError: this machine has no apt.
    """
    if not shutil.which("apt-get"):
        raise NotObtainedError("not tried: no apt on this machine", heard=False)
    targets = ["indextargets", "--format", "$(REPO_URI)", "Created-By: Packages"]
    listing = _run("apt-get", *targets)
    settings = _run("apt-config", "dump", "Acquire")
    return Apt(mirrors_from(listing.split()), proxies_from(settings))


def mirrors_from(uris: list[str]) -> tuple[str, ...]:
    """Return the usable mirrors among apt's repositories: Debian's and Ubuntu's own, main archives first.

    Repositories of other projects are left out: they have none of these files.
    ``mirror+file:`` lists (as on hosted CI machines) are replaced by the mirrors that they name.
    """
    flat = [mirror for uri in dict.fromkeys(uris) for mirror in _expand(uri)]
    known = [uri for uri in flat if uri.startswith("http") and _ANOTHERS_ARCHIVE.search(uri)]
    ordered = sorted(dict.fromkeys(known), key=lambda uri: "security" in uri)
    return tuple(uri.rstrip("/") + "/" for uri in ordered)


def proxies_from(settings: str) -> Mapping[str, str]:
    """Read ``apt-config dump Acquire`` for proxies.

    >>> dict(proxies_from('Acquire::http::Proxy "http://cache:3142";'))
    {'http': 'http://cache:3142'}
    """
    found = re.findall(r'^Acquire::(https?)::Proxy "([^"]+)";$', settings, re.MULTILINE)
    return {scheme: proxy for scheme, proxy in found if proxy.upper() != "DIRECT"}


def _expand(uri: str) -> list[str]:
    if not uri.startswith("mirror+file:"):
        return [uri]
    try:
        lines = Path(uri.removeprefix("mirror+file:")).read_text(encoding="utf-8").splitlines()
    except OSError:
        return []
    return [line.split()[0] for line in lines if line.strip() and not line.startswith("#")]


def _run(*command: str) -> str:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise NotObtainedError(f"not tried: {command[0]} failed: {done.stderr.strip()[:200]}", heard=False)
    return done.stdout
