"""Packages that say the wrong thing about themselves, or bring files that they should not."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests import zig

from .animal import Animal

if TYPE_CHECKING:
    from .trees import Tree


def _dependency_missing(tree: Tree) -> None:
    tree.needs("tabulate", None)


def _library_dependency_missing(tree: Tree) -> None:
    # what it loads is still there, by another of its dependencies, as where two clients share an environment
    tree.depends(lambda spec: "librdkafka" if spec.startswith("librdkafka ") else spec)


def _too_loose(tree: Tree) -> None:
    tree.needs("librdkafka", ">=2.3.0,<3.0a0")


def _too_tight(tree: Tree) -> None:
    tree.needs("librdkafka", ">=2.14.2,<2.15.0a0")


def _glibc_missing(tree: Tree) -> None:
    tree.needs("__glibc", None)


def _no_license(tree: Tree) -> None:
    for file in (tree.folder / "info" / "licenses").iterdir():
        file.unlink()


def _license_unnamed(tree: Tree) -> None:
    about = tree.info("about.json")
    tree.write_info("about.json", {key: value for key, value in about.items() if key != "license"})


def _other_pyc(tree: Tree) -> None:
    for file in tree.folder.glob("**/pykafka/utils/__pycache__/*.pyc"):
        file.rename(file.with_name(file.name.replace("cpython-314", "cpython-312")))


def _other_tag(tree: Tree) -> None:
    tree.index(build=tree.info("index.json")["build"].replace("py314", "py313"))


def _noarch_binary(tree: Tree) -> None:
    source = "int kafka_speedups(void) { return 0; }\n"
    target = next(tree.folder.glob("**/kafka/record")) / "_speedups.so"
    zig.compiled("x86_64-linux-gnu.2.17", source, target, "-nostdlib", "-shared", "-s")


def _lists_absent(tree: Tree) -> None:
    record = tree.one("**/RECORD")
    record.write_text(record.read_text() + "kafka/absent.py,,\n")


def _misses_present(tree: Tree) -> None:
    record = tree.one("**/RECORD")
    lines = record.read_text().splitlines()
    record.write_text("".join(f"{line}\n" for line in lines if not line.startswith("kafka/version.py")))


def _build_path(tree: Tree) -> None:
    version = next(tree.folder.glob("**/kafka/version.py"))
    version.write_text(version.read_text() + "# built in /home/conda/conda-bld/work\n")


def _entry_point(tree: Tree) -> None:
    tree.replace(tree.one("bin/kafka-tools"), "from pykafka.cli.kafka_tools", "from pykafka.tools")


TOLD = (
    Animal(
        "dependency-missing",
        "pykafka",
        "druid-io/pydruid#186",
        "a module that its program needs is not among its dependencies",
        "pip-check",
        "requires tabulate, which is not installed",
        _dependency_missing,
        usual=True,
    ),
    Animal(
        "dependency-without-bound",
        "python-confluent-kafka",
        "confluentinc/confluent-kafka-python#1166",
        "any librdkafka will do, says the package, and an older one lacks symbols",
        "dependency-bounds",
        "too loose",
        _library_dependency_missing,
    ),
    Animal(
        "dependency-too-loose",
        "python-confluent-kafka",
        "confluentinc/confluent-kafka-python#54",
        "it admits librdkafkas that are older than its headers",
        "dependency-bounds",
        "too loose",
        _too_loose,
    ),
    Animal(
        "dependency-too-tight",
        "pykafka",
        "confluentinc/confluent-kafka-python#635",
        "it is bound to one minor version of librdkafka, so no newer client fits beside it",
        "dependency-bounds",
        "too tight",
        _too_tight,
        usual=True,
    ),
    Animal(
        "glibc-floor-missing",
        "pykafka",
        "ablab/spades#716",
        "no glibc is declared, so it installs where it cannot be loaded",
        "glibc-floor",
        "declares no __glibc floor",
        _glibc_missing,
    ),
    Animal(
        "license-text-missing",
        "kafka-python",
        "JDASoftwareGroup/kartothek#10",
        "the license's text was not packed",
        "licenses",
        "carries no license text",
        _no_license,
        usual=True,
    ),
    Animal(
        "license-unnamed",
        "kafka-python",
        "confluentinc/confluent-kafka-python#1857",
        "the metadata name no license",
        "licenses",
        "names no license",
        _license_unnamed,
    ),
    Animal(
        "compiled-for-another-python",
        "pykafka",
        "conda-forge/gdal-feedstock#1199",
        "compiled files are of another Python, which passes them over",
        "fits-its-python",
        "is of Python 3.12",
        _other_pyc,
    ),
    Animal(
        "tag-of-another-python",
        "python-confluent-kafka",
        "confluentinc/confluent-kafka-python#301",
        "the build string names another Python than the package asks for",
        "fits-its-python",
        "the build string says Python 3.13",
        _other_tag,
    ),
    Animal(
        "noarch-with-a-binary",
        "kafka-python",
        "conda/conda-verify#46",
        "a package for every platform holds one platform's binary",
        "fits-its-platform",
        "is a binary in a noarch package",
        _noarch_binary,
        usual=True,
    ),
    Animal(
        "record-lists-absent",
        "kafka-python",
        "pypa/pip#6266",
        "RECORD names a file that is not there",
        "record-complete",
        "absent.py, which the package does not have",
        _lists_absent,
    ),
    Animal(
        "record-misses-present",
        "kafka-python",
        "conda/conda#1251",
        "RECORD leaves out a file that is there",
        "record-complete",
        "does not list",
        _misses_present,
    ),
    Animal(
        "build-path",
        "kafka-python",
        "conda/conda-build#2677",
        "a file holds the folder in which it was built",
        "no-build-paths",
        "conda-bld",
        _build_path,
    ),
    Animal(
        "entry-point",
        "pykafka",
        "Parsely/pykafka#228",
        "the program imports a module that is not there",
        "commands[kafka-tools]",
        "No module named",
        _entry_point,
    ),
)
