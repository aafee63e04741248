"""The places that tell which versions of an upstream there are, each with the provider of its archives.

They are those that the recipe names: the Python index (its hint, or its URL), a forge's tags (the URL of a tag's
archive), and Debian's suites (its hint). Registry addresses come from the machine's configuration, as for sources.
"""

from __future__ import annotations

import os
import re
import subprocess
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from kafka_forge.errors import AnswerInvalid
from kafka_forge.sources import DebianSource, NotObtainedError, PythonIndex, Upstream, apt_index
from kafka_forge.sources.place import NonsenseError
from kafka_forge.sources.python_index import files_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from kafka_forge.sources import Provider

_TAG_ARCHIVE = re.compile(r"(?P<repository>https?://.+?)/archive/(?:refs/tags/)?(?P<tag>[^/]+?)\.(?:tar\.gz|tgz|zip)")
"""The archive of a tag, as GitHub, Gitea and Forgejo have it."""
_INDEX_ARCHIVE = re.compile(r"https?://.+/packages/source/[^/]+/(?P<project>[^/]+)/(?P<file>[^/]+)")
_REF = re.compile(r"[0-9a-f]{40,64}\trefs/tags/(?P<tag>\S+)")
_SECONDS = 30.0


class Feed(Protocol):
    """A place that tells versions."""

    @property
    def where(self) -> str:
        """The place in words."""

    def ask(self) -> Mapping[str, str]:
        """Return version → the sha256 that the place states, empty where it states none.

        Raises:
            NotObtainedError: it does not answer, or knows nothing of it.
            AnswerInvalid: what it answers is no such answer.
        """

    def provider(self, version: str) -> Provider:
        """Return what fetches the archive of a version from there."""


@dataclass(frozen=True, slots=True)
class IndexFeed:
    """A project of the Python index: its sdists that nobody has taken back."""

    project: str
    file: str
    version: str

    @property
    def where(self) -> str:
        """See `Feed.where`."""
        return f"Python index: {self.project}"

    def ask(self) -> Mapping[str, str]:
        """See `Feed.ask`."""
        try:
            files, why = files_of(self.project), "it names no file at all"
        except NonsenseError as error:
            files, why = {}, str(error)
        if not files:
            raise AnswerInvalid(
                f"the Python index answers about {self.project}, but with no list of files",
                where=self.where,
                details=[why],
                todo="see what `pip config list` names as the index, and try again later.",
            )
        found = _matching(files, self.file, self.version)
        return {version: files[name].sha256 for version, name in found.items() if not files[name].yanked}

    def provider(self, version: str) -> Provider:
        """See `Feed.provider`."""
        return PythonIndex(project=self.project, file=self.file.replace(self.version, version))


@dataclass(frozen=True, slots=True)
class TagFeed:
    """The tags of a git repository, whose archives stand beside it."""

    repository: str
    tag: str
    url: str
    version: str

    @property
    def where(self) -> str:
        """See `Feed.where`."""
        return f"tags of {self.repository}"

    def ask(self) -> Mapping[str, str]:
        """See `Feed.ask`. git's own protocol needs no account and has no limit of requests."""
        try:
            done = subprocess.run(
                ["git", "ls-remote", "--tags", "--refs", self.repository],
                capture_output=True,
                text=True,
                timeout=_SECONDS,
                check=False,
                env={**os.environ, "GIT_TERMINAL_PROMPT": "0", "LC_ALL": "C"},
            )
        except subprocess.TimeoutExpired as error:
            raise NotObtainedError(f"no answer within {_SECONDS:.0f} s", heard=False) from error
        except FileNotFoundError as error:
            raise NotObtainedError("not tried: no git on this machine", heard=False) from error
        if done.returncode:
            said = done.stderr.strip().splitlines() or ["git says nothing"]
            raise NotObtainedError(said[-1].removeprefix("fatal: "), heard=False)
        refs = [_REF.fullmatch(line) for line in done.stdout.splitlines()]
        if not refs or None in refs:
            raise AnswerInvalid(
                "upstream's repository answers, but with no list of tags",
                where=self.repository,
                details=done.stdout.splitlines()[:3],
                todo="see what `git ls-remote --tags` says of that address, and try again later.",
            )
        return dict.fromkeys(_matching([ref["tag"] for ref in refs if ref], self.tag, self.version), "")

    def provider(self, version: str) -> Provider:
        """See `Feed.provider`."""
        return Upstream(self.url.replace(self.version, version))


@dataclass(frozen=True, slots=True)
class DebianFeed:
    """A source package of Debian's suites, by apt's signed index."""

    hint: DebianSource
    version: str

    @property
    def where(self) -> str:
        """See `Feed.where`."""
        return f"Debian source: {self.hint.package}"

    def ask(self) -> Mapping[str, str]:
        """See `Feed.ask`. What the index states is the sum of Debian's archive, which may have to be transformed."""
        found = apt_index.sources(self.hint.package)
        if not found:
            raise NotObtainedError("apt on this machine can name no suite that has it", heard=False)
        names = [name for each in found for name in each.files]
        return dict.fromkeys(_matching(names, self.hint.file, self.version), "")

    def provider(self, version: str) -> Provider:
        """See `Feed.provider`."""
        text = self.hint.model_dump_json()
        return DebianSource.model_validate_json(text.replace(self.version, version))


def of_recipe(urls: Sequence[str], providers: Sequence[Provider], version: str) -> tuple[Feed, ...]:
    """Return the places that tell of a recipe's upstream, the one that it names first.

    Args:
        urls: of the recipe's source.
        providers: the hints for it.
        version: the recipe's, which stands in the names of all of them.
    """
    found: list[Feed] = []
    for url in urls:
        if (match := _TAG_ARCHIVE.fullmatch(url)) and version in match["tag"]:
            found.append(TagFeed(match["repository"], match["tag"], url, version))
        elif (match := _INDEX_ARCHIVE.fullmatch(url)) and version in match["file"]:
            found.append(IndexFeed(match["project"], match["file"], version))
    for hint in providers:
        if isinstance(hint, DebianSource) and version in hint.file:
            found.append(DebianFeed(hint, version))
        elif isinstance(hint, PythonIndex) and version in hint.file:
            found.append(IndexFeed(hint.project, hint.file, version))
    return tuple(dict.fromkeys(found))


def _matching(names: Sequence[str] | Mapping[str, object], name: str, version: str) -> dict[str, str]:
    """Return version → name of those names that are as one of them is for a version."""
    pattern = re.compile(re.escape(name).replace(re.escape(version), r"(?P<version>\d[\w.+!]*)", 1))
    return {match["version"]: each for each in names if (match := pattern.fullmatch(each))}
