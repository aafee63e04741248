"""The public references in a patch's header: issues of GitHub, Kafka's own, RFCs."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_REFERENCE = re.compile(r"(?P<repo>[\w.-]+/[\w.-]+)?#(?P<number>\d+)\b|\bKAFKA-(?P<jira>\d+)\b|\bRFC (?P<rfc>\d+)\b")


def found_in(text: str) -> Iterator[tuple[int, int, str]]:
    """Give each reference's begin, end and address; a repository stays named for those after it.

    >>> [address for _, _, address in found_in("a/b#1, #2; KAFKA-3")][1:]
    ['https://github.com/a/b/issues/2', 'https://issues.apache.org/jira/browse/KAFKA-3']
    """
    repository = ""
    for found in _REFERENCE.finditer(text):
        repository = found["repo"] or repository
        yield found.start(), found.end(), _address(found, repository)


def labelled(text: str) -> tuple[tuple[str, str], ...]:
    """Return each reference by its full name, with its address; a text that has none stands for itself, without one.

    >>> labelled("Parsely/pykafka#617, #920")[1]
    ('Parsely/pykafka#920', 'https://github.com/Parsely/pykafka/issues/920')
    >>> labelled("KIP-848")
    (('KIP-848', ''),)
    """
    text = " ".join(text.split())
    repository, named = "", []
    for begin, end, address in found_in(text):
        label = text[begin:end]
        repository = label.partition("#")[0] or repository if "#" in label else repository
        named.append((f"{repository}{label}" if label.startswith("#") else label, address))
    return tuple(named) or (((text, ""),) if text else ())


def _address(found: re.Match[str], repository: str) -> str:
    if found["jira"]:
        return f"https://issues.apache.org/jira/browse/KAFKA-{found['jira']}"
    if found["rfc"]:
        return f"https://www.rfc-editor.org/rfc/rfc{found['rfc']}"
    return f"https://github.com/{repository}/issues/{found['number']}" if repository else ""
