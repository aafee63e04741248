"""An sdist or a wheel of the Python package index that the machine's pip is set to."""

from __future__ import annotations

import functools
import importlib
import os
import re
import subprocess
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal
from urllib.parse import urljoin

from kafka_forge.sources import http, index_page
from kafka_forge.sources.place import Hint, NonsenseError, NotObtainedError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from kafka_forge.ground.progress import Task
    from kafka_forge.sources.index_page import IndexFile


class PythonIndex(Hint):
    """One file of a project on the Python index."""

    kind: Literal["python-index"] = "python-index"
    project: str
    """The project's name, for example ``confluent-kafka``."""
    file: str
    """The file's name, for example ``confluent_kafka-2.14.2.tar.gz``."""

    @property
    def where(self) -> str:
        """The place in words."""
        return f"Python index: {self.file}"

    def fetch(self, target: Path, task: Task) -> None:
        """See `Provider.fetch`. Looks through pip's indexes in order."""
        self._ask_indexes(lambda url, cert: http.download(url, target, task, ca_bundle=cert))

    def look(self) -> None:
        """See `Provider.look`."""
        self._ask_indexes(lambda url, cert: http.look(url, ca_bundle=cert))

    def _ask_indexes(self, ask: Callable[[str, str | None], None]) -> None:
        answers: list[NotObtainedError] = []
        settings = pip_settings()
        for index in settings.indexes:
            try:
                ask(self._url_on(index, settings.cert), settings.cert)
            except NotObtainedError as error:  # noqa: PERF203 - a network call each
                answers.append(error)
            else:
                return
        raise NotObtainedError("; ".join(map(str, answers)), heard=any(answer.heard for answer in answers))

    def _url_on(self, index: str, cert: str | None) -> str:
        page_url = _page_url(index, self.project)
        files = _page(page_url, cert)
        if self.file not in files:
            raise NotObtainedError(f"the index has {self.project}, but not {self.file}", heard=True)
        return urljoin(page_url, files[self.file].url)


def files_of(project: str) -> Mapping[str, IndexFile]:
    """Return file name → file of a project, from the first of pip's indexes that has it.

    Raises:
        NonsenseError: one answers, and with no page of an index.
        NotObtainedError: none answers with a page of it.
    """
    answers: list[NotObtainedError] = []
    settings = pip_settings()
    for index in settings.indexes:
        try:
            return _page(_page_url(index, project), settings.cert)
        except NonsenseError:  # noqa: PERF203 - a network call each
            raise
        except NotObtainedError as error:
            answers.append(error)
    raise NotObtainedError("; ".join(map(str, answers)), heard=any(answer.heard for answer in answers))


def _page_url(index: str, project: str) -> str:
    return f"{index.rstrip('/')}/{re.sub(r'[-_.]+', '-', project).lower()}/"


@dataclass(frozen=True, slots=True)
class PipSettings:
    """What pip's configuration says about indexes.

    Attributes:
        indexes: URLs of simple indexes, in pip's order: index-url, then extra-index-url.
        cert: the certificate bundle to trust; None for the default.
    """

    indexes: tuple[str, ...]
    cert: str | None


@functools.cache
def pip_settings() -> PipSettings:
    """Ask pip for its settings (files and environment variables) and its built-in default.

    Raises:
        NotObtainedError: this Python has no pip to ask.
    """
    found = subprocess.run(
        [sys.executable, "-m", "pip", "config", "list"],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PIP_DISABLE_PIP_VERSION_CHECK": "1"},
    )
    if found.returncode:
        raise NotObtainedError(f"not tried: no pip in {sys.executable} to ask for its index", heard=False)
    return settings_from(found.stdout, _default_index())


def settings_from(listing: str, default: str) -> PipSettings:
    """Read the output of ``pip config list``; ``default`` is pip's index where nothing is set.

    >>> settings_from("global.index-url='https://a/simple'\\n:env:.extra-index-url='https://b https://c'", "https://d")
    PipSettings(indexes=('https://a/simple', 'https://b', 'https://c'), cert=None)
    """
    values = _settings(listing)
    main = values.get("index-url", default)
    return PipSettings((main, *values.get("extra-index-url", "").split()), values.get("cert") or None)


def _settings(listing: str) -> Mapping[str, str]:
    # pip's order: global, then the command's own section, then the environment
    ranked: dict[str, tuple[int, str]] = {}
    for line in listing.splitlines():
        match = re.fullmatch(r"(global|install|download|:env:)\.([\w-]+)='(.*)'", line.strip())
        if match:
            section, key, value = match.groups()
            rank = ("global", "install", "download", ":env:").index(section)
            if rank >= ranked.get(key, (-1, ""))[0]:
                ranked[key] = (rank, value.replace("\\n", " ").strip())
    return {key: value for key, (_, value) in ranked.items()}


def _default_index() -> str:
    # pip's own constant; the address stands in pip and nowhere here
    return str(importlib.import_module("pip._internal.models.index").PyPI.simple_url)


@functools.lru_cache(maxsize=64)
def _page(url: str, cert: str | None) -> Mapping[str, IndexFile]:
    """A project's page, read once in a process: a lock has a dozen files of some projects."""
    text, content_type = http.read(url, headers={"Accept": index_page.ACCEPT}, ca_bundle=cert)
    return index_page.read(text, content_type)
