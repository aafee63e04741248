"""The shape of the JSON that ``bench clients --json`` writes; its published schema is ``schemas/bench.schema.json``.

These models describe and do not write: a run that took an hour is saved whatever it holds. Tests hold what is written
against the schema.
"""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class _Cell(_Part):
    client: str = Field(description="the client's id, as --client takes it")
    direction: Literal["produce", "consume"]
    message_bytes: int = Field(ge=1, description="of a message's value; only the workload reports has keys and headers")
    workload: str = Field(description="as --workload takes it; see settings.workloads")


class Ratio(_Part):
    """A figure as a share of another's in the same repetitions: the median, and its interval of 95 %."""

    median: float = Field(gt=0)
    low: float = Field(gt=0)
    high: float = Field(gt=0)


class RowReport(_Cell):
    """One row of a table: medians over the repetitions; null where every measurement failed."""

    messages_per_second: float | None = Field(ge=0)
    low: float | None = Field(ge=0, description="of the bootstrap interval of 95 %, messages per second")
    high: float | None = Field(ge=0, description="of the bootstrap interval of 95 %, messages per second")
    cpu_seconds_per_million: float | None = Field(
        ge=0, description="CPU seconds of the client's process per million messages"
    )
    seconds: float | None = Field(ge=0, description="wall time of one measurement")
    megabytes_per_second: float | None = Field(ge=0, description="of values; a megabyte is 1024² bytes")
    messages: int = Field(ge=0, description="of one measurement")
    repetitions: int = Field(ge=0, description="how many measurements count")
    wide: bool | None = Field(description="whether the interval is wider than 10 % of the median")
    ratio_to_confluent_kafka: Ratio | None = Field(description="of the rates, with the same workload")
    ratio_to_rdkafka_performance: Ratio | None = Field(description="of the rates, with the same workload")
    cpu_ratio_to_rdkafka_performance: Ratio | None = Field(description="of the CPU seconds, with the same workload")
    ratio_to_plain: Ratio | None = Field(description="of the rates, to the same client's with the workload plain")
    latency_p99_seconds: Ratio | None = Field(
        None, description="within which 99 % of the messages were acknowledged, where each was awaited"
    )
    latency_ratio_to_rdkafka_performance: Ratio | None = Field(
        None, description="of that, to librdkafka's own in C, with the same workload"
    )
    loop_late_p999_seconds: Ratio | None = Field(
        None, description="by which 99.9 % of the heartbeats in the client's loop were late at the most"
    )
    failed: int = Field(ge=0, description="how many measurements failed")
    failures: list[str] = Field(description="why, each reason once")


class SampleReport(_Cell):
    """One measurement, in order of time."""

    repetition: int = Field(ge=0, description="0 is the warm-up, which is not counted")
    messages: int = Field(ge=0)
    seconds: float = Field(ge=0)
    cpu_seconds_per_million: float = Field(ge=0)
    latency_p99_seconds: float | None = Field(None, ge=0, description="where each message was awaited")
    loop_late_p999_seconds: float | None = Field(None, ge=0, description="where something beat in the loop")
    error: str | None = Field(description="why it failed, or null; the figures of one that failed are 0")


class MachineReport(_Part):
    """The machine that both the clients and the broker ran on."""

    cpu: str
    cores: int | None
    usable_cores: int
    memory_bytes: int
    system: str
    machine: str


class BrokerReport(_Part):
    """The Kafka that was measured with."""

    version: str
    owned: bool = Field(description="whether the tool started it")
    brokers: int


class WorkloadReport(_Part):
    """What a workload changes of the settings that every measurement shares."""

    partitions: int
    acks: Literal["0", "1", "all"]
    codec: str
    idempotent: bool
    reports: bool = Field(description="whether every message has a key, a header and a delivery report")
    awaited: bool = Field(False, description="whether each message is acknowledged before the next one is sent")
    heartbeat: bool = Field(False, description="whether something else beats in the client's loop of asyncio")
    linger_ms: int | None = None


class SettingsReport(_Part):
    """What every measurement shares."""

    messages: dict[str, int] = Field(description="message size in bytes -> messages that were asked for")
    partitions: int
    acks: Literal["0", "1", "all"]
    codec: str
    linger_ms: int
    seconds_at_most: float
    min_time: float = Field(
        0.0, description="seconds that a measurement lasts at least; quick clients have more messages"
    )
    workloads: dict[str, WorkloadReport] = Field(description="by id")


class ClientReport(_Part):
    """One client as it was installed, and what its loads told about themselves."""

    title: str
    origin: str = Field(alias="from")
    installed: list[str] = Field(description="what stood in its environment: name version build")
    error: str | None = Field(description="why it could not be installed, or null")
    versions: dict[str, str] | None = Field(None, description="absent where no load has told")
    settings: dict[str, dict[str, Any]] | None = Field(
        None, description="direction (and workload, unless plain) -> the client's own settings"
    )


class Conditions(_Part):
    """Under which conditions a run took place."""

    started: str = Field(description="UTC, ISO 8601")
    machine: MachineReport
    broker: BrokerReport
    base: str
    python: str
    settings: SettingsReport
    method: dict[str, str | int]
    load_average: list[tuple[float, float, float]] = Field(
        description="of the host at the begin of each round: 1, 5 and 15 minutes"
    )
    clients: dict[str, ClientReport] = Field({}, description="by id; absent before the first round is done")


class BenchReport(_Part):
    """One run of ``bench clients``."""

    version: Literal[2] = Field(2, description="rises when a reader of the old format would be misled")
    interrupted: bool
    repetitions_asked: int = Field(ge=1)
    repetitions_complete: int = Field(ge=0, description="in which every cell has been measured")
    seed: int = Field(description="of the order and of the bootstrap")
    warnings: list[str] = Field(description="what a reader must know before believing the figures")
    rows: list[RowReport]
    conditions: Conditions
    samples: list[SampleReport]
