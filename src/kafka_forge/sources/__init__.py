"""Sources by content: the bytes of a sha256, from upstream or from wherever else the machine can get them.

The address of a registry is never written here: pip, apt, Maven's settings and cargo know theirs. Only the sha256
decides whether bytes are the right ones.
"""

from __future__ import annotations

import contextlib
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from filelock import FileLock

from kafka_forge.errors import ChecksumMismatch, ForgeError, NoNetwork, SourceUnreachable
from kafka_forge.ground.files import explain_os_errors
from kafka_forge.sources import http
from kafka_forge.sources.crate import Crate
from kafka_forge.sources.debian_binary import DebianBinary
from kafka_forge.sources.debian_source import DebianSource
from kafka_forge.sources.hints import Hints, load_hints
from kafka_forge.sources.maven import Maven
from kafka_forge.sources.place import NotObtainedError, Provider
from kafka_forge.sources.python_index import PythonIndex, pip_settings
from kafka_forge.sources.upstream import Upstream

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kafka_forge.ground.files import Store
    from kafka_forge.ground.progress import Progress, Task

__all__ = [
    "Crate",
    "DebianBinary",
    "DebianSource",
    "Hints",
    "Maven",
    "NotObtainedError",
    "Provider",
    "PythonIndex",
    "Source",
    "Upstream",
    "load_hints",
    "obtain",
]


@dataclass(frozen=True, slots=True)
class Source:
    """Bytes that are asked for.

    Attributes:
        name: a word for the user, usually the file's name.
        sha256: what they must sum to, 64 hexadecimal digits.
        urls: upstream's own URLs, tried first, in order; a ``file:`` URL is allowed.
        providers: other places, tried after them, in order.
    """

    name: str
    sha256: str
    urls: tuple[str, ...] = ()
    providers: tuple[Provider, ...] = ()


@dataclass(frozen=True, slots=True)
class _Answer:
    where: str
    text: str
    heard: bool
    wrong: ChecksumMismatch | None = None


def obtain(source: Source, store: Store, progress: Progress) -> Path:
    """Return the stored file whose sha256 is the source's; obtain it first where the store has none.

    Safe to call from several threads and processes at once: one obtains, the others wait and take its file.

    Raises:
        ChecksumMismatch: no place had the right bytes, and at least one had wrong ones (both sums are named).
        SourceUnreachable: no place gave anything; ``details`` has every place and its answer.
        NoNetwork: nothing answered, the Python index neither.
        DiskFull, NotWritable: the store cannot take the file.
    """
    if found := store.get(source.sha256):
        return found
    with _room(store, source.sha256) as room:
        if found := store.get(source.sha256):
            return found
        answers: list[_Answer] = []
        with progress.task(f"source {source.name}") as task:
            for place in (*map(Upstream, source.urls), *source.providers):
                outcome = _try(place, source, store, room / "bytes", task)
                if isinstance(outcome, Path):
                    return outcome
                answers.append(outcome)
                if outcome.wrong:
                    progress.say(f"{source.name}: {outcome.where} has other bytes than the recipe asks for; going on")
        raise _conclusion(source, answers)


@contextlib.contextmanager
def _room(store: Store, sha256: str) -> Iterator[Path]:
    """A temporary folder on the store's own file system, held by one process a sum."""
    with explain_os_errors(store.root):
        locks = store.root / ".locks"
        locks.mkdir(parents=True, exist_ok=True)
        with FileLock(locks / sha256), tempfile.TemporaryDirectory(prefix=".obtain-", dir=store.root) as room:
            yield Path(room)


def _try(place: Provider, source: Source, store: Store, draft: Path, task: Task) -> Path | _Answer:
    try:
        place.fetch(draft, task)
        if place.transform:
            place.transform.apply(draft)
        return store.add(draft, source.sha256, origin=place.where)
    except NotObtainedError as error:
        return _Answer(place.where, str(error), error.heard)
    except ValueError as error:  # a transform that the bytes do not fit
        return _Answer(place.where, f"its bytes cannot be turned into upstream's: {error}", heard=True)
    except ChecksumMismatch as error:
        return _Answer(place.where, "; ".join(error.details), heard=True, wrong=error)


def _conclusion(source: Source, answers: list[_Answer]) -> ForgeError:
    tried = [f"{answer.where}: {answer.text}" for answer in answers]
    wrong = next((answer.wrong for answer in answers if answer.wrong), None)
    if wrong:
        others = [line for line, answer in zip(tried, answers, strict=True) if answer.wrong is not wrong]
        return ChecksumMismatch(wrong.what, where=wrong.where, details=[*wrong.details, *others], todo=wrong.todo)
    if not any(answer.heard for answer in answers) and not _anybody_there():
        return NoNetwork(
            f"no network: nothing answered while looking for {source.name}",
            details=tried,
            todo="connect, or set the proxy (HTTPS_PROXY) or the index (pip config set global.index-url) to use.",
        )
    return SourceUnreachable(
        f"no place that can be reached from here has {source.name}",
        where=f"sha256 {source.sha256}",
        details=tried or ["nothing to try: neither a URL nor a provider is named"],
        todo="run again where one of these answers, or name another place for the same bytes in the sources.yaml "
        "beside the recipe.",
    )


def _anybody_there() -> bool:
    """Whether the one registry that every user of this toolkit has answers, if only to say no."""
    try:
        http.read(pip_settings().indexes[0].rstrip("/") + "/pip/", headers={"Accept": "*/*"})
    except NotObtainedError as error:
        return error.heard
    return True
