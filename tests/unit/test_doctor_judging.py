"""Findings that any version can suffer, on evidence of real environments, whole and falsified."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from kafka_forge.doctor import judging
from kafka_forge.doctor.findings import Finding, Level, status

from . import doctor_evidence

NOWHERE = Path("/nonexistent")
BROKEN_IMPORT = {"ok": False, "file": None, "version": None, "error": "ImportError: libsasl2.so.3: cannot open"}


def found(name: str, change: Any = None, settings: dict[str, str] | None = None) -> dict[str, Finding]:
    seen = doctor_evidence.seen(name) if change is None else doctor_evidence.changed(name, change)
    return {finding.id: finding for finding in judging.judge(seen, settings or {}, NOWHERE)}


def test_the_worst_comes_first_and_makes_the_exit_status() -> None:
    listed = judging.judge(doctor_evidence.seen("pykafka-setuptools-82"), {}, NOWHERE)
    levels = [finding.level.status for finding in listed]
    assert levels == sorted(levels, reverse=True)
    assert status(listed) == 2
    assert status([each for each in listed if each.level is Level.NOTE]) == 0


def test_this_projects_packages_have_notes_only() -> None:
    assert status(found("ours").values()) == 0


def test_no_client_at_all_is_said() -> None:
    assert found("none").keys() == {"no-client"}


def test_a_failing_import_that_a_known_fault_explains_is_told_once() -> None:
    assert "import-fails" not in found("aiokafka-0.8.1")
    assert "import-fails" not in found("kafka")


def test_another_failing_import_is_told() -> None:
    def change(value: dict[str, Any]) -> None:
        value["clients"]["confluent-kafka"]["imports"] = {"confluent_kafka": BROKEN_IMPORT}

    finding = found("confluent-2.16.1", change)["import-fails"]
    assert finding.level is Level.BROKEN
    assert "libsasl2" in finding.what


@pytest.mark.parametrize(
    ("error", "remedy"),
    [
        ("ImportError: librdkafka.so.1: cannot open shared object file", "the package that brings librdkafka.so.1"),
        ("ImportError: dlopen(x): Library not loaded: @rpath/librdkafka.1.dylib", "@rpath/librdkafka.1.dylib"),
        ("ImportError: DLL load failed while importing cimpl", "anew"),
        ("ImportError: cimpl.so: undefined symbol: rd_kafka_ElectLeaders", "too old for confluent-kafka"),
        ("ImportError: libm.so.6: version `GLIBC_2.38' not found (required by x)", "made for an older system"),
        ("ModuleNotFoundError: No module named 'what_it_needs'", "pip install --force-reinstall confluent-kafka"),
    ],
)
def test_what_a_loader_says_has_a_remedy_of_its_own(error: str, remedy: str) -> None:
    def change(value: dict[str, Any]) -> None:
        value["clients"]["confluent-kafka"]["imports"] = {"confluent_kafka": {**BROKEN_IMPORT, "error": error}}

    assert remedy in found("confluent-2.16.1", change)["import-fails"].next


def test_a_system_that_keeps_its_packages_itself_is_told_and_names_who_installed_them() -> None:
    finding = found("debian")["externally-managed"]
    assert finding.level is Level.NOTE
    assert "confluent-kafka 1.7.0, by debian" in finding.evidence
    assert "externally-managed" not in found("three")


def test_a_crash_and_a_hang_are_told_apart() -> None:
    def crashed(value: dict[str, Any]) -> None:
        value["clients"]["confluent-kafka"] |= {"status": -11, "imports": {}, "said": ["Fatal Python error"]}

    def hung(value: dict[str, Any]) -> None:
        value["clients"]["confluent-kafka"] |= {"status": -9, "hung": True, "imports": {}}

    assert "SIGSEGV" in found("confluent-2.16.1", crashed)["import-crashes"].what
    assert "import-crashes" not in found("confluent-2.16.1", hung)
    assert found("confluent-2.16.1", hung)["import-hangs"].level is Level.BROKEN


def test_a_wheel_over_a_conda_package_is_named_with_both_and_with_two_librdkafkas() -> None:
    listed = found("wheel-over-ours")
    over = listed["installed-over-one-another"]
    assert any("conda package python-confluent-kafka" in line for line in over.evidence)
    assert "conda install --force-reinstall" in over.next
    assert [line.split(":")[0] for line in listed["several-librdkafka"].evidence] == ["2.14.2", "2.16.0"]


def test_two_distributions_of_one_module_are_told() -> None:
    assert "kafka-python-ng" in found("kafka-python-and-ng")["installed-over-one-another"].next


def test_files_that_are_gone_or_changed_are_told() -> None:
    def change(value: dict[str, Any]) -> None:
        value["distributions"][0] |= {"missing": ["confluent_kafka/cimpl.so"], "changed": ["a", "b", "c", "d", "e"]}

    finding = found("confluent-2.16.1", change)["files-not-as-installed"]
    assert finding.evidence[1] == "missing: confluent_kafka/cimpl.so"
    assert finding.evidence[-1] == "and 1 more"
    assert finding.next.endswith("confluent-kafka==2.16.1")


def test_a_client_from_the_users_site_is_told_where_there_is_an_environment() -> None:
    def change(value: dict[str, Any]) -> None:
        value["python"] |= {"base_prefix": "/usr"}
        value["distributions"][0]["path"] = "/home/user/.local/lib/confluent_kafka-2.16.1.dist-info"

    assert found("confluent-2.16.1", change)["from-outside-the-environment"].next == "set PYTHONNOUSERSITE=1"


@pytest.mark.parametrize(("runs", "told"), [("2.16.0", False), ("2.15.0", True), ("2.17.1", False)])
def test_a_librdkafka_older_than_the_client_is_told(runs: str, told: bool) -> None:
    def change(value: dict[str, Any]) -> None:
        value["clients"]["confluent-kafka"]["librdkafka"][0]["version"] = runs

    assert ("librdkafka-older-than-the-client" in found("confluent-2.16.1", change)) is told


def test_a_librdkafka_by_ld_library_path_is_told() -> None:
    def change(value: dict[str, Any]) -> None:
        value["variables"] = {"LD_LIBRARY_PATH": "/opt/old/lib"}
        value["clients"]["pykafka"]["librdkafka"][0]["path"] = "/opt/old/lib/librdkafka.so.1"

    finding = found("ours", change)["librdkafka-from-elsewhere"]
    assert finding.level is Level.WARNING
    assert "LD_LIBRARY_PATH=/opt/old/lib" in finding.evidence


def test_what_switches_the_lock_on_is_told() -> None:
    def change(value: dict[str, Any]) -> None:
        imports = value["clients"]["confluent-kafka"]["imports"]
        imports["confluent_kafka"]["gil"] = {"before": False, "after": True, "said": "The GIL has been enabled"}

    assert "switches-the-lock-on" in found("confluent-2.14.2-python-3.14", change)


def test_a_free_threaded_python_is_told_which_client_switches_its_lock_on_and_no_other() -> None:
    seen = doctor_evidence.free_threaded()
    assert seen.python.free_threaded
    assert not seen.python.gil
    (finding,) = [each for each in judging.judge(seen, {}, NOWHERE) if each.id == "switches-the-lock-on"]
    assert finding.client == "confluent-kafka"
    assert "has not declared that it can run safely without the GIL" in finding.evidence[0]


def test_certificates_that_are_nowhere_are_told() -> None:
    def change(value: dict[str, Any]) -> None:
        value["certificates"] |= {"found": [], "probed": []}
        value["variables"] = {"SSL_CERT_FILE": "/nonexistent/bundle.pem"}

    listed = found("three", change)
    assert listed["no-certificates"].client == "kafka-python, aiokafka"
    assert listed["no-certificates-for-librdkafka"].client == "confluent-kafka"
    assert listed["certificates-variable-names-nothing"].evidence == ("SSL_CERT_FILE=/nonexistent/bundle.pem",)
    settled = found("three", change, {"ssl.ca.location": __file__})
    assert "no-certificates-for-librdkafka" not in settled


def test_files_of_settings_are_looked_for() -> None:
    settings = {
        "ssl.ca.location": "probe",
        "https.ca.location": "/nonexistent/ca.pem",
        "plugin.library.paths": "monitoring-interceptor;/nonexistent/plugin.so",
        "ssl.key.location": __file__,
    }
    listed = judging.judge(doctor_evidence.seen("three"), settings, NOWHERE)
    missing = [line for each in listed if each.id == "file-of-a-setting-missing" for line in each.evidence]
    assert missing == ["https.ca.location=/nonexistent/ca.pem", "plugin.library.paths=/nonexistent/plugin.so"]


def test_kinit_matters_more_to_who_asks_for_kerberos() -> None:
    def change(value: dict[str, Any]) -> None:
        value["kerberos"] = {"kinit": None, "plugins": []}

    asked = {"security.protocol": "SASL_PLAINTEXT"}
    assert found("ours", change)["no-kinit"].level is Level.NOTE
    assert found("ours", change, asked)["no-kinit"].level is Level.WARNING
    assert "no-sasl-plugins" in found("ours", change, asked)
    assert "no-kinit" not in found("confluent-2.16.1", change, asked)


def test_settings_that_librdkafka_refuses_are_told() -> None:
    def change(value: dict[str, Any]) -> None:
        value["clients"]["confluent-kafka"]["refused"] = "No such configuration property"

    assert found("three", change)["settings-refused"].level is Level.BROKEN


def test_a_file_here_that_hides_a_client_is_told(tmp_path: Path) -> None:
    (tmp_path / "kafka.py").touch()
    listed = judging.judge(doctor_evidence.seen("three"), {}, tmp_path)
    assert [each.client for each in listed if each.id == "hidden-by-a-file-here"] == ["kafka-python"]


def with_broker(exchanges: list[dict[str, Any]], **broker: Any) -> Any:
    """Evidence as a round trip on Apache Kafka 4.4 gives it."""

    def change(value: dict[str, Any]) -> None:
        value["broker"] = {
            "address": "localhost:9092",
            "protocol": "plaintext",
            "stage": "answers",
            "listener": "plain",
            "apis": {"1": [4, 18]},
            "release": "4.4",
            **broker,
        }
        value["exchanges"] = exchanges

    return change


def test_messages_that_come_through_and_what_was_not_tried_are_no_findings() -> None:
    done = {"client": "confluent-kafka", "mode": "default", "asked": 3, "sent": 3, "received": 3}
    untried = {"client": "kafka-python", "mode": "default", "asked": 3, "untried": "GSSAPI needs a package"}
    assert not any(each.level is Level.BROKEN for each in found("three", with_broker([done, untried])).values())


def test_messages_that_get_lost_are_told_with_what_the_client_said() -> None:
    lost = {"client": "aiokafka", "mode": "default", "asked": 3, "sent": 3, "received": 1, "said": ["WARNING: late"]}
    finding = found("three", with_broker([lost]))["messages-do-not-come-through"]
    assert finding.client == "aiokafka"
    assert finding.evidence == ("3 of 3 acknowledged, 1 read, 0.0 s", "WARNING: late")


def test_a_broker_that_lets_no_topic_be_made_is_a_warning_and_one_that_lets_nobody_in_is_worse() -> None:
    refused = found("three", with_broker([], topic_error="TOPIC_AUTHORIZATION_FAILED"))
    assert refused["no-topic-for-the-round-trips"].level is Level.WARNING
    assert found("three", with_broker([], topic_error="code=_AUTHENTICATION"))["not-let-in"].level is Level.BROKEN
