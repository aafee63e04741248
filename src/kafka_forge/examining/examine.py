"""Artifacts from their files to their verdicts: fresh environment → inspect → round trip with each broker → judge.

``verify`` examines every artifact in full; the commands ``inspect`` and ``roundtrip`` do one half of it.

An artifact is installed and looked into once, however many brokers there are, before it speaks to the first; and beside
its optional dependencies once it has spoken to the last. The brokers come one after the other, each for all artifacts:
so at most one of those that the tool starts is alive, and each is started once.

Clients mostly wait, but for those that an emulator translates, which take all of a processor. So two pools of workers
pass messages beside each other, one for each kind. What clients survive has a cluster of its own; where there is
something to translate, it is tried beside that with the last broker.
"""

from __future__ import annotations

import contextlib
import dataclasses
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from kafka_forge import brokers, emulators, inspection, platforms
from kafka_forge.checks import judging
from kafka_forge.contracts import refusals
from kafka_forge.errors import BrokerDied, DiskFull, ForgeError
from kafka_forge.examining import causes
from kafka_forge.examining.workers import Workers
from kafka_forge.ground.stages import Stages
from kafka_forge.report.model import ArtifactReport, BrokerFault, BrokerReport, artifact_report, gravest
from kafka_forge.roundtrips import roundtrip
from kafka_forge.roundtrips.stock import Stock
from kafka_forge.survival import stage
from kafka_forge.values.evidence import ExtrasEvidence
from kafka_forge.values.model import CheckResult, Verdict

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kafka_forge.brokers import Broker
    from kafka_forge.environments.installers import Installer
    from kafka_forge.ground.paths import Cache
    from kafka_forge.ground.progress import Progress
    from kafka_forge.values.contract import Contract
    from kafka_forge.values.evidence import SurvivalEvidence
    from kafka_forge.values.model import Artifact, Environment


@dataclass(frozen=True, slots=True)
class Run:
    """What every artifact of one run shares.

    Attributes:
        brokers: what the messages pass through, as `brokers.choose` names them; none leaves the round trip out.
        cache: the cache.
        progress: who listens.
        inspect: whether to look into the artifacts.
        stages: where the time goes.
        survive: whether clients are put through faults, too, where a cluster can be started.
    """

    brokers: tuple[str, ...]
    cache: Cache
    progress: Progress
    inspect: bool = True
    stages: Stages = field(default_factory=Stages)
    survive: bool = False


@dataclass(frozen=True, slots=True)
class Candidate:
    """An artifact that is to be examined, with what it promises, and how it comes into its environment."""

    artifact: Artifact
    contract: Contract
    installer: Installer


@dataclass(frozen=True, slots=True)
class Examined:
    """What came of a run.

    Attributes:
        artifacts: in the order in which they were given.
        brokers: in the order in which they were named.
        faults: why brokers could not be had, or did not last: says nothing about the artifacts, but leaves them
            without the proof that was asked for.
    """

    artifacts: list[ArtifactReport]
    brokers: list[BrokerReport]
    faults: list[ForgeError]


@dataclass(slots=True)
class _Case:
    """One artifact on its way through a run."""

    run: Run
    artifact: Artifact
    contract: Contract
    installer: Installer
    made: Environment | None = None
    results: list[CheckResult] = field(default_factory=list)
    seconds: float = 0.0
    room: contextlib.ExitStack = field(default_factory=contextlib.ExitStack)
    settled: bool = False
    finished: bool = False

    def settle(self) -> None:
        """Install the artifact afresh and look into it, once; the environment stays until `leave`."""
        if self.settled:
            return
        self.settled = True
        begun = time.monotonic()
        run, results = self.run, list[CheckResult]()
        try:
            self.made = self.room.enter_context(self.installer.fresh(self.artifact, self.contract))
            run.stages.add("install", begun)
            results += _look(run, self.made, self.contract)
        except DiskFull:
            raise
        except ForgeError as error:
            results.append(_broken(error))
        self._keep(results, begun)

    def converse(self, name: str, broker: Broker, stock: Stock) -> BrokerDied | None:
        """Pass messages through one broker; return the error of a broker that died, which is not the artifact's."""
        if self.made is None:
            return None
        begun = time.monotonic()
        died = None
        try:
            broker.check()
            if self.made.runner is None:
                results = judging.not_run(self.contract, self.artifact.cell.platform, stage="roundtrip")
            else:
                evidence = roundtrip.run(self.made, self.contract, broker, self.run.progress, stock)
                results = judging.judge(self.contract, evidence, stage="roundtrip")
        except DiskFull:
            raise
        except ForgeError as error:
            results = [_broken(error)]
            died = error if isinstance(error, BrokerDied) else None
        self.run.stages.add("roundtrip", begun)
        self._keep(results, begun, name=name, version=broker.version)
        return died

    def outlive(self, name: str, evidence: SurvivalEvidence, begun: float) -> None:
        """Put down what the client has survived."""
        results = judging.judge(self.contract, evidence, stage="survives")
        self._keep(results, begun, name=name, version=name)

    def finish(self) -> None:
        """Look at the artifact beside its optional dependencies, and take the environment away, once."""
        if self.finished:
            return
        self.finished = True
        begun = time.monotonic()
        results: list[CheckResult] = []
        try:
            if self.made is not None and self.run.inspect:
                results += _look_with_extras(self.installer, self.made, self.contract)
                self.run.stages.add("inspect", begun)
        except DiskFull:
            raise
        except ForgeError as error:
            results.append(_broken(error))
        self._keep(results, begun)
        self.leave()

    def miss(self, name: str, error: ForgeError) -> None:
        """Put down that a broker could not be had."""
        if self.made is not None:
            self._keep([_broken(error)], time.monotonic(), name=name)

    def leave(self) -> None:
        """Take the environment away again; may be called again."""
        self.room.close()

    def report(self) -> ArtifactReport:
        """Return all that was concluded."""
        installed = self.made.packages if self.made else ()
        packages = [f"{package.name} {package.version} {package.build}" for package in installed]
        return artifact_report(self.artifact, causes.explain(self.results), packages=packages, seconds=self.seconds)

    def _keep(
        self, results: list[CheckResult], begun: float, *, name: str | None = None, version: str | None = None
    ) -> None:
        """Keep the results of one stage, after the contract's refusals have had their say."""
        python = self.artifact.cell.python
        judged = refusals.apply(self.contract.refusals, results, broker=version, python=python)
        self.results += [dataclasses.replace(result, broker=name) for result in judged]
        seconds = time.monotonic() - begun
        self.seconds += seconds
        if judged:
            where = f" on {name}" if name else ""
            verdict = gravest(result.verdict for result in judged)
            self.run.progress.say(f"{self.artifact.cell.id}{where}: {verdict} ({seconds:.1f} s)")


def examine_all(run: Run, candidates: Sequence[Candidate], jobs: int) -> Examined:
    """Examine artifacts side by side, by ``jobs`` workers of each kind (see `Workers`); their cells' ids are unique.

    A fault of one artifact is a failed check of it. A broker that cannot be had, or dies, is a failed check of every
    artifact that it leaves without its verdict; the brokers after it are tried all the same.

    Raises:
        DiskFull: the file system has no room left, which ends it all.
    """
    cases = [_Case(run, each.artifact, each.contract, each.installer) for each in candidates]
    with (
        contextlib.ExitStack() as rooms,
        run.progress.task("examine", total=len(cases) * (1 + max(1, len(run.brokers)))) as task,
        Workers(jobs, task) as workers,
    ):
        for case in cases:
            rooms.callback(case.leave)
        survival = _Survival(run, cases)
        tried = [_try_broker(run, name, cases, workers, survival) for name in run.brokers]
        if not tried:
            workers.each(_Case.settle, cases)
        survival.begin()
        workers.each(_Case.finish, cases)
    faults = [fault for fault in (*(each for _, each in tried), survival.fault) if fault is not None]
    return Examined([case.report() for case in cases], [broker for broker, _ in tried], faults)


@dataclass(slots=True)
class _Survival:
    """What clients survive, tried once in a run."""

    run: Run
    cases: Sequence[_Case]
    fault: ForgeError | None = None
    begun: bool = False

    def begin(self) -> None:
        """Try it where it is wanted and has not been tried yet."""
        if self.run.survive and not self.begun:
            self.begun = True
            self.fault = _let_survive(self.run, self.cases)


def _try_broker(
    run: Run, name: str, cases: Sequence[_Case], workers: Workers, survival: _Survival
) -> tuple[BrokerReport, ForgeError | None]:
    """Let all artifacts pass messages through one broker, side by side.

    What has to be done with each before and after is done in the same go: nobody waits until all are looked into.
    """
    begun, is_last = time.monotonic(), name == run.brokers[-1]
    # what is built on others stands last and takes longest: begun last, it would end alone
    order = cases[::-1]
    # pure Python takes longest where it is translated
    busy = sorted(filter(_is_translated, order), key=lambda case: not case.artifact.cell.noarch)
    try:
        with brokers.open_broker(name, run.cache, run.progress) as opened, Stock(opened) as stock:
            run.stages.add("broker", begun)

            def pass_on(case: _Case) -> BrokerDied | None:
                case.settle()
                died = case.converse(name, opened, stock)
                if is_last and not _is_native(case):  # the native ones are still to be put through faults
                    case.finish()
                return died

            deaths = workers.each(
                pass_on,
                [case for case in order if _is_native(case)],
                between=survival.begin if busy and is_last else None,
                others=[case for case in order if not _is_native(case) and not _is_translated(case)],
                busy=busy,
            )
            fault = next((death for death in deaths if death is not None), None)
            return _broker_report(name, opened, fault), fault
    except DiskFull:
        raise
    except ForgeError as error:
        workers.each(_Case.settle, cases)
        for case in cases:
            case.miss(name, error)
        return _broker_report(name, None, error), error


def _let_survive(run: Run, cases: Sequence[_Case]) -> ForgeError | None:
    """Put each recipe's newest artifact through faults, side by side on one cluster."""
    begun = time.monotonic()
    contracts = {case.artifact.cell.id: case.contract for case in cases}
    chosen = {artifact.cell.id for artifact in stage.chosen([case.artifact for case in cases], contracts)}
    going = [(case, case.made) for case in cases if case.artifact.cell.id in chosen and _runs_here(case)]
    version = stage.version_of(run.brokers)
    if not going:
        return None
    if version is None:
        run.progress.say("what clients survive is not tried: no broker of this run is a version that makes a cluster")
        return None
    try:
        made = [(env, case.contract) for case, env in going if env is not None]
        for (case, _), evidence in zip(going, stage.run(version, made, run.cache, run.progress), strict=True):
            case.outlive(version, evidence, begun)
    except DiskFull:
        raise
    except ForgeError as error:
        for case, _ in going:
            case.miss(version, error)
        return error
    finally:
        run.stages.add("survive", begun)
    return None


def _runs_here(case: _Case) -> bool:
    """Whether it stands, and the machine itself runs it: an emulator's slowness would be taken for the client's."""
    return case.made is not None and _is_native(case)


def _is_native(case: _Case) -> bool:
    return platforms.of(case.artifact.cell.platform).emulator == ""


def _is_translated(case: _Case) -> bool:
    return emulators.translates(case.artifact.cell.platform)


def _broker_report(name: str, opened: Broker | None, fault: ForgeError | None) -> BrokerReport:
    ours = name in brokers.versions()
    return BrokerReport(
        name=name,
        version=opened.version if opened else name if ours else "unknown",
        address=opened.address if opened else None if ours else name,
        owned=ours,
        fault=BrokerFault(code=fault.code, what=fault.what) if fault else None,
    )


def _look(run: Run, made: Environment, contract: Contract) -> list[CheckResult]:
    if not run.inspect:
        return []
    begun = time.monotonic()
    results = judging.judge(contract, inspection.inspect(made, contract, progress=run.progress), stage="inspect")
    _forget(made, results)
    run.stages.add("inspect", begun)
    return results


def _look_with_extras(installer: Installer, made: Environment, contract: Contract) -> list[CheckResult]:
    """Look at the artifact beside its optional dependencies, after all that has to do without them.

    Where the same environment cannot just be added to, a fresh one is made.
    """
    promised = contract.promises.get("imports-with-extras")
    if promised is None:
        return []
    surroundings = contract.environment.model_copy(update={"extras": tuple(promised["extras"])})
    beside = contract.model_copy(update={"environment": surroundings})
    extended = installer.extended(made, beside)
    with contextlib.nullcontext(extended) if extended else installer.fresh(made.artifact, beside) as larger:
        answer = inspection.emulated.ask_beside(larger, promised["modules"])
        results = judging.judge(contract, ExtrasEvidence(larger, answer), stage="extras")
        _forget(larger, results)
        return results


def _forget(made: Environment, results: Sequence[CheckResult]) -> None:
    if any(result.verdict is Verdict.FAIL for result in results):
        inspection.emulated.forget(made)


def _broken(error: ForgeError) -> CheckResult:
    """Turn an error of one artifact into a failed check: the other artifacts still get their verdicts."""
    return CheckResult("run", Verdict.FAIL, f"{error.code}: {error.what}", error.as_json())
