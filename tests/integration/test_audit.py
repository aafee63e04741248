"""``audit``: anybody's packages, as their users install them, held to our contracts through a real broker."""

from __future__ import annotations

import functools
import http.server
import json
import subprocess
import sys
import threading
from typing import TYPE_CHECKING, Any

import pytest

from kafka_forge import platforms
from kafka_forge.values.model import PLATFORMS

from . import artifacts

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from kafka_forge.building.build import Built

pytestmark = pytest.mark.integration

PYTHON = "3.12"


@pytest.fixture(scope="module")
def built() -> Built:
    return artifacts.built("kafka-python", python=PYTHON)


def kafka_forge(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "kafka_forge.cli", *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=900, check=False)


def audited(*arguments: str, output: Path) -> tuple[int, dict[str, Any]]:
    done = kafka_forge("audit", *arguments, "--python", PYTHON, "--output", str(output), "--json")
    return done.returncode, json.loads((output / "report.json").read_text(encoding="utf-8"))


def failures(row: dict[str, Any]) -> dict[str, str]:
    return {check["id"]: check["summary"] for check in row["checks"] if check["verdict"] == "fail"}


def test_a_file_and_a_wheel_of_one_client_stand_beside_one_another(built: Built, tmp_path: Path) -> None:
    (artifact,) = built.artifacts
    status, report = audited(str(artifact.path), "pypi:kafka-python==3.0.12", output=tmp_path)
    assert report["what"] == "audit"
    assert [row["recipe"] for row in report["artifacts"]] == [artifact.path.name, "pypi:kafka-python==3.0.12"]
    assert [failures(row) for row in report["artifacts"]] == [{}, {}]
    passed = [{check["id"] for check in row["checks"] if check["broker"]} for row in report["artifacts"]]
    assert passed[0] == passed[1]
    assert "roundtrip-delivery[default/produce/none]" in passed[0]
    assert status == 0
    assert "verify" not in (tmp_path / "report.html").read_text(encoding="utf-8").partition("</title>")[0]


def test_what_pip_makes_of_pykafka_is_named(tmp_path: Path) -> None:
    """No C extension, and an import that needs pkg_resources: Parsely/pykafka 617, 920, 1032."""
    status, report = audited("pypi:pykafka==2.8.0", output=tmp_path)
    (row,) = report["artifacts"]
    found = failures(row)
    assert "No module named 'pkg_resources'" in found["imports[pykafka]"]
    assert found["extension-links[pykafka.rdkafka._rd_kafka]"] == (
        "the package has no extension module pykafka.rdkafka._rd_kafka"
    )
    assert status == 2


@pytest.fixture
def remote(built: Built) -> Iterator[str]:
    """Serve the folder of our channel, as any web server would; give its address."""
    folder = str(built.artifacts[0].path.parents[1])
    handler = functools.partial(http.server.SimpleHTTPRequestHandler, directory=folder)
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def test_a_package_of_a_remote_channel_is_found_by_its_match_spec(built: Built, remote: str, tmp_path: Path) -> None:
    (artifact,) = built.artifacts
    status, report = audited("kafka-python>=3", "--channel", remote, output=tmp_path)
    (row,) = report["artifacts"]
    assert (row["recipe"], row["sha256"]) == ("kafka-python>=3", artifact.sha256)
    assert failures(row) == {}
    assert status == 0


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("no-such-package-here",), "KF301", "no-such-package-here"),
        (("pykafka[",), "KF126", "cannot be audited"),
        (("absent.conda",), "KF125", "there is no such file"),
        (("pypi:confluent kafka",), "KF126", "names no package of the Python index"),
        (("python",), "KF105", "nothing says what python promises"),
        (
            ("pypi:kafka-python", "--platform", next(each for each in PLATFORMS if each != platforms.current())),
            "KF903",
            "cannot be tried on",
        ),
    ],
)
def test_what_cannot_be_audited_is_said(arguments: tuple[str, ...], code: str, said: str, tmp_path: Path) -> None:
    done = kafka_forge("audit", *arguments, "--base", "embedded", "--output", str(tmp_path / "audit"))
    assert done.returncode not in {0, 2, 99}
    assert code in done.stderr
    assert said in done.stderr
    assert not (tmp_path / "audit").exists()
