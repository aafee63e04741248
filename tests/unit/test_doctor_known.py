"""The table of known faults, each entry against evidence of a real environment that has it and of one that has not."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from kafka_forge.doctor import known, page
from kafka_forge.doctor.conditions import CMode, Distribution, Librdkafka, Python, fits
from kafka_forge.doctor.findings import Level
from kafka_forge.ground.paths import project_root
from tests.doctor_environments import ENVIRONMENTS

from . import doctor_evidence

FAULTS = {fault.id: fault for fault in known.table()}


def test_every_environment_was_captured() -> None:
    assert set(doctor_evidence.names()) == set(ENVIRONMENTS)


@pytest.mark.parametrize("name", ENVIRONMENTS)
def test_an_environment_has_the_faults_that_it_has_and_no_other(name: str) -> None:
    assert {finding.id for finding in known.found(doctor_evidence.seen(name))} == ENVIRONMENTS[name].faults


def test_there_are_thirty_and_more_with_names_of_their_own() -> None:
    assert len(FAULTS) == len(known.table()) >= 30


@pytest.mark.parametrize("fault", FAULTS)
def test_every_fault_is_had_by_a_real_environment_and_not_by_another_with_the_same_client(fault: str) -> None:
    clients = set(FAULTS[fault].clients)
    with_the_client = [name for name in ENVIRONMENTS if clients & set(doctor_evidence.seen(name).present)]
    having = [name for name in with_the_client if fault in ENVIRONMENTS[name].faults]
    assert having
    assert set(with_the_client) - set(having)


def test_evidence_says_the_versions_and_where_it_was_seen() -> None:
    (finding,) = [f for f in known.found(doctor_evidence.seen("aiokafka-0.8.1")) if f.client == "aiokafka"]
    assert finding.level is Level.BROKEN
    assert finding.evidence == (
        "aiokafka 0.8.1",
        "kafka-python 3.0.12",
        "import aiokafka: ModuleNotFoundError: No module named 'kafka.conn'",
    )
    assert finding.source == "https://github.com/aio-libs/aiokafka/issues/1094"


def test_a_librdkafka_shared_by_two_clients_makes_one_finding() -> None:
    def unmended(value: dict[str, object]) -> None:
        value["conda"] = []

    found = {f.id: f for f in known.found(doctor_evidence.changed("ours", unmended))}
    shared = found["librdkafka-offsets-of-a-moved-coordinator"]
    assert shared.client == "confluent-kafka, pykafka"
    assert len(shared.evidence) == 2


def test_conda_forges_build_of_the_same_version_is_not_taken_for_a_mended_one() -> None:
    def of_conda_forge(value: dict[str, list[dict[str, object]]]) -> None:
        for package in value["conda"]:
            package["number"] = 0

    ids = {finding.id for finding in known.found(doctor_evidence.changed("ours", of_conda_forge))}
    assert {"confluent-kafka-close-while-polling", "pykafka-too-old-for-kafka-4"} <= ids


def test_a_wheel_over_the_mended_package_is_not_mended() -> None:
    ids = {finding.id for finding in known.found(doctor_evidence.seen("wheel-over-ours"))}
    assert "librdkafka-acknowledges-what-is-in-no-log" in ids


def test_what_was_not_told_is_no_fault() -> None:
    nothing = doctor_evidence.seen("none")
    for condition in (Librdkafka(librdkafka=""), CMode(c_mode="missing"), Distribution(distribution="pykafka")):
        assert condition.holds(nothing, "pykafka") is None


@pytest.mark.parametrize(
    ("version", "versions", "expected"),
    [
        ("2.5.0", ">=2.5,<2.5.3", True),
        ("2.5.3", ">=2.5,<2.5.3", False),
        ("3.15.0rc1", ">=3.14", True),
        ("2.15.0-RC1", "<2.15", False),
        ("not a version", "", False),
        (None, "", False),
    ],
)
def test_versions_are_compared_as_versions(version: str | None, versions: str, expected: bool) -> None:
    assert fits(version, versions) is expected


@pytest.mark.parametrize(
    "wrong",
    [
        {"when": []},
        {"when": [{"python": "three"}]},
        {"when": [{"moon": "full"}]},
        {"level": "fatal"},
        {"clients": ["kafkajs"]},
        {"issue": "somebody said so"},
    ],
)
def test_an_entry_that_says_nothing_that_can_be_judged_is_refused(wrong: dict[str, object]) -> None:
    right = {
        "id": "x",
        "clients": ["pykafka"],
        "level": "note",
        "when": [Python(python=">=3")],
        "symptom": "s",
        "remedy": "r",
        "issue": "https://example.org",
    }
    known.Fault.model_validate(right)
    with pytest.raises(ValidationError):
        known.Fault.model_validate({**right, **wrong})


def test_the_page_of_the_table_is_as_it_would_be_made_now() -> None:
    assert (project_root() / "docs" / "doctor.md").read_text(encoding="utf-8") == page.page()


def test_every_fault_stands_on_the_page() -> None:
    assert all(f"| `{fault}` |" in page.page() for fault in FAULTS)
