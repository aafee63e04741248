"""Runs a GitHub workflow's jobs here: every ``run:`` step as it is written, by bash as a runner would call it.

Expressions are evaluated as far as our workflows use them. Of the actions, only what later steps see is done: a
checkout is the clone that stands there, artifacts are folders, and the cache is one that is warm.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ruamel.yaml import YAML

from kafka_forge.ground.paths import Cache

if TYPE_CHECKING:
    from pathlib import Path

_EXPRESSION = re.compile(r"\$\{\{((?:(?!\}\}).)*)\}\}", re.DOTALL)
_TOKEN = re.compile(r"'[^']*'|&&|\|\||!(?!=)|[A-Za-z_][\w.-]*\s*\(|[A-Za-z_][\w.-]*")
_OPERATORS = {"&&": " and ", "||": " or ", "!": " not "}
_LITERALS = {"true": "True", "false": "False", "null": "None"}


def evaluate(expression: str, context: dict[str, Any]) -> Any:
    """Evaluate what stands between ``${{`` and ``}}``; a property that is not there is an empty string."""

    def look_up(path: str) -> Any:
        value: Any = context
        for part in path.split("."):
            value = value.get(part, "") if isinstance(value, dict) else ""
        return value

    def translate(match: re.Match[str]) -> str:
        token = match.group()
        if token.startswith("'"):
            return repr(token[1:-1])
        if token.endswith("("):
            return f"functions[{token[:-1].strip()!r}]("
        return _OPERATORS.get(token) or _LITERALS.get(token) or f"look_up({token!r})"

    names = {"look_up": look_up, "functions": {"always": lambda: True, "fromJSON": json.loads}}
    return eval(_TOKEN.sub(translate, expression.strip()), {"__builtins__": {}}, names)  # our own files


def fill(value: Any, context: dict[str, Any]) -> Any:
    """Return a value of the workflow with its expressions evaluated; one that is all expression keeps its type."""
    if isinstance(value, dict):
        return {key: fill(each, context) for key, each in value.items()}
    if not isinstance(value, str):
        return value
    whole = _EXPRESSION.fullmatch(value.strip())
    if whole:
        return evaluate(whole[1], context)
    return _EXPRESSION.sub(lambda match: _text(evaluate(match[1], context)), value)


def _text(value: Any) -> str:
    if value is None:
        return ""
    return str(value).lower() if isinstance(value, bool) else str(value)


@dataclass
class Step:
    """A ``run:`` step that was executed."""

    job: str
    name: str
    status: int
    output: str


@dataclass
class Runner:
    """One run of one workflow in a clone.

    Attributes:
        workflow: the file.
        clone: the checkout that the steps run in.
        room: where artifacts, outputs and summaries go.
        context: ``github``, ``inputs``, ``vars``, ``secrets``.
        environment: what the machine gives a step, before the workflow's own.
        steps: what was run, in order.
    """

    workflow: Path
    clone: Path
    room: Path
    context: dict[str, Any]
    environment: dict[str, str]
    steps: list[Step] = field(default_factory=list)
    results: dict[str, str] = field(default_factory=dict)
    outputs: dict[str, dict[str, str]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.data: dict[str, Any] = YAML(typ="safe").load(self.workflow.read_text(encoding="utf-8"))
        github = {"workspace": str(self.clone), **self.context.get("github", {})}
        self.context = {**self.context, "github": github, "runner": {"os": "Linux", "arch": "X64"}}

    @property
    def summary(self) -> str:
        """What the steps wrote to the run's summary."""
        file = self.room / "summary.md"
        return file.read_text(encoding="utf-8") if file.is_file() else ""

    def run(self) -> None:
        """Run every job whose condition holds, each after those that it needs."""
        for name, job in self.data["jobs"].items():  # our jobs stand in their order
            self.run_job(name, job)

    def run_job(self, name: str, job: dict[str, Any]) -> None:
        """Run one job, once for each entry of its matrix."""
        needed = [job["needs"]] if isinstance(job.get("needs"), str) else job.get("needs", [])
        states = {each: {"outputs": self.outputs.get(each, {}), "result": self.results[each]} for each in needed}
        context = {**self.context, "needs": states}
        well = all(state["result"] == "success" for state in states.values())
        if not self._holds(job.get("if"), context, well):
            self.results[name] = "skipped"
            return
        matrix = fill(job.get("strategy", {}).get("matrix", {"include": [{}]}), context)
        self.results[name] = "success"
        for entry in matrix["include"]:
            assert fill(job["runs-on"], {**context, "matrix": entry}).startswith("ubuntu-"), "not a Linux job"
            self._run_entry(name, job, {**context, "matrix": entry})

    def _holds(self, condition: str | None, context: dict[str, Any], well: bool) -> bool:
        """Tell whether a job or step runs; without ``always()`` only where all before it went well."""
        if condition is None:
            return well
        text = condition.strip().removeprefix("${{").removesuffix("}}")
        return bool(evaluate(text, context)) and (well or "always()" in text)

    def _run_entry(self, name: str, job: dict[str, Any], context: dict[str, Any]) -> None:
        context = {**context, "steps": {}}
        variables = fill({**self.data.get("env", {}), **job.get("env", {})}, context)
        well = True
        for step in job["steps"]:
            if not self._holds(step.get("if"), context, well):
                continue
            if "uses" in step:
                well &= self._use(step["uses"].split("@")[0], fill(step.get("with", {}), context))
                continue
            found = self._run_step(name, step, context, variables)
            context["steps"][step.get("id", "")] = {"outputs": found}
            well &= self.steps[-1].status == 0
        self.results[name] = self.results[name] if well else "failure"
        self.outputs[name] = fill(job.get("outputs", {}), context)

    def _run_step(
        self, job: str, step: dict[str, Any], context: dict[str, Any], variables: dict[str, str]
    ) -> dict[str, str]:
        script, output, exported = (self.room / each for each in ("step.sh", "output", "environment"))
        script.write_text(fill(step["run"], context), encoding="utf-8")
        output.write_text("", encoding="utf-8")
        exported.write_text("", encoding="utf-8")
        files = {
            "GITHUB_OUTPUT": str(output),
            "GITHUB_ENV": str(exported),
            "GITHUB_STEP_SUMMARY": str(self.room / "summary.md"),
        }
        environment = {**self.environment, **files, **variables, **fill(step.get("env", {}), context)}
        done = subprocess.run(  # what `shell: bash` is on a runner
            ["bash", "--noprofile", "--norc", "-eo", "pipefail", str(script)],
            cwd=self.clone,
            env={key: str(value) for key, value in environment.items()},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
            text=True,
            check=False,
        )
        self.steps.append(Step(job, step.get("name", step["run"]), done.returncode, done.stdout))
        variables.update(_pairs(exported))
        return _pairs(output)

    def _use(self, action: str, arguments: dict[str, Any]) -> bool:
        """Do what later steps see of an action; return whether it went well."""
        if action == "actions/upload-artifact":
            return self._upload(arguments["name"], arguments["path"].split(), arguments.get("if-no-files-found"))
        if action == "actions/download-artifact":
            return self._download(arguments)
        assert action in ("actions/checkout", "actions/setup-python", "actions/cache"), action
        return True

    def _upload(self, name: str, patterns: list[str], none: str | None) -> bool:
        """Keep files as the action does: below the folder that all patterns share; hidden ones are left out."""
        found = [path for pattern in patterns for path in sorted(self.clone.glob(pattern))]
        files = [file for path in found for file in ([path] if path.is_file() else path.rglob("*")) if file.is_file()]
        base = self.clone / os.path.commonpath([pattern.split("*")[0] for pattern in patterns])
        base = base.parent if base.is_file() else base
        for file in files:
            inside = file.relative_to(base)
            if not any(part.startswith(".") for part in inside.parts):
                target = self.room / "artifacts" / name / inside
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(file, target)
        return bool(files) or none != "error"

    def _download(self, arguments: dict[str, Any]) -> bool:
        """Put one artifact into the folder, or all that a pattern names, each into a folder of its own name."""
        target = self.clone / arguments.get("path", ".")
        store = self.room / "artifacts"
        if "name" in arguments:
            source = store / arguments["name"]
            if source.is_dir():
                shutil.copytree(source, target, dirs_exist_ok=True)
            return bool(source.is_dir())
        for each in store.glob(arguments["pattern"]):
            shutil.copytree(each, target / each.name, dirs_exist_ok=True)
        return True


def _pairs(file: Path) -> dict[str, str]:
    lines = file.read_text(encoding="utf-8").splitlines()
    return dict(line.split("=", 1) for line in lines if "=" in line)


def machine() -> dict[str, str]:
    """Return this machine's variables without our own, which no runner has; the cache is a warm one."""
    ours = ("KAFKA_FORGE_", "PYTEST", "GITHUB_")
    kept = {key: value for key, value in os.environ.items() if not key.startswith(ours)}
    return {**kept, "KAFKA_FORGE_CACHE": str(Cache.default().root)}
