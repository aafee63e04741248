"""python-confluent-kafka's constraints are what its extras say, by the metadata of the very source it is built from."""

from __future__ import annotations

import tarfile
from email.parser import HeaderParser
from typing import TYPE_CHECKING, Any

import pytest
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name
from ruamel.yaml import YAML

from kafka_forge.ground.files import Store
from kafka_forge.ground.paths import Cache, project_root
from kafka_forge.ground.progress import Silent
from kafka_forge.sources import PythonIndex, Source, load_hints, obtain
from tests import names

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from email.message import Message

pytestmark = pytest.mark.integration

_HERE = {"implementation_name": "cpython", "sys_platform": "linux", "platform_system": "Linux", "os_name": "posix"}
RECIPE = project_root() / "recipes" / "python-confluent-kafka"
USERS = {"avro", "json", "protobuf", "schemaregistry"}
ELSEWHERE = {
    "rules": "needs tink, which conda-forge does not have",
    "schema-registry": "is schemaregistry",
    **dict.fromkeys(("all", "dev", "docs", "examples", "soaktest", "tests"), "is for upstream itself"),
}
WORKS_OLDER = {"authlib>=1.0.0", "avro>=1.11.1", "cachetools>=5.5.0", "orjson>=3.10"}
"""Bounds below which all that `USERS` names was seen to work, so that nobody is bound by them.

Tried on Python 3.11 with one of them old at a time, against a registry's answers: the registry's client, synchronous,
asynchronous and with OAuth, and the formats Avro and JSON, with authlib 0.15.6, cachetools 3.1.1 and orjson 3.9.15; the
older `confluent_kafka.avro` with avro 1.10.2. A bound that moves is looked at again.
"""
FAILS_OLDER = {"attrs>=21.2.0": "attrs>=21.3.0"}
"""Bounds with which the import fails: findings/confluent-kafka-states-an-attrs-that-it-cannot-import.sh."""
NEWER = Source(
    "confluent_kafka-2.16.1.tar.gz",
    "ec1474347615b9dd1bd0e269d37e31fa442782e67c4942661751e81b09d9f0c8",
    (),
    (PythonIndex(project="confluent-kafka", file="confluent_kafka-2.16.1.tar.gz"),),
)


def metadata(source: Source) -> Message:
    """Return a source archive's core metadata."""
    with tarfile.open(obtain(source, Store(Cache.default().store), Silent())) as archive:
        member = next(each for each in archive if each.name.count("/") == 1 and each.name.endswith("/PKG-INFO"))
        stream = archive.extractfile(member)
        assert stream is not None
        return HeaderParser().parsestr(stream.read().decode())


def recipe() -> dict[str, Any]:
    data: dict[str, Any] = YAML(typ="safe").load((RECIPE / "recipe.yaml").read_text(encoding="utf-8"))
    return data


def pythons() -> list[str]:
    data = YAML(typ="safe").load((RECIPE.parent / "variants.yaml").read_text(encoding="utf-8"))
    return [str(each).split(".*")[0] for each in data["python"] if isinstance(each, str)]


def extras(told: Message) -> Iterator[Requirement]:
    """Give what users' extras ask for on any Python that is built for."""
    for line in told.get_all("Requires-Dist", []):
        requirement = Requirement(line)
        for python in pythons():
            here: dict[str, str] = {**_HERE, "python_version": python, "python_full_version": f"{python}.0"}
            if requirement.marker and any(requirement.marker.evaluate({**here, "extra": each}) for each in USERS):
                if not requirement.marker.evaluate({**here, "extra": ""}):
                    yield requirement
                break


def bounds(told: Message) -> dict[str, SpecifierSet]:
    """Return project → what users' extras say about its version, corrected by what is known to work, or to fail."""
    found: dict[str, SpecifierSet] = {}
    for requirement in extras(told):
        project = canonicalize_name(requirement.name)
        parts = {f"{project}{part}" for part in requirement.specifier} - WORKS_OLDER
        true = [FAILS_OLDER.get(part, part).removeprefix(project) for part in parts]
        found[project] = found.get(project, SpecifierSet()) & SpecifierSet(",".join(true))
    return found


def differences(told: Message, constraints: Sequence[str], known: names.Names) -> list[str]:
    """Return what upstream's extras and the recipe's constraints do not say alike."""
    bound: Mapping[str, SpecifierSet] = {
        name: SpecifierSet(rest) for name, _, rest in (each.partition(" ") for each in constraints)
    }
    new = set(told.get_all("Provides-Extra", [])) - USERS - ELSEWHERE.keys()
    found = [f"is the extra {extra} for users?" for extra in new]
    wanted: dict[str, SpecifierSet] = {}
    for project, specifier in bounds(told).items():
        name = known.of(project)
        if specifier and name is None:
            found.append(f"nobody has looked up conda-forge's name of {project}")
        elif specifier and name:
            wanted[name] = specifier
    for name in wanted.keys() | bound.keys():
        theirs, ours = wanted.get(name), bound.get(name)
        found += (
            [] if theirs == ours else [f"{name}: upstream says {theirs or 'nothing'}, the recipe {ours or 'nothing'}"]
        )
    return sorted(found)


def own() -> Message:
    data = recipe()
    sha256 = data["source"]["sha256"]
    return metadata(Source("the recipe's source", sha256, (), load_hints(RECIPE / "sources.yaml")[sha256]))


def test_constraints_are_what_upstreams_extras_say_and_no_more() -> None:
    assert differences(own(), recipe()["requirements"]["run_constraints"], names.load()) == []


def test_every_bound_that_is_corrected_is_one_of_upstreams() -> None:
    said = {f"{canonicalize_name(each.name)}{part}" for each in extras(own()) for part in each.specifier}
    assert said >= WORKS_OLDER | FAILS_OLDER.keys()


def test_what_runs_always_is_what_upstream_needs_always() -> None:
    told = own()
    always = {Requirement(line).name for line in told.get_all("Requires-Dist", []) if "extra ==" not in line}
    asked = {each.split()[0] for each in recipe()["requirements"]["run"]} - {"python", "librdkafka", "${{"}
    known = names.load()
    assert asked == {known.of(project) for project in always}


def test_a_newer_release_is_not_followed_in_silence() -> None:
    """Of 2.16.1, which asks for httpx2 where it asked for httpx."""
    found = differences(metadata(NEWER), recipe()["requirements"]["run_constraints"], names.load())
    assert found == [
        "authlib: upstream says >=1.8.0, the recipe nothing",
        "certifi: upstream says >=2026.10.19, the recipe nothing",
        "httpx2: upstream says >=2.0, the recipe nothing",
        "httpx: upstream says nothing, the recipe >=0.26",
        "is the extra json-fast for users?",
        "is the extra oauthbearer-aws for users?",
    ]
