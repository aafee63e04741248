"""What stands above a patch's first difference: why it is there, what it answers, which tests fail without it.

A header is a mail as ``git format-patch`` writes it: ``From:``, ``Subject: [PATCH] …``, an empty line, why, and at the
end a block of lines ``Answers: …`` (public references), ``Since: …`` (since when it is broken; where it always was,
there is none) and one ``Test: FILE::FUNCTION`` for each test. Answers and Since may run over several lines.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from kafka_forge.patching.patch import parse

if TYPE_CHECKING:
    from pathlib import Path

_FIELDS = ("Answers", "Since", "Test")
_FIELD = re.compile(rf"({'|'.join(_FIELDS)}): *(.*)")


@dataclass(frozen=True, slots=True)
class Message:
    """A commit's message, or the same words above a patch.

    Attributes:
        subject: its first line, without ``[PATCH]``.
        why: the paragraphs between the subject and the fields.
        answers: the public references of what it mends, in its own words; empty where it names none.
        since: since which version of what it is broken; empty where that is not said.
        tests: FILE::FUNCTION of the tests that fail without it, from the project's root.
    """

    subject: str
    why: str
    answers: str
    since: str
    tests: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Header:
    """The header of one patch of a recipe.

    Attributes:
        number: its place in the series, from 1.
        path: the file.
        message: what it says.
    """

    number: int
    path: Path
    message: Message

    @property
    def answers(self) -> str:
        """See `Message`."""
        return self.message.answers

    @property
    def tests(self) -> tuple[str, ...]:
        """See `Message`."""
        return self.message.tests


def read_headers(patches: Path) -> list[Header]:
    """Return the headers of a folder's patches, in the order of their names."""
    return [_read(number, path) for number, path in enumerate(sorted(patches.glob("*.patch")), 1)]


def _read(number: int, path: Path) -> Header:
    return Header(number, path, read_message(parse(path.name, path.read_bytes()).message))


def read_message(text: str) -> Message:
    """Read a commit's message.

    >>> read_message("Do it\\n\\nIt was not\\ndone.\\n\\nAnswers: a/b#1,\\n#2\\nSince: X 3\\nTest: t.py::f\\n")
    Message(subject='Do it', why='It was not\\ndone.', answers='a/b#1,\\n#2', since='X 3', tests=('t.py::f',))
    """
    subject, _, body = text.partition("\n")
    why: list[str] = []
    found: dict[str, list[list[str]]] = {name: [] for name in _FIELDS}
    lines = why
    for line in body.splitlines():
        field = _FIELD.fullmatch(line)
        if field:
            lines = [field[2]]
            found[field[1]].append(lines)
        elif lines is not why and not line.strip():
            lines = why  # an empty line ends a field
        else:
            lines.append(line)
    values = {name: ["\n".join(each) for each in found[name]] for name in _FIELDS}
    return Message(
        subject.strip(),
        "\n".join(why).strip("\n"),
        "\n".join(values["Answers"]),
        "\n".join(values["Since"]),
        tuple(test.strip() for test in values["Test"]),
    )
