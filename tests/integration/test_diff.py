"""``diff``: two packages as their users get them, set beside one another."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import jsonschema
import pytest

from kafka_forge.schemas.making import DIFF_SCHEMA

from . import artifacts

if TYPE_CHECKING:
    from pathlib import Path

    from kafka_forge.building.build import Built

pytestmark = pytest.mark.integration

PYTHON = "3.12"
WHEELS = ("pypi:confluent-kafka==2.14.2", "pypi:confluent-kafka==2.16.1")


@pytest.fixture(scope="module")
def built() -> Built:
    return artifacts.built("kafka-python", python=PYTHON)


def diff(*arguments: str, output: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "kafka_forge.cli", "diff", *arguments, "--python", PYTHON, "--output", str(output)]
    return subprocess.run(command, capture_output=True, text=True, timeout=900, check=False)


def compared(output: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((output / "diff.json").read_text(encoding="utf-8"))
    jsonschema.validate(found, json.loads(DIFF_SCHEMA.read_text(encoding="utf-8")))
    return found


def section(found: dict[str, Any], title: str) -> dict[str, Any]:
    return next(each for each in found["sections"] if each["title"] == title)


def test_two_versions_of_a_wheel(tmp_path: Path) -> None:
    """What confluent-kafka 2.16.1 has that 2.14.2 has not: another librdkafka, with more functions."""
    done = diff(*WHEELS, output=tmp_path)
    assert done.returncode == 0, done.stderr
    found = compared(tmp_path)
    assert [found[side]["librdkafka"]["version"] for side in "ab"] == ["2.14.2", "2.16.0"]
    assert {"name": "version", "a": "2.14.2", "b": "2.16.0"} in section(found, "librdkafka")["changed"]
    symbols = section(found, "symbols of librdkafka.so.1")
    assert "rd_kafka_messages_get" in symbols["added"]
    assert symbols["removed"] == []
    features = section(found, "features of librdkafka")
    assert (features["added"], features["removed"]) == ([], [])
    assert features["same"] > 10
    assert section(found, "floors")["changed"] == []
    assert found["checks"] is None
    assert "~ version: 2.14.2 → 2.16.0" in done.stdout
    assert "symbols of librdkafka.so.1" in (tmp_path / "diff.html").read_text(encoding="utf-8")


def test_ours_and_the_wheel_of_one_version(built: Built, tmp_path: Path) -> None:
    """Ours of kafka-python has a patch more, and asks for nothing else."""
    (artifact,) = built.artifacts
    channel = str(artifact.path.parents[1])
    done = diff("kafka-python>=3", "pypi:kafka-python==3.0.12", "--channel", channel, "--exit-code", output=tmp_path)
    assert done.returncode == 3
    assert "KF003" in done.stderr
    found = compared(tmp_path)
    assert found["a"]["sha256"] == artifact.sha256
    assert {"name": "packed as", "a": "conda", "b": "wheel"} in section(found, "package")["changed"]
    changed = {each["name"].partition("site-packages/")[2] for each in section(found, "files")["changed"]}
    assert "kafka/coordinator/consumer.py" in changed
    assert "kafka/producer/kafka.py" not in changed


def test_a_package_does_not_differ_from_its_copy(built: Built, tmp_path: Path) -> None:
    """Two files of one name, as two builds of one version are."""
    (artifact,) = built.artifacts
    files = [tmp_path / side / artifact.path.name for side in ("before", "after")]
    for file in files:
        file.parent.mkdir()
        shutil.copyfile(artifact.path, file)
    done = diff(*map(str, files), "--exit-code", "--json", output=tmp_path / "diff")
    assert done.returncode == 0, done.stdout
    found = json.loads(done.stdout)
    assert found == compared(tmp_path / "diff")
    assert [found[side]["spec"] for side in "ab"] == list(map(str, files))


@pytest.mark.long
def test_verdicts_stand_beside_one_another(built: Built, tmp_path: Path) -> None:
    (artifact,) = built.artifacts
    done = diff(str(artifact.path), "pypi:kafka-python==3.0.12", "--judge", output=tmp_path)
    assert done.returncode == 0, done.stderr
    checks = {(each["id"], each["broker"]): (each["a"], each["b"]) for each in compared(tmp_path)["checks"]}
    assert checks["imports[kafka]", None] == ("pass", "pass")
    assert checks["licenses", None] == ("pass", None)
    assert checks["roundtrip-delivery[default/produce/none]", "4.4.0"] == ("pass", "pass")
    assert "contracts  (A: " in done.stdout


@pytest.mark.parametrize(
    ("a", "code", "said"),
    [
        ("no-such-package-here", "KF301", "no-such-package-here"),
        ("absent.conda", "KF125", "there is no such file"),
        ("pypi:confluent kafka", "KF126", "names no package of the Python index"),
        ("recipe:nonesuch", "KF101", "nonesuch"),
    ],
)
def test_what_cannot_be_compared_is_said(a: str, code: str, said: str, tmp_path: Path) -> None:
    done = diff(a, "pypi:kafka-python==3.0.12", "--base", "embedded", output=tmp_path / "diff")
    assert done.returncode not in {0, 1, 3, 99}
    assert code in done.stderr
    assert said in done.stderr
    assert not (tmp_path / "diff").exists()
