"""Which base a run takes: ``--base auto|conda-forge|embedded|URL``."""

from __future__ import annotations

import functools
from pathlib import Path
from typing import TYPE_CHECKING

from kafka_forge.errors import BaseUnreachable, UnknownBase
from kafka_forge.values.model import Base

if TYPE_CHECKING:
    from collections.abc import Collection

    from kafka_forge.ground.paths import Cache
    from kafka_forge.ground.progress import Progress

_TIMEOUT = 5.0
"""Seconds that conda-forge has to answer; a machine without it shall not wait longer than that."""

CONDA_FORGE = "conda-forge"
EMBEDDED = "embedded"
AUTO = "auto"


def select(choice: str, platform: str, cache: Cache, progress: Progress) -> Base:
    """Return the base that is asked for; the embedded one is made first where it is not there.

    Args:
        choice: ``auto`` (conda-forge where it answers, else embedded), ``conda-forge``, ``embedded``, a channel's URL
            or its folder.
        platform: the conda subdir that is to be built for.
        cache: where the embedded base stands.
        progress: told what the embedded base is doing.

    Raises:
        UnknownBase: the choice is none of these.
        BaseUnreachable: the base that is forced does not answer.
        ForgeError: the embedded base cannot be made, see `embedded.ensure`.
    """
    from kafka_forge.bases import embedded

    if choice == EMBEDDED:
        return embedded.ensure(platform, cache, progress)
    if choice == AUTO:
        silence = _silence(CONDA_FORGE, platform)
        if silence is None:
            return _remote(CONDA_FORGE, "conda-forge answers")
        return embedded.ensure(platform, cache, progress, reason=f"conda-forge does not answer: {silence}")
    _must_be_a_channel(choice)
    if silence := _silence(choice, platform):
        raise BaseUnreachable(
            f"the base {choice} does not answer",
            where=url_of(choice),
            details=[silence],
            todo="check the address and the network, or take the base that needs neither: --base embedded.",
        )
    return _remote(choice, "it was asked for")


def variants(choice: str, root: Path) -> tuple[Path, ...]:
    """Return what a base lays over ``recipes/variants.yaml``, without making the base.

    For ``auto`` that is conda-forge's where it answers, else the embedded one's.

    Raises:
        UnknownBase: the choice is no base.
    """
    from kafka_forge import platforms
    from kafka_forge.bases import embedded

    if choice == AUTO:
        choice = EMBEDDED if _silence(CONDA_FORGE, platforms.current()) else CONDA_FORGE
    if choice == EMBEDDED:
        return embedded.variants(root)
    _must_be_a_channel(choice)
    return ()


def lacking(choice: str, root: Path) -> dict[str, dict[str, str]]:
    """Return platform → Python, or recipe → why a base cannot have it, or what the recipe needs.

    Nothing for a channel, which is asked when it is solved.

    Raises:
        UnknownBase: the choice is no base.
        LockInvalid: the lock of the embedded base's Pythons cannot be read.
    """
    from kafka_forge.bases import beside, embedded

    if variants(choice, root) != embedded.variants(root):
        return {}
    recipes = beside.lacking(root)
    return {platform: {**pythons, **recipes[platform]} for platform, pythons in embedded.lacking(root).items()}


def provide(base: Base, root: Path, platform: str, recipes: Collection[str], cache: Cache, progress: Progress) -> None:
    """Make what recipes need beside the embedded base; any other base has what it has.

    Raises:
        ForgeError: as `beside.ensure`.
    """
    from kafka_forge.bases import beside

    if base.name == EMBEDDED:
        beside.ensure(root, platform, recipes, cache, progress)


def _remote(choice: str, reason: str) -> Base:
    return Base(name=choice, channel=url_of(choice), variants=(), reason=reason)


def _must_be_a_channel(choice: str) -> None:
    if choice != CONDA_FORGE and "://" not in choice and not Path(choice).is_dir():
        raise UnknownBase(
            f"{choice!r} is no base",
            todo="name auto, conda-forge, embedded, a channel's URL, or the folder of a channel.",
        )


def url_of(choice: str) -> str:
    """Return a channel's URL, from its name, its folder or itself; py-rattler knows where conda-forge is."""
    import rattler

    if choice != CONDA_FORGE and "://" not in choice:
        return Path(choice).resolve().as_uri()
    return str(rattler.Channel(choice).base_url)


@functools.cache
def _silence(choice: str, platform: str) -> str | None:
    """Ask a channel for its index; return why it does not answer, or None if it does."""
    import requests

    url = f"{url_of(choice).rstrip('/')}/{platform}/repodata.json"
    if url.startswith("file:"):
        from urllib.parse import unquote, urlsplit

        return None if Path(unquote(urlsplit(url).path)).is_file() else f"there is no {url}"
    try:
        answer = requests.head(url, timeout=_TIMEOUT, allow_redirects=True)
    except requests.RequestException as error:
        return _cause(error)
    return None if answer.ok else f"HTTP status {answer.status_code}"


def _cause(error: BaseException) -> str:
    """Return the innermost reason of a failed request, in one line: the outer ones only repeat the URL."""
    while error.__context__ is not None:
        error = error.__context__
    return f"{type(error).__name__}: {error}".splitlines()[0][:200]
