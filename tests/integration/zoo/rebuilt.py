"""librdkafkas that were built without a library, by the real recipe with one of its options turned round.

What its configure does not find it leaves out in silence: that is how users come by such a librdkafka. lz4 is no
feature that could be missing, for librdkafka has a copy of its own, which it takes then.
"""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

from conda_package_streaming.extract import extract

from tests.integration import drafts

from . import rebuilding
from .animal import Animal

if TYPE_CHECKING:
    from collections.abc import Callable

    from kafka_forge.values.model import Artifact

    from .trees import Tree

_RECIPE = rebuilding.RECIPE
_OIDC = "WITH_OAUTHBEARER_OIDC"  # it takes both libraries
_DEMANDED = {
    "gssapi": ("WITH_SASL_CYRUS",),
    "ssl": ("WITH_SSL", "WITH_SASL_SCRAM", "WITH_SASL_OAUTHBEARER", _OIDC),
    "zstd": ("WITH_ZSTD",),
    "curl": ("WITH_CURL", _OIDC),
    "lz4-ext": ("WITH_LZ4_EXT",),
}
"""Option of configure → what build.sh asks of config.h, and would not get."""


def built(option: str) -> Artifact:
    """Build librdkafka without what an option of its configure brings; what is unchanged is reused."""
    changes = (*rebuilding.without(option, *_DEMANDED[option]), rebuilding.OVERDEPENDING)
    root = rebuilding.recipe(f"without-{option}", changes)
    (artifact,) = drafts.built(_RECIPE, root).artifacts
    return artifact


def _library(option: str) -> Callable[[Tree], None]:
    """Return what puts the library of such a build into the place of the good one."""

    def make(tree: Tree) -> None:
        room = tree.folder.with_name("rebuilt")
        extract(built(option).path, room)
        for file in room.glob("lib/librdkafka*.so.1"):
            shutil.copyfile(file, tree.folder / "lib" / file.name)

    return make


REBUILT = (
    Animal(
        "gssapi-missing",
        _RECIPE,
        "confluentinc/confluent-kafka-python#1149",
        "librdkafka was built without Cyrus SASL, so nobody can log in by Kerberos",
        "features",
        "missing: sasl_gssapi",
        "demand each feature",
        _library("gssapi"),
    ),
    Animal(
        "ssl-missing",
        _RECIPE,
        "Blizzard/node-rdkafka#1050",
        "librdkafka was built without OpenSSL, and with it SCRAM and OAUTHBEARER are gone",
        "features",
        "missing: oidc, sasl_oauthbearer, sasl_scram, ssl",
        "demand each feature",
        _library("ssl"),
    ),
    Animal(
        "zstd-missing",
        _RECIPE,
        "confluentinc/librdkafka#4698",
        "librdkafka was built without zstd, so that codec can neither be written nor read",
        "features",
        "missing: zstd",
        "demand each feature",
        _library("zstd"),
    ),
    Animal(
        "oidc-missing",
        _RECIPE,
        "confluentinc/librdkafka#3852",
        "librdkafka was built without libcurl, so it cannot ask an identity provider for tokens",
        "features",
        "missing: http, oidc",
        "demand each feature",
        _library("curl"),
    ),
    Animal(
        "lz4-of-its-own",
        _RECIPE,
        "Blizzard/node-rdkafka#155",
        "librdkafka was built without the package of lz4, and took the older copy that it carries",
        "no-private-copies",
        "holds a copy of lz4",
        "link with the shared library",
        _library("lz4-ext"),
    ),
)
