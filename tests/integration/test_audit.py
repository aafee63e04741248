"""``audit``: anybody's packages, as their users install them, held to our contracts through a real broker."""

from __future__ import annotations

import functools
import http.server
import json
import shutil
import subprocess
import sys
import threading
from typing import TYPE_CHECKING, Any

import pytest

from kafka_forge import platforms
from kafka_forge.values.model import PLATFORMS

from . import artifacts, copies, debian

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from kafka_forge.building.build import Built

pytestmark = [pytest.mark.integration, pytest.mark.first]

PYTHON = "3.12"
UPSTREAMS = ("roundtrip-rebalance[", "roundtrip-group[")
"""What kafka-python's own release keeps in one run and not in another: a join that outlasts the poll() that began it is
lost (KAFKA-9815), as it is on a busy machine. Our recipe's first patch mends it."""


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
    ours, wheel = map(failures, report["artifacts"])
    assert ours == {}
    assert all(each.startswith(UPSTREAMS) for each in wheel), wheel
    tried = [{check["id"] for check in row["checks"] if check["broker"]} for row in report["artifacts"]]
    assert tried[0] == tried[1]
    assert "roundtrip-delivery[default/produce/none]" in tried[0]
    assert status == (2 if wheel else 0)
    assert "verify" not in (tmp_path / "report.html").read_text(encoding="utf-8").partition("</title>")[0]


def test_what_pip_makes_of_pykafka_is_named(tmp_path: Path) -> None:
    """No C extension, and an import that needs pkg_resources: Parsely/pykafka 617, 920, 1032."""
    status, report = audited("pypi:pykafka==2.8.0", output=tmp_path)
    (row,) = report["artifacts"]
    found = failures(row)
    assert "No module named 'pkg_resources'" in found["imports[pykafka]"]
    assert found["extension-links[pykafka.rdkafka._rd_kafka]"].startswith(
        "the package has no extension module pykafka.rdkafka._rd_kafka"
    )
    assert status == 2


SHORT = """
version: 1
environment: {python: "3.14", extras: [lz4, python-snappy, zstandard]}
promises:
  imports: {modules: [kafka, kafka.admin]}
  pip-check: {}
  record-complete: {}
  licenses: {}
  roundtrip-delivery: {modes: [default]}
"""


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
    contract = tmp_path / "contract.yaml"  # what the artifact keeps of the whole one is seen above
    contract.write_text(SHORT, encoding="utf-8")
    status, report = audited(
        *("kafka-python>=3", "--channel", remote, "--contract", str(contract)), output=tmp_path / "audit"
    )
    (row,) = report["artifacts"]
    assert (row["recipe"], row["sha256"]) == ("kafka-python>=3", artifact.sha256)
    assert failures(row) == {}
    assert {"imports[kafka]", "roundtrip-delivery[default/consume/zstd]"} <= {check["id"] for check in row["checks"]}
    assert status == 0


def everything(folder: Path) -> dict[str, int]:
    return {str(path.relative_to(folder)): path.lstat().st_mtime_ns for path in folder.rglob("*")}


def test_what_stands_in_an_environment_is_judged_as_it_stands(tmp_path: Path) -> None:
    """A venv without the optional codecs: what needs them fails, the rest passes, and nothing is added or changed."""
    venv = tmp_path / "venv"
    subprocess.run([sys.executable, "-m", "venv", str(venv)], check=True)
    pip = [str(venv / "bin" / "python"), "-m", "pip", "install", "--quiet", "--no-compile", "kafka-python==3.0.12"]
    subprocess.run(pip, check=True)
    before = everything(venv)
    status, report = audited("--prefix", str(venv), output=tmp_path / "audit")
    (row,) = report["artifacts"]
    assert (row["recipe"], row["build"]) == (f"{venv}:kafka-python", "by pip")
    found = failures(row)
    assert {each.partition("/")[2].partition("]")[0] for each in found if each.startswith("roundtrip-delivery")} == {
        f"produce/{codec}" for codec in ("snappy", "lz4", "zstd")
    } | {f"consume/{codec}" for codec in ("snappy", "lz4", "zstd")}
    asked = {check["id"].partition("[")[0] for check in row["checks"]}
    assert asked.isdisjoint({"licenses", "record-complete", "no-build-paths", "pip-check"})
    assert "roundtrip-delivery[default/consume/gzip]" not in found
    assert status == 2
    assert everything(venv) == before


@pytest.mark.long
@pytest.mark.skipif(not shutil.which("apt-get"), reason="Debian's packages are had by apt-get")
def test_debians_client_is_judged_by_what_holds_there(tmp_path: Path) -> None:
    """In a root of their own, with Debian's own Python, whose loader is told where that root's libraries are."""
    prefix = debian.client(tmp_path / "root")
    before = everything(prefix)
    status, report = audited("--prefix", str(prefix), "confluent-kafka", output=tmp_path / "audit")
    (row,) = report["artifacts"]
    checks = {check["id"]: check for check in row["checks"]}
    assert checks["extension-links[confluent_kafka.cimpl]"]["verdict"] == "pass"
    library = checks["one-librdkafka"]["evidence"]["loaded"]
    assert [path.startswith("lib/") and path.endswith("-linux-gnu/librdkafka.so.1") for path in library] == [True]
    assert checks["roundtrip-delivery[default/produce/none]"]["verdict"] == "pass"
    assert "oidc" in checks["features"]["summary"]
    assert status == 2
    assert everything(prefix) == before


def test_an_environment_without_what_is_named_says_so(tmp_path: Path) -> None:
    done = kafka_forge(
        "audit", "--prefix", sys.prefix, "pykafka", "--base", "embedded", "--output", str(tmp_path / "a")
    )
    assert done.returncode == 10
    assert "KF126" in done.stderr
    done = kafka_forge("audit", "--prefix", str(tmp_path), "--base", "embedded", "--output", str(tmp_path / "a"))
    assert done.returncode == 10
    assert "KF405" in done.stderr
    done = kafka_forge("audit", "--output", str(tmp_path / "a"))
    assert done.returncode == 2
    assert "--prefix" in done.stderr
    assert not (tmp_path / "a").exists()


@pytest.mark.long
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("copy", copies.COPIES, ids=lambda copy: copy.registry)
def test_what_another_registry_carries_is_a_whole_librdkafka(copy: copies.Copy, tmp_path: Path) -> None:
    if not shutil.which(copy.program):
        pytest.skip(f"{copy.registry}: there is no {copy.program} on this machine")
    (artifact,) = copies.built(copy).artifacts
    _, report = audited(str(artifact.path), output=tmp_path)
    (row,) = report["artifacts"]
    checks = {check["id"]: check for check in row["checks"]}
    assert checks["librdkafka-version"]["evidence"]["library"] == copy.librdkafka
    assert checks["features"]["verdict"] == "pass"
    assert checks["roundtrip-delivery[default/produce/none]"]["verdict"] == "pass"


@pytest.mark.long
def test_aiokafka_keeps_what_it_promises_and_nobody_s_recipe_builds_it(tmp_path: Path) -> None:
    status, report = audited("pypi:aiokafka==0.14.0", output=tmp_path)
    (row,) = report["artifacts"]
    assert failures(row) == {}
    passed = {check["id"] for check in row["checks"] if check["broker"]}
    assert {f"roundtrip-compression[default/produce/{codec}]" for codec in ("gzip", "snappy", "lz4", "zstd")} <= passed
    assert "roundtrip-group[default/group]" in passed
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
