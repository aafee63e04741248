"""Environments that nobody planned for, each by the command: found, told in JSON, and redacted with no name left."""

from __future__ import annotations

import getpass
import json
import os
import shutil
import socket
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any

import jsonschema
import pytest

from kafka_forge import platforms
from kafka_forge.cli import _run
from kafka_forge.schemas.making import DOCTOR_SCHEMA
from tests.doctor_environments import make

if TYPE_CHECKING:
    from collections.abc import Callable

pytestmark = [
    pytest.mark.integration,
    pytest.mark.timeout(1800),
    pytest.mark.skipif(platforms.current() != "linux-64", reason="the environments are made of the embedded base"),
]


@pytest.fixture(scope="module")
def three(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A conda environment with three clients of the Python index; for looking at, and for making others of."""
    return make("three", tmp_path_factory.mktemp("three") / "env").parents[1]


def linked(three: Path, place: Path) -> Path:
    """The environment by another name."""
    (place / "link").symlink_to(three)
    return place / "link"


def venv_of_conda(three: Path, place: Path) -> Path:
    """A venv of a conda Python that sees what is installed there."""
    made = [str(three / "bin" / "python"), "-m", "venv", "--without-pip", "--system-site-packages", str(place / "venv")]
    subprocess.run(made, check=True)
    return place / "venv"


def read_only(three: Path, place: Path) -> Path:
    """A copy that nobody may write to."""
    shutil.copytree(three, place / "env", symlinks=True)
    for folder in (place / "env").rglob("*"):
        if folder.is_dir() and not folder.is_symlink():
            folder.chmod(0o555)
    return place / "env"


def metadata_damaged(three: Path, place: Path) -> Path:
    """A copy in which an installation broke off: metadata that are empty, no JSON, no numbers."""
    shutil.copytree(three, place / "env", symlinks=True)
    (packages,) = (place / "env" / "lib").glob("python3.*/site-packages")
    (folder,) = packages.glob("aiokafka-*.dist-info")
    (folder / "direct_url.json").write_text("{")
    (folder / "RECORD").write_text('aiokafka/__init__.py,sha256=x,many\n"\x00\n')
    (folder / "INSTALLER").write_bytes(b"\xff\xfe")
    (packages / "kafka_python-.dist-info").mkdir()
    (place / "env" / "conda-meta" / "broken-kafka-1.0-0.json").write_text("[")
    return place / "env"


MAKERS: dict[str, tuple[Callable[[Path, Path], Path], set[str]]] = {
    "linked": (linked, set()),
    "venv of conda": (venv_of_conda, {"from-outside-the-environment"}),
    "read only": (read_only, set()),
    "metadata damaged": (metadata_damaged, set()),
}


@pytest.mark.parametrize("name", MAKERS)
def test_it_is_looked_at_and_told_with_no_name_left(
    three: Path, tmp_path: Path, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    make_it, expected = MAKERS[name]
    told = looked_at(make_it(three, tmp_path), tmp_path, capsys)
    assert {"confluent-kafka", "kafka-python", "aiokafka"} <= set(told["seen"]["present"])
    assert all(each["imports"] for each in told["seen"]["clients"].values())
    assert expected <= {finding["id"] for finding in told["findings"]}
    assert ("from-outside-the-environment" in {each["id"] for each in told["findings"]}) is bool(expected)


def test_a_client_of_the_users_own_folder_is_told_in_a_conda_environment(
    three: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """``pip install --user``, which goes before what the environment has."""
    monkeypatch.setenv("PYTHONUSERBASE", str(tmp_path / "user"))
    install = [
        str(three / "bin" / "python"),
        "-m",
        "pip",
        "install",
        "-q",
        "--user",
        "--no-deps",
        "kafka-python==2.0.3",
    ]
    subprocess.run([*install, "--ignore-installed"], check=True, env={**os.environ, "PIP_ROOT_USER_ACTION": "ignore"})
    told = looked_at(three, tmp_path, capsys)
    found = {finding["id"]: finding for finding in told["findings"]}
    assert found["from-outside-the-environment"]["next"] == "set PYTHONNOUSERSITE=1"
    assert found["installed-more-than-once"]["client"] == "kafka-python"


def looked_at(prefix: Path, place: Path, capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    """Look at an environment, plainly and redacted; return the plain JSON, when both are sound."""
    schema = json.loads(DOCTOR_SCHEMA.read_text(encoding="utf-8"))
    answers = []
    for more in ([], ["--redact"]):
        status = _run(["doctor", "--prefix", str(prefix), "--json", *more], debug=True)
        text = capsys.readouterr().out
        told: dict[str, Any] = json.loads(text)
        jsonschema.validate(told, schema)
        assert told["status"] == status
        answers.append((told, text))
    (plain, _), (redacted, text) = answers
    private = {str(place), str(prefix.resolve()), str(Path.home()), socket.gethostname(), getpass.getuser()}
    assert [word for word in private if word in text.replace('"~', "")] == []
    assert [each["id"] for each in redacted["findings"]] == [each["id"] for each in plain["findings"]]
    return plain
