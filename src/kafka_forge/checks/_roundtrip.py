"""What the checks of stage ``roundtrip`` have in common: their arguments, and comparing records with the corpus."""

from __future__ import annotations

import functools
from collections import Counter
from typing import TYPE_CHECKING, Any, Literal, get_args

from pydantic import Field

from kafka_forge.scenarios import corpus
from kafka_forge.values.contract import Model
from kafka_forge.values.model import CheckResult, Verdict

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from kafka_forge.values.evidence import RoundTripEvidence, Step
    from kafka_forge.values.model import JsonObject

IDENTITY = ("partition", "key", "length", "sha256")
"""What makes a record the one that was sent: its partition, key and value."""

NOTHING = "nothing arrived"

Codec = Literal["none", "gzip", "snappy", "lz4", "zstd"]


class Modes(Model):
    """``modes``: words of the scenario (`scenarios.catalogue`)."""

    modes: tuple[str, ...] = Field(min_length=1)


class ModesAndCodecs(Modes):
    """``modes``, and ``codecs`` where not all five are meant."""

    codecs: tuple[Codec, ...] = Field(get_args(Codec), min_length=1)


def expected(evidence: RoundTripEvidence, codec: str) -> list[corpus.Record]:
    """Return what a codec's topic must hold."""
    return _expected(corpus.topic_seed(evidence.seed, codec), evidence.start)


@functools.lru_cache(maxsize=len(corpus.CODECS))
def _expected(seed: str, start: int) -> list[corpus.Record]:
    return corpus.expected_records(corpus.messages(seed, start))


def cases(
    arguments: ModesAndCodecs, evidence: RoundTripEvidence
) -> Iterator[tuple[str, Step | None, list[JsonObject], str]]:
    """Give each reading there is: what the witness read of the client's topics, and what the client itself read.

    Yields:
        The case's label (``mode/action/codec``), the client's step (None where it told nothing), the records, codec.
    """
    for mode in arguments.modes:
        for codec in arguments.codecs:
            topic = evidence.topics.get(mode, {}).get(codec, "")
            produced, consumed = evidence.step(mode, "produce", codec), evidence.step(mode, "consume", codec)
            yield f"{mode}/produce/{codec}", produced, evidence.witness.get(topic, []), codec
            records = consumed.data.get("records", []) if consumed else []
            yield f"{mode}/consume/{codec}", consumed, records, codec


def complaint(step: Step | None, label: str, evidence: RoundTripEvidence) -> str | None:
    """Return what the client itself says went wrong, or None where it says nothing."""
    mode, action, *_ = label.split("/")
    if step is None:
        return f"the scenario told nothing; its process {evidence.ends.get(mode, 'ended')}"
    if step.error is not None:
        return f"{step.error['type']}: {step.error['message']}".strip()
    if action == "produce" and step.data["acked"] != step.data["sent"]:
        return f"{step.data['acked']} of {step.data['sent']} messages were acknowledged{_first(step.data['failed'])}"
    return None


def said(step: Step | None) -> JsonObject:
    """Return what belongs in the evidence of every result about a step: all but its records."""
    if step is None:
        return {}
    data = {key: value for key, value in step.data.items() if key not in ("records", "first", "second")}
    return {"error": step.error, "log": list(step.log), **data}


def differences(
    wanted: Sequence[JsonObject], found: Sequence[JsonObject], fields: Sequence[str]
) -> tuple[int, int, JsonObject]:
    """Compare two collections of records in these fields, whatever their order.

    Returns:
        How many are missing, how many are surplus, and up to two examples of each.
    """
    if _in_order(wanted, fields) == _in_order(found, fields):  # nearly always, and much quicker than counting
        return 0, 0, {}
    sides = [Counter(_frozen([record[field] for field in fields]) for record in side) for side in (wanted, found)]
    missing, surplus = sides[0] - sides[1], sides[1] - sides[0]
    examples = {
        name: [dict(zip(fields, values, strict=True)) for values in list(counter)[:2]]
        for name, counter in (("missing", missing), ("surplus", surplus))
        if counter
    }
    return missing.total(), surplus.total(), examples


def conclude(
    identifier: str, problems: Sequence[str], good: str, evidence: JsonObject, step: Step | None
) -> CheckResult:
    """Return ``fail`` with the problems, or ``pass`` with the sentence ``good`` where there are none."""
    seconds = step.seconds if step else 0.0
    if problems:
        return CheckResult(identifier, Verdict.FAIL, "; ".join(problems), {**said(step), **evidence}, seconds)
    return CheckResult(identifier, Verdict.PASS, good, {**said(step), **evidence}, seconds)


def compare(
    identifier: str, arguments: ModesAndCodecs, evidence: RoundTripEvidence, fields: Sequence[str], what: str
) -> list[CheckResult]:
    """Judge every case by comparing its records with the corpus in ``fields``; ``what`` names them in summaries."""
    results = []
    for label, step, records, codec in cases(arguments, evidence):
        wanted = expected(evidence, codec)
        missing, surplus, examples = differences(wanted, records, fields)
        problems = [said_so] if (said_so := complaint(step, label, evidence)) else []
        if not records:
            problems.append(NOTHING)
        elif missing or surplus:
            problems.append(
                f"{what}: of {len(wanted)} messages {missing} are not there as sent, {surplus} are there as not sent"
            )
        good = f"{len(records)} messages, {what} as sent"
        seen = {"expected": len(wanted), "found": len(records), "examples": examples}
        results.append(conclude(f"{identifier}[{label}]", problems, good, seen, step))
    return results


def _in_order(records: Sequence[JsonObject], fields: Sequence[str]) -> list[list[Any]]:
    """Return the fields of the records, partition by partition, each in the order in which they came."""
    return [[record[field] for field in fields] for record in sorted(records, key=lambda each: str(each["partition"]))]


def _first(failed: Sequence[str]) -> str:
    return f" ({failed[0]})" if failed else ""


def _frozen(value: Any) -> Any:
    return tuple(_frozen(each) for each in value) if isinstance(value, list) else value
