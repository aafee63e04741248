"""What a run of ``bench clients`` found: samples, rows with their intervals, and the conditions, as JSON and back."""

from __future__ import annotations

import json
import statistics
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

from kafka_forge.bench import spread
from kafka_forge.errors import NothingSelected
from kafka_forge.ground.files import write_text_atomic

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from kafka_forge.values.model import JsonObject

VERSION = 2
DIRECTIONS = ("produce", "consume")
GIVE_UP = 2
"""After so many failures a cell is not tried again: one may be an accident."""
YARDSTICK = "confluent_kafka"
"""The client that the others are compared with."""
CEILING = "rdkafka_performance"
"""librdkafka's own program, without any Python: what a client adds to it is that client's own cost."""
PLAIN = "plain"
"""The workload without keys, headers and reports, which the other workloads are compared with (see `workloads`)."""
MEGABYTE = 1024 * 1024
"""MB/s as in the comparison of 2016."""


class Key(NamedTuple):
    """One cell of the tables: what is measured again and again."""

    client: str
    direction: str
    message_bytes: int
    workload: str = PLAIN

    @property
    def told(self) -> str:
        """The cell without its client, as messages name it."""
        plain = f"{self.direction}, {self.message_bytes} B"
        return plain if self.workload == PLAIN else f"{plain}, {self.workload}"


@dataclass(frozen=True, slots=True)
class Sample:
    """One measurement of one cell, or why it failed.

    Attributes:
        key: the cell.
        repetition: 0 is the warm-up, which is not counted; then 1, 2, …
        messages: how many within ``seconds``.
        seconds: wall time of them.
        cpu_per_million: CPU seconds of the client's process per million messages.
        latency_p99: seconds within which 99 % of the messages were acknowledged, where each was awaited.
        late_p999: seconds by which 99.9 % of the heartbeats in the client's loop were late at the most.
        error: the reason where it failed; then all figures are 0.
    """

    key: Key
    repetition: int
    messages: int = 0
    seconds: float = 0.0
    cpu_per_million: float = 0.0
    error: str | None = None
    latency_p99: float | None = None
    late_p999: float | None = None

    @property
    def rate(self) -> float:
        """Messages per second."""
        return self.messages / self.seconds if self.seconds else 0.0


@dataclass(frozen=True, slots=True)
class Row:
    """One row of a table: medians over the repetitions of one cell, with a bootstrap interval of 95 %.

    Attributes:
        key: the cell.
        repetitions: how many measurements counted.
        rate: messages per second; None where every measurement failed.
        seconds: the median wall time of ``messages``.
        messages: of one measurement; quick clients have more.
        compared: how many messages ``time`` is about, the same for all clients.
        cpu_per_million: the median of CPU seconds per million messages.
        ratio: the rate as a share of `YARDSTICK`'s in the same repetition; None without common repetitions.
        to_ceiling: the rate as a share of `CEILING`'s, in the same way.
        cpu_to_ceiling: ``cpu_per_million`` as a multiple of `CEILING`'s, in the same way.
        to_plain: the rate as a share of the same client's with the workload `PLAIN`, in the same way.
        latency_p99: the median of that of the samples, with its interval; None where messages were not awaited.
        latency_to_ceiling: it as a multiple of `CEILING`'s, in the same way.
        late_p999: the median of that of the samples; None where nothing beat in the loop.
        failures: why measurements failed, each reason once.
        failed: how many failed.
    """

    key: Key
    repetitions: int
    rate: spread.Estimate | None
    seconds: float
    messages: int
    compared: int
    cpu_per_million: float
    ratio: spread.Estimate | None
    to_ceiling: spread.Estimate | None = None
    cpu_to_ceiling: spread.Estimate | None = None
    to_plain: spread.Estimate | None = None
    latency_p99: spread.Estimate | None = None
    latency_to_ceiling: spread.Estimate | None = None
    late_p999: spread.Estimate | None = None
    failures: tuple[str, ...] = ()
    failed: int = 0

    @property
    def time(self) -> float:
        """The seconds that ``compared`` messages take at the median rate."""
        return self.compared / self.rate.median if self.rate else 0.0

    @property
    def megabytes_per_second(self) -> float:
        """The median of MB/s, where MB are 1024² bytes of values."""
        return self.rate.median * self.key.message_bytes / MEGABYTE if self.rate else 0.0


@dataclass(slots=True)
class Results:
    """A run: what it measured so far, and under which conditions.

    Attributes:
        keys: the cells, in the order of the tables.
        samples: what was measured, in order of time.
        conditions: machine, load, versions, settings.
        seed: of the order and of the bootstrap.
        asked: how many repetitions were asked for.
        interrupted: whether it ended before all of them were done.
    """

    keys: tuple[Key, ...]
    conditions: JsonObject
    seed: int
    asked: int
    samples: list[Sample] = field(default_factory=list)
    interrupted: bool = False

    @property
    def complete(self) -> int:
        """How many repetitions are complete: every cell that is not given up has been measured in them."""
        tried = Counter(sample.key for sample in self.samples if sample.repetition)
        return min((tried[key] for key in self.keys if not self.given_up(key)), default=0)

    def given_up(self, key: Key) -> bool:
        """Whether a cell has failed so often that it is not tried again."""
        return sum(1 for sample in self.samples if sample.key == key and sample.error is not None) >= GIVE_UP

    def _good(self) -> dict[Key, list[Sample]]:
        good: dict[Key, list[Sample]] = {key: [] for key in self.keys}
        for sample in self.samples:
            if sample.repetition and sample.error is None:
                good[sample.key].append(sample)
        return good

    def _load(self) -> str:
        """Say how busy the machine was: a run has the load of its own clients and broker, too."""
        cores = self.conditions.get("machine", {}).get("usable_cores")
        loads = [load[0] for load in self.conditions.get("load_average", [])]
        if not loads or not cores:
            return "the host's load is not known"
        return f"the host's load was {min(loads):g} to {max(loads):g} on {cores} cores"

    def rows(self) -> list[Row]:
        """Return a row for each cell that has been tried; cells that failed are rows, too."""
        good = self._good()
        tried = {sample.key for sample in self.samples}
        return [self._row(key, good) for key in self.keys if key in tried]

    def _row(self, key: Key, good: dict[Key, list[Sample]]) -> Row:
        errors = [sample.error for sample in self.samples if sample.key == key and sample.error is not None]
        samples = good[key]
        rates = [sample.rate for sample in samples]
        return Row(
            key=key,
            repetitions=len(samples),
            rate=spread.estimate(rates, self.seed) if rates else None,
            seconds=statistics.median([each.seconds for each in samples]) if samples else 0.0,
            messages=samples[0].messages if samples else 0,
            compared=self._compared(key.message_bytes),
            cpu_per_million=statistics.median([each.cpu_per_million for each in samples]) if samples else 0.0,
            ratio=self._ratio(good, key, key._replace(client=YARDSTICK)),
            to_ceiling=self._ratio(good, key, key._replace(client=CEILING)),
            cpu_to_ceiling=self._ratio(good, key, key._replace(client=CEILING), lambda each: each.cpu_per_million),
            to_plain=self._ratio(good, key, key._replace(workload=PLAIN)),
            latency_p99=self._estimate([each.latency_p99 for each in samples]),
            latency_to_ceiling=self._ratio(
                good, key, key._replace(client=CEILING), lambda each: each.latency_p99 or 0.0
            ),
            late_p999=self._estimate([each.late_p999 for each in samples]),
            failures=tuple(dict.fromkeys(errors)),
            failed=len(errors),
        )

    def _estimate(self, values: Sequence[float | None]) -> spread.Estimate | None:
        known = [value for value in values if value is not None]
        return spread.estimate(known, self.seed) if known else None

    def _ratio(
        self,
        good: dict[Key, list[Sample]],
        key: Key,
        other: Key,
        value: Callable[[Sample], float] = lambda each: each.rate,
    ) -> spread.Estimate | None:
        """Return a value of one cell as a multiple of another's in the same repetition; None where there is none."""
        if key == other:
            return None
        values = {each.repetition: value(each) for each in good.get(other, [])}
        pairs = [(value(each), values.get(each.repetition)) for each in good[key]]
        ratios = [mine / theirs for mine, theirs in pairs if mine and theirs]
        return spread.estimate(ratios, self.seed) if ratios else None

    def _compared(self, message_bytes: int) -> int:
        """Return how many messages of this size were asked for."""
        return int(self.conditions["settings"]["messages"][str(message_bytes)])

    def warnings(self) -> list[str]:
        """Return what a reader must know before believing the figures."""
        said = []
        if self.interrupted:
            said.append(f"interrupted: {self.complete} of {self.asked} repetitions are complete")
        rows = [row for row in self.rows() if row.rate]
        widths = [100 * row.rate.width for row in rows if row.rate and row.rate.wide]
        if widths:
            said.append(
                f"{len(widths)} of {len(rows)} intervals are wider than 10 % of their median, "
                f"the widest has {max(widths):.0f} %: {self._load()}"
            )
        for row in rows:
            if row.failed:
                name = f"{row.key.client}, {row.key.told}"
                said.append(f"{name}: {row.failed} measurements failed: {'; '.join(row.failures)}")
        return said


def as_json(results: Results) -> JsonObject:
    """Return a run as the JSON that ``--json`` writes and ``--compare`` reads."""
    return {
        "version": VERSION,
        "interrupted": results.interrupted,
        "repetitions_asked": results.asked,
        "repetitions_complete": results.complete,
        "seed": results.seed,
        "warnings": results.warnings(),
        "rows": [_row_json(row) for row in results.rows()],
        "conditions": results.conditions,
        "samples": [
            {
                **sample.key._asdict(),
                "repetition": sample.repetition,
                "messages": sample.messages,
                "seconds": round(sample.seconds, 6),
                "cpu_seconds_per_million": round(sample.cpu_per_million, 4),
                "latency_p99_seconds": sample.latency_p99,
                "loop_late_p999_seconds": sample.late_p999,
                "error": sample.error,
            }
            for sample in results.samples
        ],
    }


def _row_json(row: Row) -> JsonObject:
    rate = row.rate
    return {
        **row.key._asdict(),
        "messages_per_second": round(rate.median, 1) if rate else None,
        "low": round(rate.low, 1) if rate else None,
        "high": round(rate.high, 1) if rate else None,
        "cpu_seconds_per_million": round(row.cpu_per_million, 4) if rate else None,
        "seconds": round(row.seconds, 4) if rate else None,
        "megabytes_per_second": round(row.megabytes_per_second, 3) if rate else None,
        "messages": row.messages,
        "repetitions": row.repetitions,
        "wide": rate.wide if rate else None,
        "ratio_to_confluent_kafka": _ratio_json(row.ratio),
        "ratio_to_rdkafka_performance": _ratio_json(row.to_ceiling),
        "cpu_ratio_to_rdkafka_performance": _ratio_json(row.cpu_to_ceiling),
        "ratio_to_plain": _ratio_json(row.to_plain),
        "latency_p99_seconds": _ratio_json(row.latency_p99, 7),
        "latency_ratio_to_rdkafka_performance": _ratio_json(row.latency_to_ceiling),
        "loop_late_p999_seconds": _ratio_json(row.late_p999, 7),
        "failed": row.failed,
        "failures": list(row.failures),
    }


def _ratio_json(ratio: spread.Estimate | None, digits: int = 4) -> JsonObject | None:
    if ratio is None:
        return None
    return {name: round(getattr(ratio, name), digits) for name in ("median", "low", "high")}


def _key_of(row: dict[str, Any]) -> Key:
    """Return the cell of a row of the JSON; runs of before there were workloads have the plain one alone."""
    return Key(str(row["client"]), str(row["direction"]), int(row["message_bytes"]), str(row.get("workload", PLAIN)))


def save(results: Results, file: Path) -> None:
    """Write a run as JSON, whole or not at all."""
    file.parent.mkdir(parents=True, exist_ok=True)
    write_text_atomic(file, json.dumps(as_json(results), indent=1, ensure_ascii=False) + "\n")


def load_rows(file: Path) -> list[dict[str, Any]]:
    """Return the rows of a run that `save` wrote.

    Raises:
        NothingSelected: the file cannot be read, or holds no such run.
    """
    try:
        told = json.loads(file.read_text(encoding="utf-8"))
        rows: list[dict[str, Any]] = told["rows"]
        for row in rows:
            _key_of(row)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise NothingSelected(
            "there is no earlier run to compare with",
            where=str(file),
            details=[f"{type(error).__name__}: {error}"],
            todo="name a file that `kafka-forge bench clients --json FILE` has written.",
        ) from error
    return rows


@dataclass(frozen=True, slots=True)
class Change:
    """One cell of two runs.

    Attributes:
        key: the cell.
        before: messages per second in the earlier run; None where it failed.
        after: in this run; None where it failed.
        moved: whether the two intervals do not overlap, or one of the two failed.
    """

    key: Key
    before: float | None
    after: float | None
    moved: bool

    @property
    def factor(self) -> float | None:
        """``after`` as a multiple of ``before``."""
        return self.after / self.before if self.before and self.after else None


def compare(before: Sequence[dict[str, Any]], after: Sequence[dict[str, Any]]) -> list[Change]:
    """Hold the rows of one run against those of another: every cell that both have, in the order of the later one."""
    earlier = {_key_of(row): row for row in before}
    changes = []
    for row in after:
        key = _key_of(row)
        if key in earlier:
            old = earlier[key]
            was, is_now = old["messages_per_second"], row["messages_per_second"]
            if was is None or is_now is None:
                moved = (was is None) != (is_now is None)
            else:
                moved = row["low"] > old["high"] or row["high"] < old["low"]
            changes.append(Change(key, was, is_now, moved))
    return changes
