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

from kafka_forge.errors import ChecksumMismatch, ForgeError, LockGone, NoNetwork, SourceUnreachable
from kafka_forge.ground.files import explain_os_errors
from kafka_forge.sources import apt_index, http, rolling
from kafka_forge.sources.crate import Crate
from kafka_forge.sources.debian_binary import DebianBinary
from kafka_forge.sources.debian_source import DebianSource
from kafka_forge.sources.hints import Hints, load_hints
from kafka_forge.sources.maven import Maven
from kafka_forge.sources.place import DEBIAN_NOW, NotObtainedError, Provider, forgotten
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

    @property
    def forgotten(self) -> bool:
        """Whether everybody who was asked answers that it has no such file; one that is silent may have it."""
        return forgotten(self.text)


@dataclass(frozen=True, slots=True)
class _Search:
    """One search for a source's bytes, in a room of its own."""

    source: Source
    store: Store
    draft: Path
    progress: Progress
    task: Task


def obtain(source: Source, store: Store, progress: Progress) -> Path:
    """Return the stored file whose sha256 is the source's; obtain it first where the store has none.

    Safe to call from several threads and processes at once: one obtains, the others wait and take its file.

    Raises:
        ChecksumMismatch: no place had the right bytes, and at least one had wrong ones (both sums are named).
        LockGone: every mirror has forgotten a Debian package, and its suite has nothing that can stand for it, or
            ``--strict-locks`` forbids it. Without it, what stands for it is returned, see `rolling`.
        SourceUnreachable: no place gave anything; ``details`` has every place and its answer.
        NoNetwork: nothing answered, the Python index neither.
        DiskFull, NotWritable: the store cannot take the file.
    """
    if found := store.get(source.sha256):
        return found
    with _room(store, source.sha256) as room, progress.task(f"source {source.name}") as task:
        if found := store.get(source.sha256) or _in_its_place(source, store):
            return found
        return _search(_Search(source, store, room / "bytes", progress, task))


def _in_its_place(source: Source, store: Store) -> Path | None:
    """Return what stands for a file that the mirrors have forgotten, if it has been obtained already."""
    rolled = None if rolling.strict() else rolling.known(store).get(source.sha256)
    return store.get(rolled.sha256) if rolled else None


def _search(search: _Search) -> Path:
    source = search.source
    answers: list[_Answer] = []
    for place in (*map(Upstream, source.urls), *source.providers):
        outcome = _try(place, source.sha256, search)
        if isinstance(outcome, Path):
            if source.sha256 in rolling.known(search.store):
                rolling.write_down(source.sha256, None, search.store)
            return outcome
        answers.append(outcome)
        if outcome.wrong:
            search.progress.say(f"{source.name}: {outcome.where} has other bytes than the recipe asks for; going on")
    locked = source.providers[-1] if source.providers else None
    if isinstance(locked, DebianBinary) and all(answer.forgotten for answer in answers):
        return _roll(locked, search, answers)
    raise _conclusion(source, answers)


def _roll(locked: DebianBinary, search: _Search, answers: list[_Answer]) -> Path:
    """Obtain what the suite has now in the place of a package that every mirror has forgotten, and say so."""
    told = [f"{answer.where}: {answer.text}" for answer in answers]
    if rolling.strict():
        raise LockGone(
            f"no mirror has the locked {locked.file} any more",
            where=f"sha256 {search.source.sha256}",
            details=told,
            todo="run without --strict-locks to take the suite's current version; or lock that one.",
        )
    try:
        rolled = rolling.look(locked)
        outcome = _try(rolled.at, rolled.sha256, search)
    except NotObtainedError as error:
        outcome = _Answer(f"{locked.suite}'s index", str(error), error.heard)
    if isinstance(outcome, _Answer):
        raise LockGone(
            f"no mirror has the locked {locked.file} any more, and nothing can stand for it",
            where=f"sha256 {search.source.sha256}",
            details=[*told, f"{outcome.where}: {outcome.text}"],
            todo="lock the version that Debian has now; `kafka-forge locks check` names the lock.",
        )
    rolling.write_down(search.source.sha256, rolled, search.store)
    search.progress.say(f"rolled: {rolled.text}")
    return outcome


@contextlib.contextmanager
def _room(store: Store, sha256: str) -> Iterator[Path]:
    """A temporary folder on the store's own file system, held by one process a sum."""
    with explain_os_errors(store.root):
        locks = store.root / ".locks"
        locks.mkdir(parents=True, exist_ok=True)
        with FileLock(locks / sha256), tempfile.TemporaryDirectory(prefix=".obtain-", dir=store.root) as room:
            yield Path(room)


def _try(place: Provider, sha256: str, search: _Search) -> Path | _Answer:
    try:
        place.fetch(search.draft, search.task)
        if place.transform:
            place.transform.apply(search.draft)
        return search.store.add(search.draft, sha256, origin=place.where)
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
    now = _in_debian_now(source, answers)
    return SourceUnreachable(
        f"no place that can be reached from here has {source.name}",
        where=f"sha256 {source.sha256}",
        details=[*(tried or ["nothing to try: neither a URL nor a provider is named"]), *now],
        todo="run again where one of these answers, or name another place for the same bytes in the sources.yaml "
        "beside the recipe"
        + ("; or move the recipe to a version that Debian has now, with its sha256." if now else "."),
    )


def _in_debian_now(source: Source, answers: list[_Answer]) -> list[str]:
    """Return what Debian's suites have of a source package whose archive the mirrors have forgotten, a line each."""
    packages = {place.where: place.package for place in source.providers if isinstance(place, DebianSource)}
    lines = []
    for package in {packages[each.where]: None for each in answers if each.where in packages and each.forgotten}:
        there = ", ".join(f"{each.version} ({each.suite})" for each in apt_index.sources(package))
        lines.append(f"{DEBIAN_NOW} {package} now: {there or 'nothing that apt on this machine can name'}")
    return lines


def _anybody_there() -> bool:
    """Whether the one registry that every user of this toolkit has answers, if only to say no."""
    try:
        http.read(pip_settings().indexes[0].rstrip("/") + "/pip/", headers={"Accept": "*/*"})
    except NotObtainedError as error:
        return error.heard
    return True
