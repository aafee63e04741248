"""A patch file, taken apart: the words above, and the difference."""

from __future__ import annotations

import re
from dataclasses import dataclass

from kafka_forge.patching.mails import author_of, message_of

_BEGIN = re.compile(rb"^(---\n|diff --git |Index: |--- \S.*\n\+\+\+ )", re.MULTILINE)
_DIFF = re.compile(rb"^(diff --git |Index: |--- \S.*\n\+\+\+ )", re.MULTILINE)
_INDEX = re.compile(rb"^index ([0-9a-f]{7,40})\.\.([0-9a-f]{7,40})(?: \d+)?$", re.MULTILINE)
_FILE = re.compile(rb"^diff --git a/(.+) b/\1$", re.MULTILINE)
HUNK = re.compile(rb"^@@ -(\d+)(?:,(\d+))? \+(\d+)(?:,(\d+))? @@.*$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Patch:
    """One patch of a recipe.

    Attributes:
        name: its path as the recipe lists it, with ``/`` between the parts.
        data: the whole file.
        head: the text above the first difference, without the ``---`` that ends a mail's.
        message: what it says, as a commit would.
        author: ``NAME <ADDRESS>``, or None where that is not said.
        diff: the difference, from its first line on.
        mail: whether a line ``---`` and a summary stand between head and difference.
    """

    name: str
    data: bytes
    head: str
    message: str
    author: str | None
    diff: bytes
    mail: bool

    @property
    def subject(self) -> str:
        """The message's first line."""
        return self.message.partition("\n")[0]

    def substance(self) -> tuple[bytes, ...]:
        """Return what it does, file by file: not where in a file, nor what stands around it."""
        kept = []
        for part in re.split(rb"^(?=diff --git )", self.diff, flags=re.MULTILINE):
            begin = HUNK.search(part)
            above = part[: begin.start()] if begin else part
            kept += [line for line in above.splitlines() if not line.startswith(b"index ")]
            kept += [line for hunk in hunks(part) for line in hunk.lines if line[:1] in (b"+", b"-")]
        return tuple(kept)

    def blobs(self) -> tuple[tuple[bytes, bytes], ...]:
        """Return which blobs the difference says that it leads from and to, abbreviated as they stand there."""
        return tuple((found[1], found[2]) for found in _INDEX.finditer(self.diff))


def parse(name: str, data: bytes) -> Patch:
    """Take a patch apart; ``name`` is its path as the recipe lists it."""
    begin = _BEGIN.search(data)
    above = data[: begin.start()] if begin else data
    diff = _DIFF.search(data)
    head = above.decode("utf-8", "surrogateescape")
    return Patch(
        name,
        data,
        head,
        message_of(head, name),
        author_of(head),
        data[diff.start() :] if diff else b"",
        mail=bool(begin and begin[1] == b"---\n"),
    )


@dataclass(frozen=True, slots=True)
class Hunk:
    """One hunk of a difference.

    Attributes:
        file: the path of the file that it changes.
        line: the first line that it takes from it, from 1.
        title: its line ``@@ … @@``.
        lines: its lines, each with its mark.
    """

    file: str
    line: int
    title: str
    lines: tuple[bytes, ...]

    @property
    def before(self) -> tuple[bytes, ...]:
        """The lines that it wants to find."""
        return tuple(line[1:] for line in self.lines if line[:1] in (b" ", b"-"))


def hunks(diff: bytes) -> list[Hunk]:
    """Return the hunks of a difference as git writes it, file by file."""
    found: list[Hunk] = []
    for part in re.split(rb"^(?=diff --git )", diff, flags=re.MULTILINE):
        name = _FILE.match(part) or re.search(rb"^\+\+\+ (?:b/)?([^\t\n]+)", part, re.MULTILINE)
        starts = list(HUNK.finditer(part))
        for number, start in enumerate(starts):
            end = starts[number + 1].start() if number + 1 < len(starts) else len(part)
            lines = part[start.end() + 1 : end].splitlines()
            file = name[1].decode("utf-8", "replace") if name else "?"
            found.append(Hunk(file, int(start[1]), start[0].decode("utf-8", "replace"), tuple(lines)))
    return found
