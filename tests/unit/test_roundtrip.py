"""The checks of stage ``roundtrip``: what a real client and broker did passes, and each way to break it fails."""

from __future__ import annotations

import copy
import hashlib
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from kafka_forge import checks
from kafka_forge.brokers import Broker
from kafka_forge.checks import judging
from kafka_forge.errors import ContractInvalid
from kafka_forge.ground.progress import Silent
from kafka_forge.roundtrips import roundtrip
from kafka_forge.scenarios import corpus
from kafka_forge.values.contract import Contract
from kafka_forge.values.evidence import RoundTripEvidence, Step, TopicOnDisk
from kafka_forge.values.model import Artifact, Cell, Environment, Verdict

if TYPE_CHECKING:
    from collections.abc import Callable

    from kafka_forge.values.model import CheckResult

# How it was captured: data/capture_roundtrip.py.
SEEN = json.loads((Path(__file__).parent / "data" / "roundtrip.json").read_text(encoding="utf-8"))
MODE, CODEC = "default", "lz4"
TOPIC = SEEN["topics"][MODE][CODEC]
CELL = Cell("python-confluent-kafka", "linux-64", "3.12", "python-confluent-kafka", "2.14.2", "py312_0", False)
ARTIFACT = Artifact(CELL, Path(CELL.filename), "0" * 64, 1)
PROMISES: dict[str, dict[str, Any]] = {
    **{
        f"roundtrip-{what}": {"modes": [MODE], "codecs": [CODEC]}
        for what in ("delivery", "headers", "timestamps", "order", "compression")
    },
    **{f"roundtrip-{what}": {"modes": [MODE]} for what in ("group", "acceleration")},
}


def evidence(data: dict[str, Any]) -> RoundTripEvidence:
    """Turn the captured JSON into what `roundtrip.run` gives."""

    def records(rows: list[list[Any]]) -> list[dict[str, Any]]:
        return [dict(zip(data["fields"], row, strict=True)) for row in rows]

    steps = copy.deepcopy(data["steps"])
    for step in steps:
        step["log"] = tuple(step["log"])
        if "records" in step["data"]:
            step["data"]["records"] = records(step["data"]["records"])
    return RoundTripEvidence(
        artifact=ARTIFACT,
        broker=data["broker"],
        seed=data["seed"],
        start=data["start"],
        topics=data["topics"],
        steps=tuple(Step(**step) for step in steps),
        ends=data["ends"],
        witness={topic: records(rows) for topic, rows in data["witness"].items()},
        committed={mode: {int(p): o for p, o in offsets.items()} for mode, offsets in data["committed"].items()},
        disk={topic: TopicOnDisk(**seen) for topic, seen in data["disk"].items()},
        seconds=data["seconds"],
    )


def judged(data: dict[str, Any]) -> dict[str, CheckResult]:
    """Judge every promise; results by their ids."""
    results = judging.judge(Contract(version=1, promises=PROMISES), evidence(data), stage="roundtrip")
    return {result.id: result for result in results}


def step_of(data: dict[str, Any], action: str) -> dict[str, Any]:
    found: dict[str, Any] = next(step for step in data["steps"] if step["action"] == action)
    return found


def test_what_a_real_client_did_passes_every_check() -> None:
    results = judged(SEEN)
    assert {result.verdict for result in results.values()} == {Verdict.PASS}
    others = {
        "roundtrip-asyncio",
        "roundtrip-dask",
        "roundtrip-rebalance",
        "roundtrip-share-group",
        "roundtrip-streamz",
        "roundtrip-transactions",
    }  # have test files of their own
    assert {check for check in checks.by_id() if check.startswith("roundtrip-")} == set(PROMISES) | others
    assert {identifier.partition("[")[0] for identifier in results} == set(PROMISES)
    assert "roundtrip-delivery[default/produce/lz4]" in results
    assert "roundtrip-delivery[default/consume/lz4]" in results


def _another_value(data: dict[str, Any]) -> None:
    data["witness"][TOPIC][7][4] = hashlib.sha256(b"one byte is another").hexdigest()


def _another_key(data: dict[str, Any]) -> None:
    row = next(row for row in step_of(data, "consume")["data"]["records"] if row[2])
    row[2] = f"{int(row[2][:2], 16) ^ 1:02x}{row[2][2:]}"


def _null_for_empty(data: dict[str, Any]) -> None:
    row = next(row for row in data["witness"][TOPIC] if row[3] == 0)
    row[3] = row[4] = None


def _another_partition(data: dict[str, Any]) -> None:
    data["witness"][TOPIC][3][0] = (data["witness"][TOPIC][3][0] + 1) % 3


def _lost(data: dict[str, Any]) -> None:
    del data["witness"][TOPIC][100]


def _doubled(data: dict[str, Any]) -> None:
    rows = data["witness"][TOPIC]
    rows.append([rows[-1][0], rows[-1][1] + 1, *rows[-1][2:]])


def _nothing(data: dict[str, Any]) -> None:
    step_of(data, "consume")["data"]["records"] = []


def _header_gone(data: dict[str, Any]) -> None:
    next(row for row in data["witness"][TOPIC] if len(row[5]) > 1)[5].pop()


def _headers_swapped(data: dict[str, Any]) -> None:
    next(row for row in data["witness"][TOPIC] if len(row[5]) == 3)[5].reverse()


def _one_millisecond(data: dict[str, Any]) -> None:
    step_of(data, "consume")["data"]["records"][9][6] += 1


def _two_swapped(data: dict[str, Any]) -> None:
    rows = data["witness"][TOPIC]
    first, second = [row for row in rows if row[0] == 2 and row[3]][:2]
    first[2:], second[2:] = second[2:], first[2:]


def _not_compressed(data: dict[str, Any]) -> None:
    data["disk"][TOPIC].update(bytes=1_200_000, codecs={"none": 3})


def _another_codec(data: dict[str, Any]) -> None:
    data["disk"][TOPIC]["codecs"] = {"gzip": 3}


def _no_smaller(data: dict[str, Any]) -> None:
    data["disk"][TOPIC]["bytes"] = 1_100_000


def _not_acknowledged(data: dict[str, Any]) -> None:
    step_of(data, "produce")["data"].update(acked=241, failed=["Broker: Message size too large"])


def _crashed(data: dict[str, Any]) -> None:
    data["steps"] = []
    data["ends"] = {MODE: "was killed by signal 11"}


def _read_twice(data: dict[str, Any]) -> None:
    group = step_of(data, "group")["data"]
    group["second"].insert(0, group["first"][-1])


def _skipped(data: dict[str, Any]) -> None:
    step_of(data, "group")["data"]["second"].pop(0)


def _committed_too_far(data: dict[str, Any]) -> None:
    offsets = data["committed"][MODE]
    offsets[next(iter(offsets))] += 1


def _never_committed(data: dict[str, Any]) -> None:
    data["committed"] = {}


def _library_did_less(data: dict[str, Any]) -> None:
    step_of(data, "statistics")["data"]["sent"] = 241


def _a_second_library(data: dict[str, Any]) -> None:
    step_of(data, "statistics")["data"]["library"].append("librdkafka-of-a-wheel.so.1")


@pytest.mark.parametrize(
    ("break_it", "check", "words"),
    [
        (_another_value, "roundtrip-delivery[default/produce/lz4]", "1 are not there as sent, 1 are there as not"),
        (_another_key, "roundtrip-delivery[default/consume/lz4]", "1 are not there as sent"),
        (_null_for_empty, "roundtrip-delivery[default/produce/lz4]", "1 are not there as sent"),
        (_another_partition, "roundtrip-delivery[default/produce/lz4]", "1 are not there as sent"),
        (_lost, "roundtrip-delivery[default/produce/lz4]", "1 are not there as sent, 0 are there"),
        (_lost, "roundtrip-order[default/produce/lz4]", "another message stands at place"),
        (_doubled, "roundtrip-delivery[default/produce/lz4]", "0 are not there as sent, 1 are there"),
        (_nothing, "roundtrip-delivery[default/consume/lz4]", "nothing arrived"),
        (_nothing, "roundtrip-order[default/consume/lz4]", "nothing arrived"),
        (_nothing, "roundtrip-acceleration[default/consume]", "the client handled no message"),
        (_header_gone, "roundtrip-headers[default/produce/lz4]", "headers: of 242"),
        (_headers_swapped, "roundtrip-headers[default/produce/lz4]", "headers: of 242"),
        (_one_millisecond, "roundtrip-timestamps[default/consume/lz4]", "timestamps: of 242"),
        (_two_swapped, "roundtrip-order[default/produce/lz4]", "partition 2: another message stands at place"),
        (_not_compressed, "roundtrip-compression[default/produce/lz4]", "no batch on disk has the codec lz4"),
        (_another_codec, "roundtrip-compression[default/produce/lz4]", "compressed with gzip"),
        (_no_smaller, "roundtrip-compression[default/produce/lz4]", "that is no compression"),
        (_not_acknowledged, "roundtrip-delivery[default/produce/lz4]", "241 of 242 messages were acknowledged"),
        (_crashed, "roundtrip-delivery[default/consume/lz4]", "killed by signal 11"),
        (_crashed, "roundtrip-group[default/group]", "killed by signal 11"),
        (_crashed, "roundtrip-acceleration[default/produce]", "killed by signal 11"),
        (_read_twice, "roundtrip-group[default/group]", "different"),
        (_skipped, "roundtrip-group[default/group]", "the two members read"),
        (_committed_too_far, "roundtrip-group[default/group]", "the broker holds"),
        (_never_committed, "roundtrip-group[default/group]", "the broker holds the offsets {}"),
        (_a_second_library, "roundtrip-acceleration[default/consume]", "2 copies of librdkafka are mapped"),
        (_library_did_less, "roundtrip-acceleration[default/produce]", "librdkafka counts 241"),
    ],
)
def test_what_is_broken_fails_and_says_what(break_it: Callable[[dict[str, Any]], None], check: str, words: str) -> None:
    data = copy.deepcopy(SEEN)
    break_it(data)
    result = judged(data)[check]
    assert result.verdict is Verdict.FAIL
    assert words in result.summary


def test_a_swap_is_no_loss() -> None:
    data = copy.deepcopy(SEEN)
    _two_swapped(data)
    assert judged(data)["roundtrip-delivery[default/produce/lz4]"].verdict is Verdict.PASS


def test_the_corpus_is_the_same_in_every_python() -> None:
    sent = corpus.messages("any seed", 1_700_000_000_000)
    digest = hashlib.sha256(repr([tuple(message) for message in sent]).encode()).hexdigest()
    assert digest == "ff6eb4572f56c702f48c99f179cbbd6b3578f1a5340676bd1885390ba73d478d"
    assert sent == corpus.messages("any seed", 1_700_000_000_000)
    assert sent != corpus.messages("another seed", 1_700_000_000_000)


def test_the_corpus_has_what_clients_stumble_over() -> None:
    sent = corpus.messages("any seed", 0)
    assert {None, b""} <= {message.key for message in sent}
    assert {None, b""} <= {message.value for message in sent}
    assert max(len(message.value or b"") for message in sent) == 900 * 1024
    names = [[name for name, _ in message.headers] for message in sent]
    assert any(len(set(of_one)) < len(of_one) for of_one in names)
    assert any(not name.isascii() for of_one in names for name in of_one)
    assert [] in names
    assert {message.partition for message in sent} == {0, 1, 2}
    times = [message.timestamp for message in sent]
    assert times != sorted(times)


def test_a_mode_that_no_scenario_tries_is_an_error_before_anything_runs() -> None:
    contract = Contract(version=1, promises={"roundtrip-group": {"modes": ["turbo"]}})
    made = Environment(ARTIFACT, Path("nowhere"), None, ())
    with pytest.raises(ContractInvalid, match="turbo") as caught:
        roundtrip.run(made, contract, Broker("4.2.0", "127.0.0.1:1"), Silent())
    assert "modes of python-confluent-kafka: default" in str(caught.value)
