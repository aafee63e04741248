"""What a suite of Debian has now, for any processor, by apt's own signed index.

apt reads it into a folder of its own, from the mirrors that this machine's apt is set to, and checks the signatures by
the keys that the machine trusts (apt-secure(8)). Nothing of the machine's own state is read or changed.
"""

from __future__ import annotations

import functools
import os
import re
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

from kafka_forge.sources.apt import Apt, machine_apt
from kafka_forge.sources.place import NotObtainedError

_KEYS = Path("/usr/share/keyrings/debian-archive-keyring.gpg")
"""Where Debian's package debian-archive-keyring has them; else apt takes the keys that it trusts for all."""
_SECONDS = 300
_ROLLS = "sid"
"""The suite without a security archive."""


@dataclass(frozen=True, slots=True)
class Indexed:
    """A binary package as an index has it.

    Attributes:
        version: the full version.
        source: the source package that it was built from.
        component: ``main``; ``updates/main`` in the security archive.
        sha256: of its file.
    """

    version: str
    source: str
    component: str
    sha256: str


SUITES = ("bookworm", "trixie", "sid")
"""The suites that files are taken from."""


@dataclass(frozen=True, slots=True)
class IndexedSource:
    """A source package as an index has it.

    Attributes:
        suite: whose index.
        version: the full version.
        files: the names of its archives.
    """

    suite: str
    version: str
    files: frozenset[str]


def sources(package: str) -> tuple[IndexedSource, ...]:
    """Return what each of `SUITES` has of a source package now; suites that cannot be asked are left out.

    Args:
        package: for example ``librdkafka``.
    """
    found = []
    for suite in SUITES:
        try:
            told = _run("apt-cache", _shelf(suite, "source"), "showsrc", "--only-source", package)
        except NotObtainedError:
            continue
        for stanza in told.split("\n\n"):
            version = re.search(r"^Version: (.+)$", stanza, re.MULTILINE)
            if version and re.search(rf"^Package: {re.escape(package)}$", stanza, re.MULTILINE):
                files = frozenset(re.findall(r"^ [0-9a-f]{64} \d+ (\S+)$", stanza, re.MULTILINE))
                found.append(IndexedSource(suite, version[1], files))
    return tuple(found)


def newest(package: str, suite: str, architecture: str) -> Indexed:
    """Return what a suite (with its security archive, where the machine's apt has one) has of a binary package now.

    Args:
        package: for example ``libc6``.
        suite: ``bookworm``, ``trixie``, ``sid``.
        architecture: Debian's word for it; ``all`` is looked for in the index of any.

    Raises:
        NotObtainedError: no apt, no mirror that has the suite, a signature that is not trusted, or no such package.
    """
    shelf = _shelf(suite, "amd64" if architecture == "all" else architecture)
    told = _run("apt-cache", shelf, "--no-all-versions", "show", package)
    found = dict(re.findall(r"^(Package|Version|Source|Filename|SHA256): (.+)$", told, re.MULTILINE))
    if not {"Version", "Filename", "SHA256"} <= found.keys():
        raise NotObtainedError(f"{suite} has no {package} for {architecture} any more", heard=True)
    return Indexed(
        version=found["Version"],
        source=found.get("Source", package).split()[0],  # "glibc", or "gcc-12 (12.2.0-14)"
        component="/".join(found["Filename"].split("/")[1:-3]),  # pool/COMPONENT/e/expat/FILE
        sha256=found["SHA256"],
    )


@functools.cache
def _shelf(suite: str, architecture: str) -> _Shelf:
    """Let apt read the index of a suite, once in this process; ``source`` is that of its source packages."""
    apt = machine_apt()
    room = tempfile.TemporaryDirectory(prefix="kafka-forge-apt-")
    shelf = _Shelf(room, architecture)
    for folder in ("state/lists/partial", "cache/archives/partial"):
        (Path(room.name) / folder).mkdir(parents=True)
    (Path(room.name) / "index.sources").write_text(_stanzas(apt, suite, architecture), encoding="utf-8")
    _run("apt-get", shelf, "-qq", "update")
    return shelf


@dataclass(frozen=True)
class _Shelf:
    room: tempfile.TemporaryDirectory[str]
    """It goes with the process."""
    architecture: str

    @property
    def options(self) -> list[str]:
        settings = {
            "Dir::Etc::sourcelist": f"{self.room.name}/index.sources",
            "Dir::Etc::sourceparts": "/dev/null",
            "Dir::Etc::preferences": "/dev/null",
            "Dir::Etc::preferencesparts": "/dev/null",
            "Dir::State": f"{self.room.name}/state",
            "Dir::State::status": "/dev/null",
            "Dir::Cache": f"{self.room.name}/cache",
            "APT::Architecture": "amd64" if self.architecture == "source" else self.architecture,
            "APT::Architectures": "amd64" if self.architecture == "source" else self.architecture,
            "Acquire::Languages": "none",
            "Acquire::IndexTargets::deb::DEP-11::DefaultEnabled": "false",
            "APT::Update::Error-Mode": "any",  # else an index that did not come is a warning
            "APT::Sandbox::User": "root",  # the folder is this user's alone
        }
        return [word for name, value in settings.items() for word in ("-o", f"{name}={value}")]


def _stanzas(apt: Apt, suite: str, architecture: str) -> str:
    """Return deb822 sources (sources.list(5)): the suite on the main mirrors, its security archive on that one's."""
    rows = []
    for mirror in apt.mirrors:
        security = "security" in mirror
        if security and suite == _ROLLS:
            continue
        name = f"{suite}-security" if security else suite
        kind = "Types: deb-src" if architecture == "source" else f"Types: deb\nArchitectures: {architecture}"
        row = f"{kind}\nURIs: {mirror}\nSuites: {name}\nComponents: main\n"
        rows.append(row + (f"Signed-By: {_KEYS}\n" if _KEYS.is_file() else ""))
    return "\n".join(rows)


def _run(program: str, shelf: _Shelf, *arguments: str) -> str:
    try:
        done = subprocess.run(
            [program, *shelf.options, *arguments],
            capture_output=True,
            text=True,
            timeout=_SECONDS,
            check=False,
            env={**os.environ, "LC_ALL": "C"},
        )
    except subprocess.TimeoutExpired as error:
        raise NotObtainedError(f"{program} took more than {_SECONDS} s", heard=False) from error
    if done.returncode and program == "apt-get":
        raise NotObtainedError(f"apt-get update: {' '.join(done.stderr.split())[-300:]}", heard=False)
    return done.stdout
