"""One artifact from its file to its verdict: fresh environment → inspect → round trip → judge.

``verify`` examines every artifact in full; the commands ``inspect`` and ``roundtrip`` do one half of it.
"""

from __future__ import annotations

import time
from collections import defaultdict
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from kafka_forge import environment, inspection, platforms, processes, refusals, roundtrip
from kafka_forge.checks import judging
from kafka_forge.errors import BrokerDied, DiskFull, ForgeError
from kafka_forge.evidence import ExtrasEvidence
from kafka_forge.model import CheckResult, Verdict
from kafka_forge.report.model import ArtifactReport, artifact_report

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from kafka_forge.brokers import Broker
    from kafka_forge.contract import Contract
    from kafka_forge.model import Artifact, Base, Environment
    from kafka_forge.paths import Cache
    from kafka_forge.progress import Progress


@dataclass(slots=True)
class Stages:
    """Wall seconds by stage, added up over cells that may run side by side."""

    seconds: dict[str, float] = field(default_factory=lambda: defaultdict(float))

    def add(self, stage: str, begun: float) -> None:
        """Add the time since ``begun`` (seconds, ``time.monotonic``) to a stage."""
        self.seconds[stage] = round(self.seconds[stage] + time.monotonic() - begun, 3)


@dataclass(frozen=True, slots=True)
class Run:
    """What every artifact of one run shares.

    Attributes:
        base: where the dependencies come from.
        broker: what the messages pass through; None leaves the round trip out.
        cache: the cache.
        output: the channel that the artifacts stand in.
        progress: who listens.
        inspect: whether to look into the artifacts.
        stages: where the time goes.
    """

    base: Base
    broker: Broker | None
    cache: Cache
    output: Path
    progress: Progress
    inspect: bool = True
    stages: Stages = field(default_factory=Stages)


def examine_all(
    run: Run, artifacts: Sequence[Artifact], contracts: Mapping[str, Contract], jobs: int
) -> list[ArtifactReport]:
    """Examine artifacts side by side, ``jobs`` at once; the reports come in the order of the artifacts.

    Raises:
        ForgeError: what is no artifact's own fault (a dead broker, a full disk) ends them all.
    """
    with (
        run.progress.task("examine", total=len(artifacts)) as task,
        ThreadPoolExecutor(jobs, thread_name_prefix="examine") as pool,
    ):

        def one(artifact: Artifact) -> ArtifactReport:
            report = examine(run, artifact, contracts[artifact.cell.recipe])
            task.advance()
            run.progress.say(f"{artifact.cell.id}: {report.verdict} ({report.verify_seconds:.1f} s)")
            return report

        futures = [pool.submit(one, artifact) for artifact in artifacts]
        try:
            wait(futures, return_when=FIRST_EXCEPTION)
            return [future.result() for future in futures]
        except KeyboardInterrupt:
            processes.end_all()  # else leaving the pool would wait for the clients
            raise
        except Exception:
            pool.shutdown(wait=False, cancel_futures=True)
            raise


def examine(run: Run, artifact: Artifact, contract: Contract) -> ArtifactReport:
    """Install one artifact afresh, look into it, pass messages through it, and judge what was seen.

    Raises:
        BrokerDied: the broker ended: that says nothing about the artifact, so the run ends.
        DiskFull: likewise.
    """
    begun = time.monotonic()
    results: list[CheckResult] = []
    packages: list[str] = []
    try:
        channels = [run.output.as_uri(), run.base.channel]
        with environment.fresh(artifact, contract, channels=channels, cache=run.cache, progress=run.progress) as made:
            run.stages.add("install", begun)
            packages = [f"{package.name} {package.version} {package.build}" for package in made.packages]
            results += _look(run, made, contract)
            results += _converse(run, made, contract)
    except (BrokerDied, DiskFull):
        raise
    except ForgeError as error:
        results.append(_broken(error))
    version = run.broker.version if run.broker else None
    results = refusals.apply(contract.refusals, results, broker=version, python=artifact.cell.python)
    return artifact_report(artifact, results, packages=packages, seconds=time.monotonic() - begun)


def _look(run: Run, made: Environment, contract: Contract) -> list[CheckResult]:
    if not run.inspect:
        return []
    begun = time.monotonic()
    results = judging.judge(contract, inspection.inspect(made, contract, progress=run.progress), stage="inspect")
    results += _look_with_extras(run, made.artifact, contract)
    run.stages.add("inspect", begun)
    return results


def _look_with_extras(run: Run, artifact: Artifact, contract: Contract) -> list[CheckResult]:
    """Look at the artifact beside its optional dependencies, in an environment of their own."""
    promised = contract.promises.get("imports-with-extras")
    if promised is None:
        return []
    surroundings = contract.environment.model_copy(update={"extras": tuple(promised["extras"])})
    beside = contract.model_copy(update={"environment": surroundings})
    channels = [run.output.as_uri(), run.base.channel]
    with environment.fresh(artifact, beside, channels=channels, cache=run.cache, progress=run.progress) as made:
        runs = platforms.of(artifact.cell.platform).can_run()
        answer = inspection.runtime.probe(made, promised["modules"]) if runs else {}
        return judging.judge(contract, ExtrasEvidence(made, answer), stage="extras")


def _converse(run: Run, made: Environment, contract: Contract) -> list[CheckResult]:
    if run.broker is None:
        return []
    begun = time.monotonic()
    results = judging.judge(contract, roundtrip.run(made, contract, run.broker, run.progress), stage="roundtrip")
    run.stages.add("roundtrip", begun)
    return results


def _broken(error: ForgeError) -> CheckResult:
    """Turn an error of one artifact into a failed check: the other artifacts still get their verdicts."""
    evidence = {"code": error.code, "where": error.where, "details": list(error.details), "next": error.todo}
    return CheckResult("run", Verdict.FAIL, f"{error.code}: {error.what}", evidence)
