"""The report's shape; ``schemas/report.schema.json`` is its published JSON schema."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from kafka_forge.values.model import PLATFORMS, Verdict

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from kafka_forge.values.model import Artifact, Cell, CheckResult, MadeOf


_PLATFORM = f"^({'|'.join(PLATFORMS)})$"
_FILE = rf"^(noarch|{'|'.join(PLATFORMS)})/[^/\\.][^/\\]*$"
"""A channel's folder and a name: whoever gathers or publishes puts them behind a folder of his own."""


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class CheckReport(_Part):
    """One check's conclusion."""

    id: str = Field(description="the check's id, with the case in brackets where it judges several")
    broker: str | None = Field(
        description="the name of the broker that the messages passed through, or null where none took part; "
        "id and broker together are unique within an artifact"
    )
    verdict: Verdict
    summary: str = Field(description="one line for people")
    evidence: dict[str, Any] = Field(description="what was seen; its keys are the check's own")
    seconds: float = Field(ge=0, description="what it took to gather the evidence and judge it")
    because: str | None = Field(
        None, description="the id of the failure that explains this one: what is to be mended; null where it is none"
    )


class SourceReport(_Part):
    """An archive that was built from."""

    url: str
    sha256: str = Field(pattern="^[0-9a-f]{64}$")


class MadeOfReport(_Part):
    """What decides an artifact's bytes, as far as it is named, and the key over all of it."""

    key: str = Field(pattern="^[0-9a-f]{64}$", description="the same key means the same bytes")
    recipe: str = Field(description="the sha256 over the recipe's folder, patches and all, without its contract")
    sources: list[SourceReport]
    base: str = Field(description="the fingerprint of the base")
    engine: str = Field(description="name and version")
    variant: dict[str, str] = Field(description="the variant's keys that the recipe used")
    built_on: list[str] = Field(description="the keys of the artifacts of this repository that it is built on")


class ArtifactReport(_Part):
    """One artifact and all that was concluded about it."""

    recipe: str
    name: str
    version: str
    build: str = Field(description="the conda build string")
    platform: str = Field(pattern=_PLATFORM, description="the conda subdir it was built for; of noarch, on")
    python: str | None = Field(description="X.Y, or null where the artifact serves every Python")
    file: str | None = Field(
        pattern=_FILE, description="the .conda file, relative to the report's folder; null where there is none"
    )
    sha256: str | None = Field(pattern="^[0-9a-f]{64}$")
    size: int = Field(ge=0, description="of the file, in bytes")
    reused: bool = Field(description="whether it had been built by an earlier run and nothing had changed")
    build_seconds: float = Field(ge=0)
    made_of: MadeOfReport | None = Field(
        None, description="all that went in; null where it was not built here, and where there is no artifact"
    )
    verify_seconds: float = Field(ge=0, description="fresh install, inspection and round trip together")
    environment: list[str] = Field(description="what stood in the fresh prefix: name version build")
    verdict: Verdict = Field(description="the gravest of its checks: fail, refused, inspected, pass")
    checks: list[CheckReport]


class BaseReport(_Part):
    """Where compilers, Python and C libraries came from."""

    name: str
    channel: str
    reason: str


class BrokerFault(_Part):
    """Why a broker could not be had, or did not last."""

    code: str = Field(description="KFnnn")
    what: str


class BrokerReport(_Part):
    """A broker that messages passed through."""

    name: str = Field(description="as --broker named it: a version, or HOST:PORT")
    version: str = Field(description="of Apache Kafka; 'unknown' where a broker that ran already does not tell it")
    address: str | None = Field(description="HOST:PORT, or null for one that did not start")
    owned: bool = Field(description="whether the tool started it (only then can its disk be looked at)")
    fault: BrokerFault | None = Field(
        description="why it did not start or last, or null; the artifacts have failed on it, with the check 'run'"
    )


class MachineReport(_Part):
    """The machine that did it."""

    platform: str
    system: str
    cores: int
    python: str = Field(description="the toolkit's own Python")


class RunReport(_Part):
    """One of the runs that a merged report was made from."""

    started: str = Field(description="UTC, ISO 8601")
    seconds: float = Field(ge=0)
    command: list[str]
    base: BaseReport
    brokers: list[BrokerReport]
    machine: MachineReport
    tools: dict[str, str]
    rolled: list[str] = Field(default_factory=list)
    cells: list[str] = Field(description="the cells that it reported on: recipe/platform/python")


class Report(_Part):
    """One run of ``verify``, or several merged: then base, machine and tools are the first run's."""

    what: Literal["verify", "audit"] = Field(
        "verify",
        description="verify: artifacts of this repository; audit: anybody's, whose recipe is what was asked for",
    )
    format: Literal[2] = Field(2, description="rises when a reader of the old format would be misled")
    started: str = Field(description="UTC, ISO 8601")
    seconds: float = Field(ge=0)
    command: list[str]
    verdict: Verdict
    base: BaseReport
    brokers: list[BrokerReport]
    machine: MachineReport
    tools: dict[str, str] = Field(description="tool -> version")
    stages: dict[str, float] = Field(description="stage -> wall seconds; stages overlap where cells run side by side")
    artifacts: list[ArtifactReport]
    rolled: list[str] = Field(
        default_factory=list,
        description="what stands for locked Debian packages that the mirrors have forgotten, in the base and in what "
        "runs other platforms: package, locked version, version taken",
    )
    runs: list[RunReport] = Field(default_factory=list, description="where merged: each run that it was merged from")


def cell_id(row: ArtifactReport) -> str:
    """Return a cell in one word, for example ``pykafka/linux-64/3.12``."""
    return f"{row.recipe}/{row.platform}/{row.python or 'any'}"


_GRAVITY = (Verdict.FAIL, Verdict.REFUSED, Verdict.INSPECTED, Verdict.PASS)


def gravest(verdicts: Iterable[Verdict]) -> Verdict:
    """Return the gravest verdict: fail, refused, inspected, pass; nothing at all is a failure.

    An artifact without a single check has shown nothing, so it can't have passed.
    """
    seen = set(verdicts)
    return next((verdict for verdict in _GRAVITY if verdict in seen), Verdict.FAIL)


def artifact_report(
    artifact: Artifact,
    results: Sequence[CheckResult],
    *,
    packages: Sequence[str],
    seconds: float,
) -> ArtifactReport:
    """Put together what is known about one artifact."""
    cell = artifact.cell
    checks = [check_report(result) for result in results]
    return ArtifactReport(
        recipe=cell.recipe,
        name=cell.name,
        version=cell.version,
        build=cell.build,
        platform=cell.platform,
        python=cell.python,
        file=f"{cell.subdir}/{artifact.path.name}",
        sha256=artifact.sha256,
        size=artifact.size,
        reused=artifact.reused,
        build_seconds=round(artifact.seconds, 3),
        made_of=_made_of(artifact.made_of) if artifact.made_of else None,
        verify_seconds=round(seconds, 3),
        environment=list(packages),
        verdict=gravest(check.verdict for check in checks),
        checks=checks,
    )


def _made_of(found: MadeOf) -> MadeOfReport:
    return MadeOfReport(
        key=found.key,
        recipe=found.recipe,
        sources=[SourceReport(url=url, sha256=sha256) for url, sha256 in found.sources],
        base=found.base,
        engine=found.engine,
        variant=dict(found.variant),
        built_on=list(found.built_on),
    )


def missing_report(cell: Cell, why: CheckResult) -> ArtifactReport:
    """Put down a cell that has no artifact: the base cannot have it (refused), or it could not be built (fail)."""
    return ArtifactReport(
        recipe=cell.recipe,
        name=cell.name,
        version=cell.version,
        build=cell.build,
        platform=cell.platform,
        python=cell.python,
        file=None,
        sha256=None,
        size=0,
        reused=False,
        build_seconds=0,
        verify_seconds=0,
        environment=[],
        verdict=why.verdict,
        checks=[check_report(why)],
    )


def check_report(result: CheckResult) -> CheckReport:
    """Return a check's conclusion as the report has it."""
    return CheckReport(
        id=result.id,
        broker=result.broker,
        verdict=result.verdict,
        summary=result.summary,
        evidence=dict(result.evidence),
        seconds=round(result.seconds, 3),
        because=result.because,
    )
