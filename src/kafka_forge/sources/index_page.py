"""A project's page of a Python index, in either of the simple API's forms: JSON (PEP 691) or HTML (PEP 503)."""

from __future__ import annotations

import json
from dataclasses import dataclass
from html.parser import HTMLParser
from typing import TYPE_CHECKING
from urllib.parse import unquote, urldefrag

from kafka_forge.sources.place import NonsenseError

if TYPE_CHECKING:
    from collections.abc import Mapping

ACCEPT = "application/vnd.pypi.simple.v1+json, application/vnd.pypi.simple.v1+html;q=0.2, text/html;q=0.1"
"""PEP 691's form first, PEP 503's as what every index speaks."""


@dataclass(frozen=True, slots=True)
class IndexFile:
    """A file of a project.

    Attributes:
        url: where it is, perhaps relative to the page.
        sha256: what the index says that it sums to; empty where it does not say.
        yanked: whether its maker has taken it back (PEP 592).
    """

    url: str
    sha256: str = ""
    yanked: bool = False


def read(text: str, content_type: str) -> Mapping[str, IndexFile]:
    """Return file name → file.

    Raises:
        NonsenseError: it is no such page.
    """
    if "json" in content_type:
        try:
            return {str(each["filename"]): _of_json(each) for each in json.loads(text)["files"]}
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise NonsenseError(f"the index's answer breaks PEP 691: {error!r}") from error
    links = _Links()
    links.feed(text)
    return links.files


def _of_json(entry: dict[str, object]) -> IndexFile:
    hashes = entry.get("hashes")
    sha256 = hashes.get("sha256", "") if isinstance(hashes, dict) else ""
    return IndexFile(str(entry["url"]), str(sha256).lower(), bool(entry.get("yanked")))


class _Links(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.files: dict[str, IndexFile] = {}

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        said = dict(attrs)
        href = said.get("href")
        if tag == "a" and href:
            url, fragment = urldefrag(href)
            kind, _, digest = fragment.partition("=")
            sha256 = digest.lower() if kind == "sha256" else ""
            self.files[unquote(url.rsplit("/", 1)[-1])] = IndexFile(url, sha256, "data-yanked" in said)
