"""The round trip with a real client and a real broker; and with clients that lie, crash or hang.

The client under test is the confluent-kafka of this Python: what the recipes build is tried by ``verify``. A client
that misbehaves is the same one, with a fault put in by the environment's ``sitecustomize``.
"""

from __future__ import annotations

import site
import sys
import textwrap
import threading
import time
import venv
from pathlib import Path
from typing import TYPE_CHECKING

import psutil
import pytest

from kafka_forge import brokers
from kafka_forge.brokers import admin, disk
from kafka_forge.checks import judging
from kafka_forge.contracts.loading import load_contract
from kafka_forge.errors import BrokerDied, ScenarioBroken
from kafka_forge.ground.paths import Cache, project_root
from kafka_forge.ground.progress import Silent
from kafka_forge.roundtrips import roundtrip, stock, wire, witness
from kafka_forge.scenarios import corpus
from kafka_forge.values.contract import Contract
from kafka_forge.values.model import Artifact, Cell, Environment, Verdict

if TYPE_CHECKING:
    from kafka_forge.brokers import Broker
    from kafka_forge.values.model import CheckResult

pytestmark = pytest.mark.integration

CELL = Cell("python-confluent-kafka", "linux-64", None, "python-confluent-kafka", "0", "0", False)
SHORT = Contract(version=1, promises={"roundtrip-delivery": {"modes": ["default"], "codecs": ["none"]}})


def environment(prefix: Path, python: Path) -> Environment:
    return Environment(Artifact(CELL, Path("none"), "0" * 64, 0), prefix, python, ())


def faulty(folder: Path, fault: str) -> Environment:
    """Make an environment whose confluent-kafka is this Python's, with a fault put in."""
    venv.create(folder, with_pip=False, symlinks=True)
    packages = next((folder / "lib").glob("python*/site-packages"))
    preamble = f"import sys\nsys.path.append({site.getsitepackages()[0]!r})\nimport confluent_kafka, os, time\n"
    (packages / "sitecustomize.py").write_text(preamble + textwrap.dedent(fault), encoding="utf-8")
    return environment(folder, folder / "bin" / "python")


def verdicts(made: Environment, contract: Contract, broker: Broker) -> dict[str, CheckResult]:
    seen = roundtrip.run(made, contract, broker, Silent())
    return {result.id: result for result in judging.judge(contract, seen, stage="roundtrip")}


def test_a_whole_client_keeps_all_that_its_recipe_promises(broker: Broker) -> None:
    promised = load_contract(project_root() / "recipes" / "python-confluent-kafka" / "contract.yaml")
    # through asyncio it is our artifact that is tried: test_confluent_aio_promise.py
    modes = {name: {"modes": ["default"]} for name, value in promised.promises.items() if "modes" in value}
    contract = Contract(version=1, promises={name: modes[name] for name in modes if name != "roundtrip-asyncio"})
    results = verdicts(environment(Path(sys.prefix), Path(sys.executable)), contract, broker)
    assert {identifier: result.summary for identifier, result in results.items() if result.verdict != "pass"} == {}
    assert {f"roundtrip-delivery[default/consume/{codec}]" for codec in ("gzip", "snappy", "lz4", "zstd")} < set(
        results
    )


def test_what_a_broker_hands_out_is_what_lies_on_its_disk(broker: Broker) -> None:
    """Somebody else's broker shows no disk; its answers must tell the same."""
    topics = {codec: f"handed-out-{codec}" for codec in corpus.CODECS}
    admin.create_topics(broker.address, dict.fromkeys(topics.values(), corpus.PARTITIONS))
    witness.fill(broker.address, topics, lambda codec: corpus.messages(codec, int(time.time() * 1000)))
    assert broker.log_dir is not None
    for topic, leaders in witness.leaders(broker.address, topics.values()).items():
        assert wire.read_topic(leaders, topic) == disk.read_topic(broker.log_dir, topic)


def test_a_round_trip_leaves_no_topic_to_those_that_follow(broker: Broker) -> None:
    """A client that asks for the metadata of all topics took twice its time under an emulator, late in a run."""
    with stock.Stock(broker) as shared:
        before = {*admin.describe_topics(broker.address), *shared.topics(["none"]).values()}
        seen = roundtrip.run(environment(Path(sys.prefix), Path(sys.executable)), SHORT, broker, Silent(), shared)
        assert all(result.verdict is Verdict.PASS for result in judging.judge(SHORT, seen, stage="roundtrip"))
        deadline = time.monotonic() + 60.0
        ours = before | {"__consumer_offsets", "__transaction_state"}
        while left := set(admin.describe_topics(broker.address)) - ours:  # a broker hears of it after its controller
            assert time.monotonic() < deadline, left
            time.sleep(0.1)


def test_one_byte_that_a_client_alters_is_found(broker: Broker, tmp_path: Path) -> None:
    lie = """
        class Liar(confluent_kafka.Producer):
            def produce(self, topic, value=None, **rest):
                altered = b"!" + value[1:] if value and len(value) > 900_000 else value
                super().produce(topic, value=altered, **rest)
        confluent_kafka.Producer = Liar
    """
    results = verdicts(faulty(tmp_path / "made", lie), SHORT, broker)
    for direction in ("produce", "consume"):
        result = results[f"roundtrip-delivery[default/{direction}/none]"]
        assert result.verdict is Verdict.FAIL
        assert "of 242 messages 1 are not there as sent, 1 are there as not sent" in result.summary


def test_a_share_consumer_that_releases_what_it_is_to_reject_is_found(broker: Broker, tmp_path: Path) -> None:
    lie = """
        class Liar(confluent_kafka.ShareConsumer):
            def acknowledge(self, message, how):
                types = confluent_kafka.AcknowledgeType
                super().acknowledge(message, types.RELEASE if how == types.REJECT else how)
        confluent_kafka.ShareConsumer = Liar
    """
    contract = Contract(version=1, promises={"roundtrip-share-group": {"modes": ["default"]}})
    results = verdicts(faulty(tmp_path / "made", lie), contract, broker)
    wrong = {each: result.summary for each, result in results.items() if result.verdict is not Verdict.PASS}
    assert list(wrong) == ["roundtrip-share-group[default/answered]"]
    (summary,) = wrong.values()
    assert "3 messages were delivered more often than they should, the first at offset 2: 2 times, not 1" in summary
    assert "the first at offset 2: acknowledged after 2 deliveries, not archived after 1" in summary


def test_a_client_that_crashes_leaves_what_it_did_before(broker: Broker, tmp_path: Path) -> None:
    crash = """
        class Crashing(confluent_kafka.Consumer):
            def assign(self, *_):
                os.abort()
        confluent_kafka.Consumer = Crashing
    """
    results = verdicts(faulty(tmp_path / "made", crash), SHORT, broker)
    assert results["roundtrip-delivery[default/produce/none]"].verdict is Verdict.PASS
    consumed = results["roundtrip-delivery[default/consume/none]"]
    assert consumed.verdict is Verdict.FAIL
    assert "was killed by signal 6" in consumed.summary


def test_an_action_that_hangs_does_not_stop_the_others(
    broker: Broker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(roundtrip, "PATIENCE", 1.0)
    hang = """
        class Hanging(confluent_kafka.Producer):
            def flush(self, *_):
                time.sleep(1000)
        confluent_kafka.Producer = Hanging
    """
    results = verdicts(faulty(tmp_path / "made", hang), SHORT, broker)
    produced = results["roundtrip-delivery[default/produce/none]"]
    assert produced.verdict is Verdict.FAIL
    assert "TimedOut" in produced.summary
    consumed = results["roundtrip-delivery[default/consume/none]"]
    assert consumed.verdict is Verdict.PASS
    assert consumed.evidence["source"] == "seeded"


def test_a_client_that_cannot_be_imported_is_told_in_its_own_words(broker: Broker, tmp_path: Path) -> None:
    with pytest.raises(ScenarioBroken) as caught:
        verdicts(faulty(tmp_path / "made", "sys.path.pop(); del sys.modules['confluent_kafka']"), SHORT, broker)
    assert "No module named 'confluent_kafka'" in str(caught.value)


def test_a_broker_that_dies_meanwhile_is_no_fault_of_the_client(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(roundtrip, "PATIENCE", 300.0)  # so that no busy machine takes as long as waiting in vain does
    told = tmp_path / "told"
    wait = f"""
        class Waiting(confluent_kafka.Producer):
            def flush(self, *_):
                open({str(told)!r}, "w").close()
                time.sleep(1000)
        confluent_kafka.Producer = Waiting
    """
    made = faulty(tmp_path / "made", wait)
    with brokers.start(brokers.DEFAULT, Cache.default(), Silent()) as mortal:

        def kill() -> None:
            while not told.exists():
                time.sleep(0.05)
            mortal.kill()

        threading.Thread(target=kill, daemon=True).start()
        begun = time.monotonic()
        with pytest.raises(BrokerDied):
            roundtrip.run(made, SHORT, mortal, Silent())
        with pytest.raises(BrokerDied):
            witness.fill(mortal.address, {"none": "t"}, lambda codec: corpus.messages(codec, 0), mortal.check)
        assert time.monotonic() - begun < 0.8 * roundtrip.PATIENCE
    scenarios = [child for child in psutil.Process().children(recursive=True) if _runs_a_scenario(child)]
    assert scenarios == []


def _runs_a_scenario(process: psutil.Process) -> bool:
    try:
        return any("scenarios" in word for word in process.cmdline())
    except psutil.Error:
        return False
