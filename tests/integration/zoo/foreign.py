"""Binaries for systems that this machine is none of, which it builds and looks at all the same.

They are made of a librdkafka that the real recipe gives without OpenSSL, libcurl and Cyrus SASL, as those take many
minutes to build for another platform. Nothing that is judged here depends on them: for macOS no feature is asked, as
nothing can be run, and the DLL of the animal for Windows cannot be loaded, so that it cannot be asked either.
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING

from kafka_forge.bases import embedded
from kafka_forge.building import build, keys
from kafka_forge.channels import channel
from kafka_forge.ground.paths import Cache
from kafka_forge.ground.progress import Silent
from kafka_forge.values.selection import Selection

from . import rebuilding
from .animal import Animal
from .rebuilding import OVERDEPENDING, RECIPE, not_in_host, without

if TYPE_CHECKING:
    from collections.abc import Callable

    from kafka_forge.values.model import Artifact, Base

    from .rebuilding import Change
    from .trees import Tree

_OSX, _WINDOWS = "osx-arm64", "win-64"
_CHANGES: dict[str, tuple[Change, ...]] = {
    _OSX: (
        *without("ssl", "WITH_SSL", "WITH_SASL_SCRAM", "WITH_SASL_OAUTHBEARER", "WITH_OAUTHBEARER_OIDC"),
        *without("gssapi", "WITH_SASL_CYRUS"),
        *without("curl", "WITH_CURL"),
        *not_in_host("openssl", "libcurl", "cyrus-sasl"),
        OVERDEPENDING,
    ),
    _WINDOWS: (
        ("build-win.sh", "-DWITH_CURL=1 -DWITH_OAUTHBEARER_OIDC=1 ", ""),
        ("build-win.sh", "-DWITH_SSL=ON", "-DWITH_SSL=OFF"),
        ("build-win.sh", "-DWITH_CURL=ON", "-DWITH_CURL=OFF"),
        ("cmake/windows.cmake", "SSL CURL SASL_SCRAM SASL_OAUTHBEARER OAUTHBEARER_OIDC ", ""),
        *not_in_host("openssl", "libcurl", "cyrus-sasl"),
        OVERDEPENDING,
    ),
}
_NEEDED = {
    _OSX: ("osx-arm64/lz4-c", "osx-arm64/zlib", "osx-arm64/zstd", "linux-64/zig-cxx_osx-arm64"),
    _WINDOWS: ("win-64/lz4-c", "win-64/zlib", "win-64/zstd", "linux-64/zig-cxx_win-64", "win-64/pythons"),
}
"""Ids of the embedded base: what is built against, with what, and the Python that looks at a DLL."""


def _built(platform: str) -> Callable[[], tuple[Artifact, Base]]:
    return functools.partial(built, platform)


def built(platform: str) -> tuple[Artifact, Base]:
    """Build that librdkafka for a platform, and no more of the embedded base than it takes; all of it is reused."""
    cache = Cache.default()
    base = embedded.ensure(platform, cache, Silent(), only=_NEEDED[platform])
    root = rebuilding.recipe(f"for-{platform}", _CHANGES[platform])
    output = root / "output"
    (planned,) = build.plan_on(Selection(recipes=(RECIPE,), platforms=(platform,)), "embedded", root)
    channel.index(output)
    workshop = build._Workshop({platform: base}, output, cache, Silent(), output / "logs")
    return workshop.make(planned, keys.of(planned, base, ())), base


def _floor_too_low(tree: Tree) -> None:
    tree.needs("__osx", ">=10.13")


def _changed_after_signing(tree: Tree) -> None:
    tree.bytes(tree.one("lib/librdkafka.1.dylib"), b"Local: Timed out\0", b"Local: Time over\0")


def _of_another_dll(tree: Tree) -> None:
    tree.bytes(tree.one("Library/bin/rdkafka.dll"), b"\0zstd.dll\0", b"\0zst1.dll\0")


FOREIGN = (
    Animal(
        "macos-floor-too-low",
        RECIPE,
        "ContinuumIO/anaconda-issues#10680",
        "an older macOS is declared than its libraries are linked for",
        "macos-floor",
        "declares 10.13",
        "let stdlib('c') declare it",
        _floor_too_low,
        good=_built(_OSX),
    ),
    Animal(
        "signature-broken",
        RECIPE,
        "conda-forge/python-feedstock#563",
        "the library was changed after the linker had signed it, and Apple's processors refuse it",
        "signature-valid",
        "librdkafka.1.dylib",
        "sign the file again",
        _changed_after_signing,
        good=_built(_OSX),
    ),
    Animal(
        "dll-not-found",
        RECIPE,
        "confluentinc/confluent-kafka-python#1186",
        "librdkafka's DLL asks for a DLL that no package brings, and Windows does not say for which",
        "rpath-inside-prefix",
        "brings zst1.dll to its search path",
        "depend on what is needed",
        _of_another_dll,
        good=_built(_WINDOWS),
    ),
)
