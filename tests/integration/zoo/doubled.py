"""Two of what there may be one of: libraries in a package or a process, files in an environment."""

from __future__ import annotations

import re
import shutil
from typing import TYPE_CHECKING

from .animal import Animal

if TYPE_CHECKING:
    from pathlib import Path

    from .trees import Tree

_CONFLUENT = "python-confluent-kafka"


def _bundle(tree: Tree, library: Path, name: str) -> Path:
    """Put a library beside Confluent's client as wheels do it."""
    folder = tree.site / "confluent_kafka.libs"
    folder.mkdir()
    target = folder / name
    shutil.copyfile(library, target)
    # where it was built, as the base's package has it: the animal is about the copy alone
    data = target.read_bytes()
    target.write_bytes(
        re.sub(rb"/[^\0]*placehold[^\0]*", lambda found: b"/usr/lib/ssl".ljust(len(found[0]), b"\0"), data)
    )
    tree.patchelf(target, "--set-rpath", "$ORIGIN/../../..")
    return target


def _private_openssl(tree: Tree) -> None:
    _bundle(tree, tree.of_base("linux-64/openssl-*.conda") / "lib" / "libcrypto.so.3", "libcrypto-1b7d4a90.so.3")


def _private_librdkafka(tree: Tree) -> None:
    name = "librdkafka-0cb94173.so.1"
    extension = next(tree.folder.glob("**/cimpl.*.so"))
    good = tree.good("librdkafka") / "lib" / "librdkafka.so.1"
    tree.patchelf(_bundle(tree, good, name), "--set-soname", name)
    tree.patchelf(extension, "--replace-needed", "librdkafka.so.1", name)
    tree.patchelf(extension, "--set-rpath", "$ORIGIN/../confluent_kafka.libs")


def _imports_another_client(tree: Tree) -> None:
    tree.depends(lambda spec: spec)
    tree.index(depends=[*tree.info("index.json")["depends"], "python-confluent-kafka"])
    tree.append("**/pykafka/__init__.py", "\nimport confluent_kafka  # noqa: E402, F401\n")


def _anothers_file(tree: Tree) -> None:
    other = next(tree.of_base("noarch/tabulate-*.conda").glob("site-packages/tabulate/__init__.py"))
    (tree.site / "tabulate").mkdir()
    shutil.copyfile(other, tree.site / "tabulate" / "__init__.py")


DOUBLED = (
    Animal(
        "private-openssl",
        _CONFLUENT,
        "confluentinc/confluent-kafka-python#1519",
        "a copy of OpenSSL lies beside the extension, as in a wheel, and no update mends it",
        "no-private-copies",
        "holds a copy of openssl",
        "link with the shared library",
        _private_openssl,
        usual=True,
    ),
    Animal(
        "private-librdkafka",
        _CONFLUENT,
        "confluentinc/confluent-kafka-python#928",
        "the extension is linked with a copy of librdkafka of its own",
        "no-private-copies",
        "holds a copy of librdkafka",
        "link with the shared library",
        _private_librdkafka,
    ),
    Animal(
        "two-librdkafkas",
        "pykafka",
        "confluentinc/confluent-kafka-python#1123",
        "it imports another client, which brings a librdkafka of its own into the process",
        "one-librdkafka",
        "2 copies of librdkafka are loaded",
        "take the copy out",
        _imports_another_client,
        beside=(_CONFLUENT, _private_librdkafka),
    ),
    Animal(
        "file-of-two-packages",
        "pykafka",
        "intake/intake-xarray#49",
        "it brings a module of a package that it depends on",
        "files-of-its-own",
        "is also a file of tabulate",
        "leave it out",
        _anothers_file,
    ),
)
