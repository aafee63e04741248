"""Packages that say the wrong thing about themselves, or bring files that they should not."""

from __future__ import annotations

import shutil
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


def _bill_left_out(tree: Tree) -> None:
    tree.one("info/sboms/*.cdx.json").unlink()


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


def _glibc_too_low(tree: Tree) -> None:
    tree.needs("__glibc", ">=2.4,<3.0.a0")


def _test_suite(tree: Tree) -> None:
    folder = tree.site / "tests"
    folder.mkdir()
    (folder / "__init__.py").write_text("")
    (folder / "test_partition.py").write_text("def test_nothing() -> None: ...\n")


def _asks_the_network(tree: Tree) -> None:
    asking = "socket.getaddrinfo('versions.invalid', 443)"  # a name that nobody can have (RFC 2606)
    text = f"\nimport socket\ntry:\n    {asking}\nexcept OSError:\n    pass\n"
    tree.append("**/kafka/__init__.py", text)


def _import_of_old_setuptools(tree: Tree) -> None:
    tree.append("**/kafka/serializer/__init__.py", "\nimport pkg_resources\n")


def _import_of_an_extra(tree: Tree) -> None:
    tree.append("**/confluent_kafka/schema_registry/__init__.py", "\nimport google.type\n")


def _tests_left_out(tree: Tree) -> None:
    shutil.rmtree(tree.folder / "info" / "tests")


TOLD = (
    Animal(
        "bill-left-out",
        "kafka-python",
        "conda/ceps#127",
        "nothing in the file tells what it is made of",
        "sbom",
        "no bill of materials",
        "build the package anew",
        _bill_left_out,
    ),
    Animal(
        "dependency-missing",
        "pykafka",
        "druid-io/pydruid#186",
        "a module that its program needs is not among its dependencies",
        "pip-check",
        "requires tabulate, which is not installed",
        "run requirements",
        _dependency_missing,
    ),
    Animal(
        "dependency-without-bound",
        "python-confluent-kafka",
        "confluentinc/confluent-kafka-python#1166",
        "any librdkafka will do, says the package, and an older one lacks symbols",
        "dependency-bounds",
        "too loose",
        "write both bounds",
        _library_dependency_missing,
    ),
    Animal(
        "dependency-too-loose",
        "python-confluent-kafka",
        "confluentinc/confluent-kafka-python#54",
        "it admits librdkafkas that are older than its headers",
        "dependency-bounds",
        "too loose",
        "write both bounds",
        _too_loose,
    ),
    Animal(
        "dependency-too-tight",
        "pykafka",
        "confluentinc/confluent-kafka-python#635",
        "it is bound to one minor version of librdkafka, so no newer client fits beside it",
        "dependency-bounds",
        "too tight",
        "write both bounds",
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
        "stdlib('c')",
        _glibc_missing,
    ),
    Animal(
        "license-text-missing",
        "kafka-python",
        "JDASoftwareGroup/kartothek#10",
        "the license's text was not packed",
        "licenses",
        "carries no license text",
        "about/license_file",
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
        "about/license_file",
        _license_unnamed,
    ),
    Animal(
        "compiled-for-another-python",
        "pykafka",
        "conda-forge/gdal-feedstock#1199",
        "compiled files are of another Python, which passes them over",
        "fits-its-python",
        "is of Python 3.12",
        "correct the recipe's Python",
        _other_pyc,
    ),
    Animal(
        "tag-of-another-python",
        "python-confluent-kafka",
        "confluentinc/confluent-kafka-python#301",
        "the build string names another Python than the package asks for",
        "fits-its-python",
        "the build string says Python 3.13",
        "correct the recipe's Python",
        _other_tag,
    ),
    Animal(
        "noarch-with-a-binary",
        "kafka-python",
        "conda/conda-verify#46",
        "a package for every platform holds one platform's binary",
        "fits-its-platform",
        "is a binary in a noarch package",
        "for every platform",
        _noarch_binary,
    ),
    Animal(
        "record-lists-absent",
        "kafka-python",
        "pypa/pip#6266",
        "RECORD names a file that is not there",
        "record-complete",
        "absent.py, which the package does not have",
        "write RECORD",
        _lists_absent,
    ),
    Animal(
        "record-misses-present",
        "kafka-python",
        "conda/conda#1251",
        "RECORD leaves out a file that is there",
        "record-complete",
        "does not list",
        "write RECORD",
        _misses_present,
    ),
    Animal(
        "build-path",
        "kafka-python",
        "conda/conda-build#2677",
        "a file holds the folder in which it was built",
        "no-build-paths",
        "conda-bld",
        "leave the path out",
        _build_path,
    ),
    Animal(
        "entry-point",
        "pykafka",
        "Parsely/pykafka#228",
        "the program imports a module that is not there",
        "commands[kafka-tools]",
        "No module named",
        "entry point",
        _entry_point,
    ),
    Animal(
        "glibc-floor-too-low",
        "pykafka",
        "ablab/spades#716",
        "an older glibc is declared than its symbols need",
        "glibc-floor",
        "declared is 2.4",
        "stdlib('c')",
        _glibc_too_low,
    ),
    Animal(
        "test-suite-packed",
        "pykafka",
        "Parsely/pykafka#969",
        "its tests are installed as a module of everybody's",
        "package-contents",
        "tests/__init__.py is unwanted",
        "leave out what is unwanted",
        _test_suite,
    ),
    Animal(
        "import-asks-the-network",
        "kafka-python",
        "pysal/libpysal#695",
        "it looks for a newer version of itself when it is imported",
        "imports",
        "asks the network for versions.invalid",
        "correct the module",
        _asks_the_network,
        usual=True,
    ),
    Animal(
        "import-of-what-setuptools-had",
        "kafka-python",
        "monasca/monasca-docker#412",
        "a module asks for pkg_resources, which setuptools has no more",
        "imports",
        "No module named 'pkg_resources'",
        "run requirements",
        _import_of_old_setuptools,
    ),
    Animal(
        "optional-dependency-unnamed",
        "python-confluent-kafka",
        "confluentinc/confluent-kafka-python#1882",
        "a module asks for more than the optional dependencies that the package names",
        "imports-with-extras[confluent_kafka.schema_registry]",
        "No module named 'google'",
        "optional dependencies",
        _import_of_an_extra,
    ),
    Animal(
        "tests-left-out",
        "kafka-python",
        "conda/conda-build#2588",
        "the package carries no tests, so that nobody who rebuilds or audits it can run them",
        "recipe-tests",
        "the package carries no tests",
        "run the recipe's tests by hand",
        _tests_left_out,
    ),
)
