"""The workflows' Linux jobs: every ``run:`` step as written, in a clean clone, narrowed by the workflow's inputs."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from tests.unit.sigstore_instance import IDENTITY

from . import sigstore_servers
from .workflow_runner import Runner, evaluate, fill, machine

pytestmark = [pytest.mark.integration, pytest.mark.first]
ROOT = Path(__file__).parents[2]
INPUTS = {
    "recipes": "kafka-python",
    "platforms": "linux-64",
    "pythons": "",
    "base": "embedded",
    "tests": "--only lint --only workflows",
    "reproduce": True,
}
SHORT = """
version: 1
environment: {python: "3.14", extras: [lz4, python-snappy, zstandard]}
promises:
  imports: {modules: [kafka]}
  sbom: {}
  package-contents: {has: ["*-packages/kafka/none.py"]}
  roundtrip-delivery: {modes: [default]}
refusals:
  - {check: package-contents, when: none.py, reason: there is none, see: "https://example.org/none"}
"""
"""A contract with each stage but the survival's, and a refusal."""


@pytest.fixture(scope="module")
def clone(tmp_path_factory: pytest.TempPathFactory, pytestconfig: pytest.Config) -> Path:
    """A clean clone of the last commit, in which kafka-python promises less: the whole of it is proven beside this.

    Without ``--long`` it has a copy of the environment that these very tests run in, which scripts/ brings up to date
    as they do that of a checkout that was moved. To make one of nothing takes over a minute of a processor, and is how
    any run of the tests in a clean clone begins, CI's first.
    """
    folder = tmp_path_factory.mktemp("runner") / "checkout"
    subprocess.run(["git", "clone", "-q", str(ROOT), str(folder)], check=True)
    (folder / "recipes" / "kafka-python" / "contract.yaml").write_text(SHORT, encoding="utf-8")
    who = ["-c", "user.name=nobody", "-c", "user.email=nobody@example.org"]
    subprocess.run(["git", *who, "commit", "-q", "-a", "-m", "Promise less"], cwd=folder, check=True)
    environment = ROOT / ".venv"
    if Path(sys.prefix) == environment and not pytestconfig.getoption("--long"):
        shutil.copytree(environment, folder / ".venv", symlinks=True)
    return folder


def runner(clone: Path, room: Path, workflow: str = "ci.yml", **context: Any) -> Runner:
    room.mkdir(parents=True, exist_ok=True)
    return Runner(ROOT / ".github" / "workflows" / workflow, clone, room, context, machine())


@pytest.fixture(scope="module")
def ran(clone: Path, tmp_path_factory: pytest.TempPathFactory) -> Runner:
    """The whole of ci.yml, started by hand with inputs."""
    started = runner(
        clone, tmp_path_factory.mktemp("run") / "ci", inputs=INPUTS, github={"event_name": "workflow_dispatch"}
    )
    started.run()
    return started


@pytest.mark.timeout(1800)
def test_every_run_step_of_the_linux_jobs_succeeds_as_written(ran: Runner) -> None:
    assert {step.name: step.status for step in ran.steps if step.status} == {}, ran.steps[-1].output
    assert ran.results == {"plan": "success", "test": "success", "prove": "success", "report": "success"}
    jobs = ran.data["jobs"]
    written = {(name, step["name"]) for name, job in jobs.items() for step in job["steps"] if "run" in step}
    assert written == {(step.job, step.name) for step in ran.steps}


def test_the_last_job_merges_what_was_proven_and_writes_the_matrix(ran: Runner) -> None:
    report = json.loads((ran.clone / "merged" / "report.json").read_text(encoding="utf-8"))
    (artifact,) = report["artifacts"]
    others = {check["id"]: check["verdict"] for check in artifact["checks"] if check["verdict"] != "pass"}
    assert others == {"package-contents": "refused"}
    assert {"imports[kafka]", "roundtrip-delivery[default/produce/none]"} <= {each["id"] for each in artifact["checks"]}
    assert artifact["verdict"] == "refused"
    assert (ran.clone / "merged" / artifact["file"]).is_file()
    assert "| kafka-python |" in ran.summary
    assert {path.name for path in (ran.room / "artifacts").iterdir()} == {
        "matrix",
        "proof-linux-64-kafka-python",
        "channel",
    }


def test_a_release_signs_and_publishes_just_that(ran: Runner, tmp_path: Path) -> None:
    with sigstore_servers.running() as servers:
        released = release(ran.clone, ran.room, tmp_path, servers)
        for name in ("attest", "publish"):
            released.run_job(name, released.data["jobs"][name])
            assert released.results[name] == "success", released.steps[-1].output
    (package,) = (tmp_path / "channel" / "noarch").glob("*.conda")
    index = json.loads((package.parent / "repodata.json").read_text(encoding="utf-8"))
    named = index["packages.conda"][package.name]["attestations_sha256"]
    assert package.with_name(f"{package.name}.sigs.{named}").is_file()
    assert not {sigstore_servers.TOKEN, sigstore_servers.REQUEST_TOKEN} & {
        *"".join(step.output for step in released.steps).split()
    }


def release(clone: Path, room: Path, folder: Path, servers: sigstore_servers.Servers) -> Runner:
    """A release of what ci.yml's run in that room has proven, by an instance of Sigstore of the test's own."""
    (folder / "instance.json").write_text(json.dumps(servers.configuration()), encoding="utf-8")
    (folder / "trusted_root.json").write_text(json.dumps(servers.instance.trusted_root()), encoding="utf-8")
    server, _, workflow = IDENTITY.partition("/owner")
    released = runner(
        clone,
        room,
        "release.yml",
        vars={"KAFKA_FORGE_CHANNEL": str(folder / "channel"), "KAFKA_FORGE_CHANNEL_URL": "https://example.org/mine"},
        secrets={},
        github={"server_url": server, "workflow_ref": f"owner{workflow}"},
    )
    released.environment |= servers.job()
    released.environment["KAFKA_FORGE_SIGSTORE"] = str(folder / "instance.json")
    released.environment["KAFKA_FORGE_TRUSTED_ROOT"] = str(folder / "trusted_root.json")
    released.results["ci"] = "success"
    return released


def test_a_job_without_a_report_turns_the_last_job_red_and_the_summary_says_so(ran: Runner, tmp_path: Path) -> None:
    late = runner(ran.clone, ran.room, inputs=INPUTS)
    late.results |= {"plan": "success", "prove": "failure"}
    late.outputs["plan"] = {"any": "true"}
    expected = ran.room / "artifacts" / "matrix" / "matrix.json"
    data = json.loads(expected.read_text(encoding="utf-8"))
    data["cells"].append({"id": "pykafka/win-64/3.12"})
    expected.write_text(json.dumps(data), encoding="utf-8")
    late.run_job("report", late.data["jobs"]["report"])
    assert late.results["report"] == "failure"
    assert "pykafka/win-64/3.12: no job reported on it" in late.summary


def test_a_pull_request_that_touches_no_recipe_builds_nothing(ran: Runner, tmp_path: Path) -> None:
    head = subprocess.run(["git", "rev-parse", "HEAD"], cwd=ran.clone, capture_output=True, text=True, check=True)
    event = {"event_name": "pull_request", "event": {"pull_request": {"base": {"sha": head.stdout.strip()}}}}
    asked = runner(ran.clone, tmp_path / "pr", github=event, inputs={})
    for name in ("plan", "prove", "report"):
        asked.run_job(name, asked.data["jobs"][name])
    assert asked.outputs["plan"]["any"] == "false", asked.steps[-1].output
    assert asked.results == {"plan": "success", "prove": "skipped", "report": "skipped"}


def test_the_weekly_look_at_the_locks_runs_as_written(clone: Path, tmp_path: Path) -> None:
    weekly = runner(clone, tmp_path / "locks", "locks.yml", inputs={"words": "java-21 vcruntime"})
    weekly.run()
    assert weekly.results == {"check": "success"}, weekly.steps[-1].output
    assert "java-21.json" in weekly.steps[-1].output


def test_every_action_is_pinned_and_no_step_holds_an_expression() -> None:
    for file in (ROOT / ".github" / "workflows").glob("*.yml"):
        data = YAML(typ="safe").load(file.read_text(encoding="utf-8"))
        assert data["permissions"] == {}
        for name, job in data["jobs"].items():
            signs = {"id-token": "write"} if (file.name, name) == ("release.yml", "attest") else {}
            assert job["permissions"] == {"contents": "read", **signs}
            for step in job.get("steps", ()):
                assert "${{" not in step.get("run", ""), "an expression in a script is an injection"
                if "uses" in step:
                    assert len(step["uses"].split("@")[1]) == 40


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("needs.plan.outputs.any == 'true'", True),
        ("always() && needs.plan.outputs.any == 'true'", True),
        ("matrix.container != ''", False),
        ("!matrix.container", True),
        ("fromJSON('[1]')", [1]),
        ("github.event.pull_request.base.sha", ""),
    ],
)
def test_the_expressions_that_the_workflows_use(expression: str, value: Any) -> None:
    context = {"needs": {"plan": {"outputs": {"any": "true"}}}, "matrix": {"container": ""}, "github": {}}
    assert evaluate(expression, context) == value
    assert fill("a ${{ matrix.container }}${{ needs.plan.outputs.any }}", context) == "a true"
