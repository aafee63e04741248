"""Downloads: short time-outs, retries where they help, and a memory of hosts that do not answer."""

from __future__ import annotations

import contextlib
import shutil
import time
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar
from urllib.parse import unquote, urlsplit
from urllib.request import url2pathname

from kafka_forge.sources.place import NotObtainedError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    import requests

    from kafka_forge.ground.progress import Task

T = TypeVar("T")

CONNECT_SECONDS = 5.0
READ_SECONDS = 30.0
_CONNECT_TRIES = 2
_TRIES = 4
_BACK_OFF_SECONDS = 0.5
_TRY_AGAIN = frozenset({408, 425, 429, 500, 502, 503, 504})
_NO_METHOD = frozenset({403, 405, 501})
"""What servers say to HEAD that would answer GET; 403 is an object store's where a URL is signed for one method."""

_silent_hosts: dict[str, str] = {}
"""Hosts that did not answer in this process, and how: a host is waited for once, not once a file."""


class _NoMethodError(Exception):
    """The server answers no request of that method."""


class _AgainError(Exception):
    """Worth another try: a time-out, a broken connection, or a server's 5xx."""

    def __init__(self, reason: str, *, heard: bool) -> None:
        super().__init__(reason)
        self.heard = heard


def download(
    url: str, target: Path, task: Task, *, ca_bundle: str | None = None, proxies: Mapping[str, str] | None = None
) -> None:
    """Write the bytes behind a ``http``, ``https`` or ``file`` URL to ``target``, exactly as they are served.

    Args:
        url: where they are.
        target: the file to write; it is only whole if this returns.
        task: told the file's name.
        ca_bundle: certificates to trust, as pip's ``cert`` setting names them.
        proxies: scheme → proxy URL, where a tool's own settings name one.

    Raises:
        NotObtainedError: the host does not answer, or says no.
    """
    task.note(url.rsplit("/", 1)[-1])
    parts = urlsplit(url)
    if parts.scheme == "file":
        _copy(Path(url2pathname(unquote(parts.path))), target)
        return

    def save(response: requests.Response) -> None:
        with target.open("wb") as stream:
            # raw, so that a server's own Content-Encoding never changes the bytes that are summed
            for chunk in response.raw.stream(1 << 20, decode_content=False):
                stream.write(chunk)

    _with_retries(url, save, {}, ca_bundle, proxies)


def look(url: str, *, ca_bundle: str | None = None, proxies: Mapping[str, str] | None = None) -> None:
    """Ask for the head of what is behind a ``http``, ``https`` or ``file`` URL (RFC 9110, 9.3.2).

    A server that has no answer to that is asked for the whole, of which nothing is read.

    Raises:
        NotObtainedError: the host does not answer, or says no.
    """
    parts = urlsplit(url)
    if parts.scheme == "file":
        if not Path(url2pathname(unquote(parts.path))).is_file():
            raise NotObtainedError("there is no such file", heard=True)
        return
    try:
        _with_retries(url, lambda _: None, {}, ca_bundle, proxies, "HEAD")
    except _NoMethodError:
        _with_retries(url, lambda _: None, {}, ca_bundle, proxies)


def read(url: str, *, headers: Mapping[str, str], ca_bundle: str | None = None) -> tuple[str, str]:
    """Return the text behind a URL and its content type.

    Raises:
        NotObtainedError: the host does not answer, or says no.
    """

    def take(response: requests.Response) -> tuple[str, str]:
        return response.content.decode("utf-8", errors="replace"), response.headers.get("Content-Type", "")

    return _with_retries(url, take, headers, ca_bundle, None)


def forget_silent_hosts() -> None:
    """Ask every host anew, for a process that lives on after the network has come back."""
    _silent_hosts.clear()


def _copy(source: Path, target: Path) -> None:
    try:
        shutil.copyfile(source, target)
    except (FileNotFoundError, IsADirectoryError, PermissionError) as error:
        raise NotObtainedError(f"the file cannot be read: {error.strerror}", heard=True) from error


def _with_retries(
    url: str,
    consume: Callable[[requests.Response], T],
    headers: Mapping[str, str],
    ca_bundle: str | None,
    proxies: Mapping[str, str] | None,
    method: str = "GET",
) -> T:
    host = urlsplit(url).netloc.rpartition("@")[2]
    if host in _silent_hosts:
        raise NotObtainedError(f"{_silent_hosts[host]} (asked before)", heard=False)
    pause = _BACK_OFF_SECONDS
    for attempt in range(1, _TRIES + 1):
        try:
            with _answer(url, headers, ca_bundle, proxies, method) as response:
                return consume(response)
        except _AgainError as error:
            last = attempt == _TRIES or (not error.heard and attempt == _CONNECT_TRIES)
            if last and not error.heard:
                _silent_hosts[host] = str(error)
            if last:
                raise NotObtainedError(f"{error}, {attempt} times", heard=error.heard) from error
        time.sleep(pause)
        pause *= 2
    raise AssertionError("the last attempt returns or raises")


@contextlib.contextmanager
def _answer(
    url: str, headers: Mapping[str, str], ca_bundle: str | None, proxies: Mapping[str, str] | None, method: str
) -> Iterator[requests.Response]:
    import requests
    import urllib3

    try:
        with requests.request(
            method,
            url,
            stream=True,
            allow_redirects=True,
            timeout=(CONNECT_SECONDS, READ_SECONDS),
            headers={"Accept-Encoding": "identity", **headers},
            verify=ca_bundle or True,
            proxies=dict(proxies) if proxies else None,
        ) as response:
            if response.status_code in _TRY_AGAIN:
                raise _AgainError(f"HTTP {response.status_code} {response.reason}", heard=True)
            if method == "HEAD" and response.status_code in _NO_METHOD:
                raise _NoMethodError
            if not response.ok:
                raise NotObtainedError(f"HTTP {response.status_code} {response.reason}", heard=True)
            yield response
    except requests.exceptions.SSLError as error:
        raise NotObtainedError(f"its certificate is not trusted: {error}", heard=True) from error
    except requests.exceptions.ConnectTimeout as error:
        raise _AgainError(f"no connection within {CONNECT_SECONDS:.0f} s", heard=False) from error
    except (requests.exceptions.ReadTimeout, urllib3.exceptions.ReadTimeoutError) as error:
        raise _AgainError(f"nothing came for {READ_SECONDS:.0f} s", heard=True) from error
    except requests.exceptions.ConnectionError as error:
        raise _AgainError(_reason(error), heard=False) from error
    except (requests.exceptions.ChunkedEncodingError, urllib3.exceptions.HTTPError) as error:
        raise _AgainError(f"the connection broke: {error}", heard=True) from error
    except requests.exceptions.RequestException as error:
        raise NotObtainedError(str(error), heard=False) from error


def _reason(error: BaseException) -> str:
    """The innermost cause of a connection error, in a few words: requests wraps it four times over."""
    text = str(error)
    if "NameResolutionError" in text or "Failed to resolve" in text:
        return "its name does not resolve"
    if "refused" in text:
        return "the connection is refused"
    cause = error.args[0] if error.args else error
    return f"no connection ({type(getattr(cause, 'reason', cause)).__name__})"
