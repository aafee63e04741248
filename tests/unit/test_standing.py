"""Clients that stand in an environment already, found in the toolkit's own."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from kafka_forge.auditing import audit, subjects
from kafka_forge.contracts.loading import load_contract
from kafka_forge.environments import standing
from kafka_forge.environments.activation import variables
from kafka_forge.errors import UnknownPackage
from kafka_forge.ground.paths import project_root
from kafka_forge.inspection import brought
from kafka_forge.values.model import Kind

HERE = Path(sys.prefix)


def test_a_client_is_found_with_its_files() -> None:
    (found,) = subjects.standing(HERE, ["python-confluent-kafka"], ["python-confluent-kafka"])
    artifact = found.artifact
    assert (artifact.kind, artifact.client, artifact.cell.name) == (
        Kind.SYSTEM,
        "python-confluent-kafka",
        "confluent-kafka",
    )
    assert artifact.cell.recipe == f"{HERE}:confluent-kafka"
    contract = load_contract(project_root() / "recipes" / artifact.client / "contract.yaml", kind=Kind.SYSTEM)
    with found.installer.fresh(artifact, contract) as made:
        seen = brought.of(made)
        assert any(file.endswith("confluent_kafka/__init__.py") for file in seen.files)
        assert all((made.prefix / file).is_file() for file in seen.files)
        assert seen.folder != made.prefix
        assert list(seen.folder.iterdir()) == []
        assert variables(made)["PYTHONDONTWRITEBYTECODE"] == "1"
        assert found.installer.extended(made, contract) is made
    assert HERE.is_dir()


def test_what_is_the_same_has_the_same_sum() -> None:
    once, again = (standing.clients(HERE, Path(sys.executable), ["confluent-kafka"])[0].artifact for _ in range(2))
    assert (once.sha256, once.size) == (again.sha256, again.size)
    assert once.size > 100_000


def test_what_is_not_there_is_named() -> None:
    with pytest.raises(UnknownPackage, match="pykafka: nothing of that name") as caught:
        subjects.standing(HERE, ["pykafka"], audit.contracts(project_root()))
    assert "aiokafka" in "\n".join(caught.value.details)


@pytest.mark.parametrize("client", ["python-confluent-kafka", "pykafka", "kafka-python", "aiokafka"])
def test_what_holds_for_a_package_only_is_not_asked_of_what_stands_there(client: str) -> None:
    """Who put it there, by which files, and what else stands there is not the client's doing."""
    file = audit.contracts(project_root())[client]
    asked = load_contract(file, python="3.12", kind=Kind.SYSTEM).promises
    never = {"recipe-tests", "licenses", "record-complete", "no-build-paths", "pip-check", "rpath-inside-prefix"}
    assert never.isdisjoint(asked)
    assert "glibc-floor" not in asked
    assert asked.get("one-librdkafka", {"anywhere": True}) == {"anywhere": True}
