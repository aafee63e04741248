"""The command as its user meets it: a real interpreter looked at, wrong calls, JSON by its schema, and redaction."""

from __future__ import annotations

import ast
import json
import sys
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any

import confluent_kafka
import jsonschema
import pytest

from kafka_forge import scenarios
from kafka_forge.cli import _run
from kafka_forge.doctor import inside, judging, looking, redacting, report, settings, telling
from kafka_forge.errors import ForgeError, ProbeFailed, SettingsInvalid, UnknownEnvironment
from kafka_forge.schemas.making import DOCTOR_SCHEMA

from . import doctor_evidence

if TYPE_CHECKING:
    from kafka_forge.doctor.seen import Seen

NOWHERE = Path("/nonexistent")


@pytest.fixture(scope="module")
def own() -> Seen:
    """This very interpreter, which has a confluent-kafka."""
    return looking.look(Path(sys.executable), {})


def test_a_real_interpreter_is_seen_as_it_is(own: Seen) -> None:
    assert own.python.executable == sys.executable
    assert own.version("confluent-kafka") == metadata.version("confluent-kafka")
    assert own.librdkafka("confluent-kafka") == confluent_kafka.libversion()[0]
    assert "ssl" in (own.features("confluent-kafka") or ())
    assert own.clients["confluent-kafka"].imports["confluent_kafka.admin"].ok


def test_what_librdkafka_refuses_is_seen_and_secrets_are_not() -> None:
    wrong = {"sasl.password": "sesame", "sasl.mechanism": "sesame", "security.protocol": "sasl_ssl"}
    refused = looking.look(Path(sys.executable), wrong).clients["confluent-kafka"].refused
    assert refused is not None
    assert "Unsupported SASL mechanism" in refused
    assert "sesame" not in refused


def test_the_password_of_a_proxy_is_not_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://ann:sesame@proxy.example:3128")
    assert looking.look(Path(sys.executable), {}).variables["HTTPS_PROXY"] == "http://proxy.example:3128"


@pytest.mark.parametrize(("name", "expected"), [("three", 1), ("ours", 0), ("kafka", 2)])
def test_json_fits_its_schema(name: str, expected: int) -> None:
    seen = doctor_evidence.seen(name)
    made = report.made(seen, judging.judge(seen, {}, NOWHERE))
    assert made.status == expected
    jsonschema.validate(made.model_dump(mode="json"), json.loads(DOCTOR_SCHEMA.read_text(encoding="utf-8")))


def test_the_command_prints_it_and_ends_with_its_status(capsys: pytest.CaptureFixture[str]) -> None:
    status = _run(["doctor", "--python", sys.executable, "--json"], debug=True)
    told = json.loads(capsys.readouterr().out)
    assert told["status"] == status
    assert told["seen"]["python"]["executable"] == sys.executable


def test_an_environment_is_named_by_its_folder_too() -> None:
    assert looking.python_of(Path(sys.prefix), None).parent == Path(sys.executable).parent


def test_an_environment_is_found_by_a_name_that_is_relative(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The programs that look run in a folder of their own."""
    (tmp_path / "env" / "bin").mkdir(parents=True)
    (tmp_path / "env" / "bin" / "python").symlink_to(sys.executable)
    monkeypatch.chdir(tmp_path)
    for found in (looking.python_of(Path("env"), None), looking.python_of(None, "env/bin/python")):
        assert found == tmp_path / "env" / "bin" / "python"
        assert looking.look(found, {}).python.version


@pytest.mark.parametrize("name", ["python3.11", "python3.14t", "pypy3", "pypy3.11"])
def test_an_interpreter_that_is_named_by_its_version_alone_is_found(name: str, tmp_path: Path) -> None:
    (tmp_path / "bin").mkdir()
    for each in (name, "python3.11-config", "python3-config"):
        (tmp_path / "bin" / each).touch()
    assert looking.python_of(tmp_path, None).name == name


def test_what_is_there_in_the_place_of_a_python_is_named(tmp_path: Path) -> None:
    """A venv whose Python was upgraded away, a folder, a file that is no program, and an empty variable of a shell."""
    (tmp_path / "bin").mkdir()
    dead = tmp_path / "bin" / "python"
    dead.symlink_to("/nonexistent/python3.9")
    for prefix, python, told in (
        (tmp_path, None, "is a link to a file that is not there"),
        (None, str(dead), "/nonexistent/python3.9"),
        (None, str(tmp_path), "this is a folder"),
        (None, __file__, "this file cannot be run"),
        (None, "", "there is no Python"),
        (tmp_path / "absent", None, "there is no such folder"),
    ):
        with pytest.raises(UnknownEnvironment) as error:
            looking.python_of(prefix, python)
        assert told in error.value.what


@pytest.mark.parametrize(
    ("arguments", "status", "told"),
    [
        (["--prefix", "/nonexistent"], 10, "KF405"),
        (["--python", "python-that-is-not-there"], 10, "KF405"),
        (["--python", "/bin/sh"], 40, "KF402"),
        (["--prefix", "/usr", "--python", "python3"], 2, "give one of them"),
        (["--security", "/nonexistent/client.properties"], 11, "KF129"),
        (["--broker", "localhost"], 10, "KF107"),
        (["--broker", "localhost:99999"], 10, "KF107"),
    ],
)
def test_a_wrong_call_is_explained(
    arguments: list[str], status: int, told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert _run(["doctor", *arguments], debug=False) == status
    shown = capsys.readouterr().err
    assert told in shown
    assert "Traceback" not in shown


def test_what_is_no_python_or_too_old_a_one_is_told_apart(tmp_path: Path) -> None:
    for name, text, error in (
        ("text", "no program", UnknownEnvironment),
        ("silent", "#!/bin/sh\nexit 3\n", ProbeFailed),
        (
            "old",
            "#!/bin/sh\necho 'SyntaxError: future feature annotations is not defined' >&2\nexit 1\n",
            UnknownEnvironment,
        ),
    ):
        program = tmp_path / name
        program.write_text(text)
        program.chmod(0o755)
        with pytest.raises(error) as told:
            looking.look(program, {})
        assert isinstance(told.value, ForgeError)
        assert told.value.where == str(program)


def test_settings_are_read_as_lines_and_as_json(tmp_path: Path) -> None:
    lines = tmp_path / "client.properties"
    lines.write_text("# mine\n\nsecurity.protocol = SASL_SSL\nsasl.password=a=b\n")
    assert settings.read(lines) == {"security.protocol": "SASL_SSL", "sasl.password": "a=b"}
    as_json = tmp_path / "client.json"
    as_json.write_text('{"enable.idempotence": true, "linger.ms": 5}')
    assert settings.read(as_json) == {"enable.idempotence": "true", "linger.ms": "5"}
    assert settings.read(None) == {}


@pytest.mark.parametrize("text", ["no setting\n", "=value\n", '{"a": ', "\xff"])
def test_settings_that_are_none_are_refused(text: str, tmp_path: Path) -> None:
    path = tmp_path / "client.properties"
    path.write_bytes(text.encode("latin-1"))
    with pytest.raises(SettingsInvalid):
        settings.read(path)


def test_nothing_private_is_left_in_a_redacted_report() -> None:
    def change(value: dict[str, Any]) -> None:
        value["python"] |= {"prefix": "/home/ann/venv", "executable": "/home/ann/venv/bin/python"}
        value["broker"] = {
            "address": "kafka7.corp.example:9093",
            "protocol": "ssl",
            "stage": "answers",
            "listener": "tls",
            "certificate": {
                "subject": "CN=kafka7",
                "issuer": "CN=Ann's authority",
                "names": ["kafka7", "*.corp.example"],
                "not_before": "2026-01-01T00:00:00+00:00",
                "not_after": "2027-01-01T00:00:00+00:00",
            },
            "distrust": "unable to get local issuer certificate",
        }
        value["exchanges"] = [
            {"client": "pykafka", "mode": "pure", "asked": 3, "error": "no route to kafka8.corp.example:9093 10.1.2.3"}
        ]
        value["variables"] = {"HTTPS_PROXY": "http://ann:pw@proxy.corp.example:3128", "PYTHONPATH": "/srv/secret/lib"}

    private = {
        "bootstrap.servers": "kafka7.corp.example:9093",
        "sasl.username": "ann.smith",
        "ssl.key.location": "/home/ann/keys/client.pem",
    }
    seen = doctor_evidence.changed("wheel-over-ours", change)
    whole = report.made(seen, judging.judge(seen, private, NOWHERE))
    left = redacting.redacted(whole, private, "kafka7.corp.example:9093")
    text = left.model_dump_json() + "\n".join(telling.lines(left))
    for word in (
        "/home/ann",
        "ann.smith",
        "corp.example",
        "kafka7",
        "kafka8",
        "Ann's",
        "10.1.2.3",
        "/srv/secret",
        "client.pem",
        "3128",
    ):
        assert word not in text
    assert left.redacted
    assert left.status == whole.status
    assert "librdkafka-0cb94173.so.1" in text
    assert "https://github.com/confluentinc/librdkafka/issues/4953" in text


def test_the_text_has_clients_findings_and_the_sum() -> None:
    seen = doctor_evidence.seen("pykafka-in-c")
    told = list(telling.lines(report.made(seen, judging.judge(seen, {}, NOWHERE))))
    assert any(
        line.startswith("  pykafka 2.8.0, by pip, C mode is refused, librdkafka 2.14.2 at /env/") for line in told
    )
    assert any("[pykafka-refused-by-librdkafka-2]" in line for line in told)
    assert told[-1].endswith("notes")


@pytest.mark.parametrize(
    "path",
    [
        *Path(inside.__file__).parent.glob("*.py"),
        *(Path(scenarios.__file__).with_name(name) for name in ("probe.py", "loaded.py")),
    ],
)
def test_what_runs_in_the_environment_is_read_by_every_python_from_3_7_on(path: Path) -> None:
    ast.parse(path.read_text(encoding="utf-8"), feature_version=(3, 7))
