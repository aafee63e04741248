"""A librdkafka and its headers that do not belong together, and clients that were built for another one."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from .animal import Animal

if TYPE_CHECKING:
    from pathlib import Path

    from .trees import Tree

_LIBRARY = "librdkafka"
_CONFLUENT = "python-confluent-kafka"
_E_MACHINE = 18
_AARCH64 = (183).to_bytes(2, "little")
_MURMUR2_SEED = (0x9747B28C).to_bytes(4, "little")
"""What Java's partitioner begins its hash with, and librdkafka's (rdmurmur2.c), as the compiler writes it."""


def _header(tree: Tree, name: str) -> Path:
    return tree.folder / "include" / _LIBRARY / name


def _newer_headers(tree: Tree) -> None:
    for name in ("rdkafka.h", "rdkafkacpp.h"):
        text = _header(tree, name).read_text(encoding="utf-8")
        changed, times = re.subn(r"(_VERSION\s+)0x020e02ff", r"\g<1>0x021000ff", text)
        assert times == 1
        _header(tree, name).write_text(changed, encoding="utf-8")


def _newer_function(tree: Tree) -> None:
    old = "RD_EXPORT\nint rd_kafka_version(void);"
    tree.replace(_header(tree, "rdkafka.h"), old, f"{old}\nRD_EXPORT\nint rd_kafka_share_ack(void);")


def _virtual_function(tree: Tree) -> None:
    old = "  virtual std::string name() const = 0;"
    header = _header(tree, "rdkafkacpp.h")
    text = header.read_text(encoding="utf-8")
    at = text.index(old, text.index("class RD_EXPORT Handle"))
    header.write_text(f"{text[:at]}  virtual int outq_bytes() = 0;\n{text[at:]}", encoding="utf-8")


def _no_run_exports(tree: Tree) -> None:
    (tree.folder / "info" / "run_exports.json").unlink()


def _pc_of_another_prefix(tree: Tree) -> None:
    file = tree.folder / "lib" / "pkgconfig" / "rdkafka.pc"
    text = file.read_text(encoding="utf-8")
    file.write_text(re.sub(r"(?m)^(\w+)=/.*placeh\w*", r"\1=/usr/local", text), encoding="utf-8")


def _as_before(tree: Tree) -> None:
    """Leave the client as it is."""


def _said_to_be_newer(tree: Tree) -> None:
    tree.index(version="2.14.3")


def _absent_symbol(tree: Tree) -> None:
    tree.bytes(next(tree.folder.glob("**/cimpl.*.so")), b"\0rd_kafka_producev\0", b"\0rd_kafka_producew\0")


def _another_machine(tree: Tree) -> None:
    extension = next(tree.folder.glob("**/_rd_kafka.*.so"))
    data = bytearray(extension.read_bytes())
    data[_E_MACHINE : _E_MACHINE + 2] = _AARCH64
    extension.write_bytes(data)


def _another_seed(tree: Tree) -> None:
    tree.bytes(tree.folder / "lib" / "librdkafka.so.1", _MURMUR2_SEED, b"\0" * len(_MURMUR2_SEED))


LIBRARIES = (
    Animal(
        "headers-newer-than-the-library",
        _LIBRARY,
        "mfontanini/cppkafka#169",
        "the headers say that they are of a later version than the library",
        "headers-agree",
        "is of 2.16.0, the library of 2.14.2",
        "headers and library of the same source",
        _newer_headers,
    ),
    Animal(
        "header-with-an-absent-function",
        _LIBRARY,
        "confluentinc/confluent-kafka-go#418",
        "a header declares a function that the library does not have",
        "headers-agree",
        "declares rd_kafka_share_ack, which the library does not have",
        "headers and library of the same source",
        _newer_function,
    ),
    Animal(
        "cxx-classes-of-another-minor",
        _LIBRARY,
        "confluentinc/librdkafka#1075",
        "a class of the C++ header has one virtual function more, so its clients take the wrong places of the table",
        "headers-agree",
        "declares Handle::outq_bytes, which the library does not have",
        "headers and library of the same source",
        _virtual_function,
    ),
    Animal(
        "run-exports-missing",
        _LIBRARY,
        "conda-forge/jaxlib-feedstock#312",
        "what is built on the library gets no dependency on it",
        "run-exports",
        "exports no librdkafka",
        "declare run_exports",
        _no_run_exports,
    ),
    Animal(
        "pkg-config-of-another-prefix",
        _LIBRARY,
        "confluentinc/librdkafka#3964",
        "the pkg-config file leads to the system's folders",
        "c-project[pkg-config]",
        "leads out of the prefix",
        "correct the paths",
        _pc_of_another_prefix,
    ),
    Animal(
        "library-older-than-it-says",
        "pykafka",
        "confluentinc/confluent-kafka-go#328",
        "the librdkafka beside it is older than its package says",
        "librdkafka-version",
        "the package is 2.14.3, the library that runs 2.14.2",
        "of one build",
        _as_before,
        beside=(_LIBRARY, _said_to_be_newer),
    ),
    Animal(
        "symbol-that-nobody-exports",
        _CONFLUENT,
        "confluentinc/confluent-kafka-python#241",
        "the extension was built for a librdkafka with another symbol",
        "symbols-exist",
        "exports rd_kafka_producew",
        "build it with the headers of the library",
        _absent_symbol,
        usual=True,
    ),
    Animal(
        "binary-of-another-machine",
        "pykafka",
        "conda-forge/clangdev-feedstock#478",
        "the extension is for another processor than the package's subdir says",
        "fits-its-platform",
        "is for aarch64, the package for linux-64",
        "compiler of its platform",
        _another_machine,
    ),
    Animal(
        "hash-of-another-seed",
        _LIBRARY,
        "nodefluent/node-sinek#39",
        "murmur2 begins with another seed, so that messages of one key go to other partitions than Java's",
        "own-tests",
        "failed: murmurhash",
        "run rd_kafka_unittest()",
        _another_seed,
    ),
)
