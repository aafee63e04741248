"""What the real engine's packages say they are made of, by CycloneDX's own schema, and that no prefix gets it."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

from kafka_forge.ground.paths import Cache, project_root
from kafka_forge.sboms import reading

from . import artifacts

if TYPE_CHECKING:
    from kafka_forge.values.model import Artifact

pytestmark = pytest.mark.integration

PYTHON = "3.13"
RECIPES = ("librdkafka", "python-confluent-kafka", "pykafka", "kafka-python", "streamz", "dask-kafka-ranges")


@pytest.fixture(scope="module")
def made() -> dict[str, Artifact]:
    return {each.cell.recipe: each for each in artifacts.built(*RECIPES, python=PYTHON).artifacts}


def roles(data: dict[str, Any], role: str) -> set[str]:
    return {each["name"] for each in data["components"] if role in reading.roles(each)}


@pytest.mark.parametrize("recipe", RECIPES)
def test_every_artifact_carries_a_document_of_the_schema(made: dict[str, Artifact], recipe: str) -> None:
    found = reading.read(made[recipe].path)
    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(found.text) is None
    patches = sorted((project_root() / "recipes" / recipe / "patches").glob("*.patch"))
    told = found.data["metadata"]["component"].get("pedigree", {}).get("patches", ())
    assert sorted(each["diff"]["url"] for each in told) == [f"patches/{path.name}" for path in patches]
    for secret in (str(project_root()), str(Cache.default().root), "file:"):
        assert secret not in found.text


def test_a_compiled_one_names_compiler_libraries_and_what_is_copied(made: dict[str, Artifact]) -> None:
    data = reading.read(made["librdkafka"].path).data
    assert {"openssl", "zstd", "lz4-c", "libcurl", "cyrus-sasl"} <= roles(data, "host")
    assert {"cJSON", "crc32c", "tinycthread", "snappy-c", "nanopb"} <= roles(data, "copied")
    assert len(roles(data, "compiler")) == 2
    assert "make" in roles(data, "build")
    assert {"zig", "rattler-build"} <= {each["name"] for each in data["metadata"]["tools"]["components"]}
    on_it = reading.read(made["python-confluent-kafka"].path).data
    (library,) = (each for each in on_it["components"] if each["name"] == "librdkafka")
    assert library["hashes"] == [{"alg": "SHA-256", "content": made["librdkafka"].sha256}]
    assert library["scope"] == "required"


def test_a_fresh_prefix_has_the_package_and_not_its_document(made: dict[str, Artifact]) -> None:
    with artifacts.installed("kafka-python") as fresh:
        assert not [
            path for path in fresh.prefix.rglob("*") if "sboms" in path.parts or path.name.endswith(".cdx.json")
        ]
        (record,) = (fresh.prefix / "conda-meta").glob("kafka-python-*.json")
        folder = json.loads(record.read_text(encoding="utf-8"))["extracted_package_dir"]
        assert folder, "where who asks for it finds it"


def test_the_command_shows_what_a_file_is_made_of(made: dict[str, Artifact]) -> None:
    command = [sys.executable, "-m", "kafka_forge.cli", "sbom", str(made["kafka-python"].path)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert "kafka_python-" in done.stdout
    assert "built against:" in done.stdout
