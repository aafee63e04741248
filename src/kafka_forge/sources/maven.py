"""Artifacts from Maven repositories by their coordinates, at the addresses that the machine's settings give.

The addresses are the mirrors of "central" in Maven's own settings files and then jgo's built-in default. Nothing
is resolved here: the caller knows each artifact's coordinates and the sha256 of its bytes.
"""

from __future__ import annotations

import contextlib
import functools
import os
import tempfile
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

from kafka_forge.errors import NoNetwork, SourceUnreachable
from kafka_forge.files import explain_os_errors

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import requests

    from kafka_forge.files import Store
    from kafka_forge.progress import Progress, Task

_TIMEOUT = (10.0, 60.0)
_PARALLEL = 8
_CHUNK = 1 << 18


@dataclass(frozen=True, slots=True)
class MavenFile:
    """One file of a Maven repository.

    Attributes:
        group: the groupId, for example ``org.apache.kafka``.
        artifact: the artifactId.
        version: a released version.
        sha256: of the file's bytes, 64 hexadecimal digits.
        classifier: for example ``linux-x86_64``; empty where there is none.
        packaging: the file's ending.
    """

    group: str
    artifact: str
    version: str
    sha256: str
    classifier: str = ""
    packaging: str = "jar"

    @property
    def filename(self) -> str:
        """The file's name in a repository."""
        tail = f"-{self.classifier}" if self.classifier else ""
        return f"{self.artifact}-{self.version}{tail}.{self.packaging}"

    @property
    def path(self) -> str:
        """Where the file is below a repository's address (Maven's default layout)."""
        return "/".join((*self.group.split("."), self.artifact, self.version, self.filename))

    def __str__(self) -> str:
        parts = (self.group, self.artifact, self.version, self.classifier)
        return ":".join(part for part in parts if part)


def settings_files() -> tuple[Path, ...]:
    """Return the settings files that Maven itself would read: the user's, then the installation's."""
    homes = [Path(os.environ[name]) / "conf" for name in ("MAVEN_HOME", "M2_HOME") if name in os.environ]
    places = [Path.home() / ".m2", *homes, Path("/etc/maven")]
    return tuple(file for place in places if (file := place / "settings.xml").is_file())


def mirrors(settings: Path) -> list[str]:
    """Return the addresses of the mirrors of "central" that a Maven ``settings.xml`` names.

    ``mirrorOf`` is read as Maven documents it: ``*``, ``external:*`` and ``central`` match, ``!central`` does not.
    """
    try:
        root = ET.parse(settings).getroot()  # noqa: S314  (the user's own configuration)
    except (OSError, ET.ParseError):
        return []
    found = []
    for mirror in root.iterfind("{*}mirrors/{*}mirror"):
        of = {word.strip() for word in mirror.findtext("{*}mirrorOf", "").split(",")}
        url = mirror.findtext("{*}url", "").strip()
        if url and "!central" not in of and of & {"*", "external:*", "central"}:
            found.append(url.rstrip("/"))
    return found


def repositories() -> tuple[str, ...]:
    """Return the addresses to ask, in order and without their last slash."""
    from jgo.constants import MAVEN_CENTRAL_URL

    named = [url for file in settings_files() for url in mirrors(file)]
    return tuple(dict.fromkeys([*named, MAVEN_CENTRAL_URL.rstrip("/")]))


def fetch(wanted: Sequence[MavenFile], store: Store, progress: Progress, label: str) -> dict[MavenFile, Path]:
    """Obtain files into the store, several at a time; what is there already is not asked for again.

    Args:
        wanted: the files, each with the sha256 that alone decides.
        store: where they go.
        progress: who listens; the total is in files.
        label: what the user is told.

    Returns:
        file → its path in the store.

    Raises:
        NoNetwork: no repository answers at all.
        SourceUnreachable: a file is in none of the repositories.
        ChecksumMismatch: the bytes are others; nothing of that file was kept.
        DiskFull, NotWritable: the store cannot take it.
    """
    missing = [file for file in wanted if store.get(file.sha256) is None]
    if missing:
        stop = threading.Event()
        with (
            progress.task(label, total=len(missing)) as task,
            ThreadPoolExecutor(_PARALLEL, thread_name_prefix="maven") as pool,
        ):
            futures = [pool.submit(_fetch_one, file, store, task, stop) for file in missing]
            try:
                for future in futures:
                    future.result()
            except BaseException:
                stop.set()
                pool.shutdown(wait=True, cancel_futures=True)
                raise
    return {file: store.path(file.sha256) for file in wanted}


@functools.cache
def _session() -> requests.Session:
    """Return a session that tries again, ever later, after time-outs, refusals and 429/5xx answers."""
    import requests
    from requests.adapters import HTTPAdapter
    from urllib3.util import Retry

    again = Retry(total=4, backoff_factor=0.5, status_forcelist=(429, 500, 502, 503, 504), allowed_methods=("GET",))
    session = requests.Session()
    for scheme in ("https://", "http://"):
        session.mount(scheme, HTTPAdapter(max_retries=again, pool_maxsize=_PARALLEL))
    return session


def _fetch_one(file: MavenFile, store: Store, task: Task, stop: threading.Event) -> None:
    import requests

    tried: list[str] = []
    answered = False
    for base in repositories():
        url = f"{base}/{file.path}"
        try:
            _into_store(url, file, store, stop)
        except requests.HTTPError as error:
            answered = True
            tried.append(f"{url}: {error.response.status_code} {error.response.reason}")
        except requests.RequestException as error:
            tried.append(f"{url}: {type(error).__name__}: {error}")
        else:
            task.advance()
            task.note(file.artifact)
            return
    kind = SourceUnreachable if answered else NoNetwork
    raise kind(
        f"{file} can be obtained from no Maven repository" if answered else "no Maven repository answers",
        where=str(file),
        details=tried,
        todo="check the network and the mirrors in Maven's settings.xml, then run the same command again.",
    )


def _into_store(url: str, file: MavenFile, store: Store, stop: threading.Event) -> None:
    """Download and verify; a body that breaks off is asked for again (the session sees to everything before it)."""
    import requests

    for pause in (0.5, 2.0, None):
        try:
            with _download(url, store, stop) as draft:
                store.add(draft, file.sha256, origin=url)
        except (requests.exceptions.ChunkedEncodingError, requests.exceptions.ContentDecodingError):  # noqa: PERF203
            if pause is None or stop.wait(pause):
                raise
        else:
            return


@contextlib.contextmanager
def _download(url: str, store: Store, stop: threading.Event) -> Iterator[Path]:
    """Give the body of ``url`` as a temporary file in the store's file system; it is gone when the block ends."""
    with explain_os_errors(store.root):
        store.root.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(prefix=".maven-", suffix=".part", dir=store.root)
    draft = Path(name)
    try:
        with open(handle, "wb") as sink, _session().get(url, stream=True, timeout=_TIMEOUT) as answer:  # noqa: PTH123
            answer.raise_for_status()
            for chunk in answer.iter_content(_CHUNK):
                if stop.is_set():
                    raise KeyboardInterrupt
                with explain_os_errors(draft):
                    sink.write(chunk)
        yield draft
    finally:
        draft.unlink(missing_ok=True)
