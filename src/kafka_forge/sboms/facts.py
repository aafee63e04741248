"""What a package is made of, as plain values, before a document says so in CycloneDX's words."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from kafka_forge.values.model import JsonObject


FORMAT = 1
"""Goes up with whatever changes what `document.write` makes of the same facts: it is in the key of each artifact."""
LIBRARY = "cyclonedx-python-lib"
"""Writes the documents; its version decides their bytes, too."""


class Role(str, enum.Enum):
    """What a component has to do with the package."""

    COPIED = "copied"
    """Another project's code that stands in the sources, and is in the package."""
    LINKED = "linked in"
    """Put into the package by the compiler."""
    HOST = "host"
    """Stood in the environment that the package was built against."""
    BUILD = "build"
    """Stood in the environment of the programs that built it."""
    COMPILER = "compiler"

    def __str__(self) -> str:
        return self.value


@dataclass(frozen=True, slots=True)
class Solved:
    """A package of a build's environments, as the engine's solver chose it.

    Attributes:
        name: the conda package's name.
        version: its version.
        build: its build string.
        subdir: the channel's subdir that it is from.
        sha256: of its file.
        url: where it was had; ``file:`` where it was made on this machine.
        license: as its own recipe says it; empty where it does not.
        role: `Role.HOST` or `Role.BUILD`.
    """

    name: str
    version: str
    build: str
    subdir: str
    sha256: str
    url: str
    license: str
    role: Role


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a package of the environments is from, in words that are the same on every machine.

    Attributes:
        words: the origin.
        sha256: of its file, where that is the same wherever it is made; else None.
        made_from: the key of all that it was made from, where its bytes are not.
        url: its address, where it has one.
        channel: the name of its channel, where it has one.
    """

    words: str
    sha256: str | None = None
    made_from: str | None = None
    url: str | None = None
    channel: str | None = None


@dataclass(frozen=True, slots=True)
class Source:
    """A source of a recipe, as it was taken.

    Attributes:
        name: the archive's file name, or the folder's.
        urls: upstream's addresses; none of a folder of the recipe's own.
        sha256: of the archive; None of a folder.
        patches: the patches' paths in the recipe's folder, in the order of their application.
    """

    name: str
    urls: tuple[str, ...]
    sha256: str | None
    patches: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Reason:
    """A patch, and why it is there.

    Attributes:
        file: its path in the recipe's folder.
        sha256: of the file.
        subject: what it does, in one sentence.
        why: the paragraphs behind it.
        answers: the public references, each in its own words and with its address, which may be empty.
    """

    file: str
    sha256: str
    subject: str
    why: str
    answers: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Piece:
    """Other people's code in the package: copied into the sources, or put in by the compiler.

    Attributes:
        name: the project's name.
        version: its version or revision; empty where nobody knows it.
        license: an SPDX expression.
        home: the project's address; empty where it has none.
        role: `Role.COPIED` or `Role.LINKED`.
        files: where it stands in the sources.
        text: the file of the sources that has its license.
        note: what else is to be said.
    """

    name: str
    version: str
    license: str
    home: str
    role: Role
    files: tuple[str, ...] = ()
    text: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True)
class Tool:
    """A program that took part.

    Attributes:
        name: what it is called.
        version: its version.
        project: its project on the Python index, where this environment has it from there; else empty.
    """

    name: str
    version: str
    project: str = ""


@dataclass(frozen=True, slots=True)
class Facts:
    """What the engine knows of a package that it has built.

    Attributes:
        index: its ``info/index.json``.
        about: its ``info/about.json``.
        rendered: the engine's ``rendered_recipe.yaml`` of it.
        sources: its sources.
        stamp: its time, in seconds since 1970.
    """

    index: JsonObject
    about: JsonObject
    rendered: str
    sources: tuple[Source, ...]
    stamp: int


class Bill(Protocol):
    """Who writes a package's document."""

    def look(self, archives: Sequence[Path]) -> None:
        """Look at the sources before anything is built, and refuse what the document would be wrong about."""

    def write(self, told: Facts) -> bytes:
        """Return the document."""
