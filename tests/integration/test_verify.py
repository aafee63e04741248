"""The main job as a maintainer runs it: from a recipe to the verdict, and what stops it."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import jsonschema
import psutil
import pytest
from ruamel.yaml import YAML

from kafka_forge.building import build
from kafka_forge.schemas import making as schemas

from . import artifacts

if TYPE_CHECKING:
    from kafka_forge.brokers import Broker
    from kafka_forge.building.build import Built

pytestmark = [pytest.mark.integration, pytest.mark.first]
ROOT = Path(__file__).parents[2]
FORGE = [sys.executable, "-m", "kafka_forge.cli"]


class Checkout:
    """A checkout with one quick recipe, an output folder of its own, and the program."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.recipe = folder / "recipes" / "kafka-python"
        self.report_file = folder / "output" / "report.json"
        (folder / "recipes").mkdir()
        shutil.copy(ROOT / "recipes" / "variants.yaml", folder / "recipes")
        shutil.copytree(ROOT / "recipes" / "kafka-python", self.recipe)
        (folder / "bootstrap").symlink_to(ROOT / "bootstrap")
        self.environment = {**os.environ, "KAFKA_FORGE_ROOT": str(folder)}

    def forge(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [*FORGE, *arguments], env=self.environment, cwd=self.folder, capture_output=True, text=True, check=False
        )

    def verify(self, broker: Broker) -> subprocess.CompletedProcess[str]:
        return self.forge("verify", "--base", "embedded", "--broker", broker.address)

    def report(self) -> dict[str, Any]:
        report: dict[str, Any] = json.loads(self.report_file.read_text(encoding="utf-8"))
        return report

    def spoil(self, file: str, before: str, after: str) -> None:
        text = (self.recipe / file).read_text(encoding="utf-8")
        assert before in text
        (self.recipe / file).write_text(text.replace(before, after, 1), encoding="utf-8")

    def promise_only(self, *names: str) -> None:
        """Leave these promises in the contract: who asks what stops the main job need not wait for all of them."""
        file, yaml = self.recipe / "contract.yaml", YAML(typ="safe")
        contract = yaml.load(file.read_text(encoding="utf-8"))
        contract["promises"] = {name: contract["promises"][name] for name in names}
        del contract["refusals"]
        with file.open("w", encoding="utf-8") as written:
            yaml.dump(contract, written)

    def take(self, made: Built) -> None:
        """Take what the project's own checkout has built of it: it is not built for each of these tests."""
        build.hand_over(made.artifacts[0].path.parents[1], self.folder / "output")

    def built(self) -> list[Path]:
        return [*(self.folder / "output").rglob("*.conda")]


@pytest.fixture(scope="module")
def made() -> Built:
    return artifacts.built("kafka-python")


@pytest.fixture
def checkout(tmp_path: Path) -> Checkout:
    return Checkout(tmp_path)


def test_from_a_recipe_to_a_verdict_and_again_without_building(checkout: Checkout, broker: Broker) -> None:
    first = checkout.verify(broker)
    assert first.returncode == 0, first.stdout + first.stderr
    report = checkout.report()
    jsonschema.validate(report, json.loads(schemas.REPORT_SCHEMA.read_text(encoding="utf-8")))
    (artifact,) = report["artifacts"]
    assert (artifact["verdict"], artifact["reused"]) == ("pass", False)
    assert {"imports[kafka]", "roundtrip-delivery[default/consume/zstd]"} <= {each["id"] for each in artifact["checks"]}
    assert (checkout.report_file.parent / artifact["file"]).is_file()
    assert "verdict: pass" in first.stdout

    checkout.promise_only("imports", "roundtrip-delivery")  # what is promised of it makes no other artifact
    assert checkout.verify(broker).returncode == 0
    (again,) = checkout.report()["artifacts"]
    assert again["reused"]
    assert again["sha256"] == artifact["sha256"]

    checkout.spoil("recipe.yaml", "  summary: ", "  summary: Again a ")
    shown = json.loads(checkout.forge("build", "--base", "embedded", "--json").stdout)
    assert [each["reused"] for each in shown] == [False]


def test_a_promise_that_does_not_hold_fails_with_its_evidence(checkout: Checkout, made: Built, broker: Broker) -> None:
    checkout.take(made)
    checkout.promise_only("imports", "package-contents", "roundtrip-delivery")
    checkout.spoil("contract.yaml", "*-packages/kafka/__init__.py", "*-packages/kafka/no_such_file.py")
    done = checkout.verify(broker)
    assert done.returncode == 2
    assert "KF002" in done.stderr
    (artifact,) = checkout.report()["artifacts"]
    (failed,) = [each for each in artifact["checks"] if each["verdict"] == "fail"]
    assert failed["id"].startswith("package-contents")
    assert "no_such_file" in json.dumps(failed["evidence"])
    assert "no_such_file" in done.stdout


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ("promises:", "promises: [", "contract.yaml:"),
        ("  pip-check: {", "  pip-chekc: {", "pip-chekc"),
        ("{modes: [default]}", "{moods: [default]}", "moods"),
    ],
)
def test_a_contract_that_is_wrong_says_where(checkout: Checkout, before: str, after: str, said: str) -> None:
    checkout.spoil("contract.yaml", before, after)
    done = checkout.forge("verify", "--base", "embedded", "--broker", "127.0.0.1:1")
    assert done.returncode == 11
    assert "KF105" in done.stderr
    assert said in done.stderr
    assert "Traceback" not in done.stderr
    assert not checkout.built(), "it is told before anything is built"


def test_a_broker_that_does_not_answer_is_said_and_the_others_are_tried(
    checkout: Checkout, made: Built, broker: Broker
) -> None:
    checkout.take(made)
    checkout.promise_only("imports", "roundtrip-delivery")
    done = checkout.forge("verify", "--base", "embedded", "--broker", f"127.0.0.1:1,{broker.address}")
    assert done.returncode == 50
    assert "KF502" in done.stderr
    report = checkout.report()
    assert [(each["name"], (each["fault"] or {}).get("code")) for each in report["brokers"]] == [
        ("127.0.0.1:1", "KF502"),
        (broker.address, None),
    ]
    (artifact,) = report["artifacts"]
    assert artifact["verdict"] == "fail"
    seen = {name: [c for c in artifact["checks"] if c["broker"] == name] for name in ("127.0.0.1:1", broker.address)}
    assert [check["id"] for check in seen["127.0.0.1:1"]] == ["run"]
    assert {check["verdict"] for check in seen[broker.address]} == {"pass"}
    assert "roundtrip-delivery[default/consume/zstd]" in {check["id"] for check in seen[broker.address]}


def test_an_artifact_that_is_not_built_is_not_inspected(checkout: Checkout) -> None:
    done = checkout.forge("inspect", "--base", "embedded")
    assert done.returncode == 10
    assert "kafka-forge build kafka-python" in done.stderr


def test_ctrl_c_leaves_nothing_that_is_trusted_or_runs(checkout: Checkout, broker: Broker) -> None:
    checkout.promise_only("imports", "roundtrip-delivery")
    running = subprocess.Popen(
        [*FORGE, "verify", "--base", "embedded", "--broker", broker.address],
        env=checkout.environment,
        cwd=checkout.folder,
        stderr=subprocess.PIPE,
        text=True,
    )
    family: list[psutil.Process] = []
    deadline = time.monotonic() + 120
    while not family and time.monotonic() < deadline:
        family = psutil.Process(running.pid).children(recursive=True)
        time.sleep(0.02)
    running.send_signal(signal.SIGINT)
    _, errors = running.communicate(timeout=60)
    assert running.returncode == 130, errors
    assert "KF001" in errors
    _, alive = psutil.wait_procs(family, timeout=60)
    assert not alive
    assert not checkout.report_file.exists()
    assert checkout.verify(broker).returncode == 0
