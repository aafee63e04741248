"""Binaries that are linked to the wrong thing, search in the wrong place, or are left out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .animal import Animal

if TYPE_CHECKING:
    from pathlib import Path

    from .trees import Tree

_PYKAFKA = "pykafka.rdkafka._rd_kafka"
_CONFLUENT = "confluent_kafka.cimpl"


def _extension(tree: Tree) -> Path:
    return next(iter([*tree.folder.glob("**/_rd_kafka.*.so"), *tree.folder.glob("**/cimpl.*.so")]))


def _without_extension(tree: Tree) -> None:
    _extension(tree).unlink()


def _not_linked(tree: Tree) -> None:
    tree.patchelf(_extension(tree), "--remove-needed", "librdkafka.so.1")


def _rpath_absolute(tree: Tree) -> None:
    tree.patchelf(_extension(tree), "--set-rpath", "/usr/lib/x86_64-linux-gnu:$ORIGIN/../../../..")


def _rpath_missing(tree: Tree) -> None:
    tree.patchelf(_extension(tree), "--remove-rpath")


def _rpath_outside(tree: Tree) -> None:
    tree.patchelf(_extension(tree), "--set-rpath", "$ORIGIN/../../../../..")


def _other_soname(tree: Tree) -> None:
    tree.patchelf(_extension(tree), "--replace-needed", "librdkafka.so.1", "librdkafka.so.2")


def _needs_what_is_absent(tree: Tree) -> None:
    tree.patchelf(tree.folder / "lib" / "librdkafka.so.1", "--replace-needed", "libzstd.so.1", "libzstd.so.9")


LINKED = (
    Animal(
        "extension-left-out",
        "pykafka",
        "Parsely/pykafka#617",
        "the C extension was not built, and pure Python was packed in silence",
        f"extension-links[{_PYKAFKA}]",
        "has no extension module",
        "host environment",
        _without_extension,
        usual=True,
    ),
    Animal(
        "extension-not-linked",
        "python-confluent-kafka",
        "confluentinc/confluent-kafka-python#438",
        "the extension does not ask for librdkafka, and takes whatever is loaded already",
        f"extension-links[{_CONFLUENT}]",
        "does not need librdkafka.so.1",
        "host environment",
        _not_linked,
    ),
    Animal(
        "extension-of-another-soname",
        "python-confluent-kafka",
        "confluentinc/confluent-kafka-python#438",
        "the extension asks for a librdkafka that the environment has not",
        f"extension-links[{_CONFLUENT}]",
        "does not need librdkafka.so.1",
        "host environment",
        _other_soname,
    ),
    Animal(
        "rpath-absolute",
        "pykafka",
        "confluentinc/confluent-kafka-python#1047",
        "the loader is told to look for librdkafka in the system's folder first",
        "rpath-inside-prefix",
        "leads out of the prefix",
        "relative to the file",
        _rpath_absolute,
    ),
    Animal(
        "rpath-missing",
        "pykafka",
        "confluentinc/confluent-kafka-python#438",
        "the loader is not told where librdkafka is",
        "rpath-inside-prefix",
        "librdkafka.so.1",
        "relative to the file",
        _rpath_missing,
    ),
    Animal(
        "rpath-outside",
        "python-confluent-kafka",
        "confluentinc/confluent-kafka-python#928",
        "the way up is one folder too long, so the loader searches beside the environment",
        "rpath-inside-prefix",
        "leads out of the prefix",
        "relative to the file",
        _rpath_outside,
    ),
    Animal(
        "library-that-is-absent",
        "librdkafka",
        "edenhill/kcat#195",
        "librdkafka asks for another zstd than any package brings, so it cannot be loaded",
        "rpath-inside-prefix",
        "brings libzstd.so.9 to its search path",
        "depend on what is needed",
        _needs_what_is_absent,
    ),
)
