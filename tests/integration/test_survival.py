"""What clients survive, on a real cluster: clients that lie are found out, and each client of ours gets ten seeds with
``--long``, three without."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from kafka_forge.brokers import admin, log_values
from kafka_forge.checks import judging
from kafka_forge.survival import schedules, soak, stage, trials
from kafka_forge.values.contract import Contract
from kafka_forge.values.evidence import SurvivalEvidence
from kafka_forge.values.model import Verdict

from .test_roundtrip import environment as environment_of
from .test_roundtrip import faulty

if TYPE_CHECKING:
    from kafka_forge.brokers import Cluster
    from kafka_forge.brokers.links import Links
    from kafka_forge.survival.soak import Outcome
    from kafka_forge.values.model import Environment

pytestmark = [pytest.mark.integration, pytest.mark.first, pytest.mark.timeout(1800)]

PROMISE = Contract(version=1, promises={"survives": {"modes": ["default"]}})
SEEDS, USUAL = 10, 3
"""With ``--long``, and without: a seed is some twenty seconds of the cluster's time."""


def verdicts(suffering: tuple[Cluster, Links], made: Environment, fault: str) -> dict[str, str]:
    """Return guarantee → what does not hold of it."""
    seen = trials.run(*suffering, [trials.Entrant(made, "default")], schedules.directed(fault))
    results = judging.judge(PROMISE, SurvivalEvidence(made.artifact, {}, tuple(seen)), stage="survives")
    assert results
    return {each.id.rpartition("/")[2][:-1]: each.summary for each in results if each.verdict is not Verdict.PASS}


def test_a_whole_client_keeps_every_promise(suffering: tuple[Cluster, Links]) -> None:
    made = environment_of(Path(sys.prefix), Path(sys.executable))
    for fault in ("kill", "cut-after", schedules.STOP_UNHEARD):
        assert verdicts(suffering, made, fault) == {}


LIARS = {
    "a producer that drops a message and calls it delivered": (
        """
        class Liar(confluent_kafka.Producer):
            def produce(self, topic, value=None, on_delivery=None, **rest):
                if value.startswith(b"1:20:"):
                    on_delivery(None, None)
                else:
                    super().produce(topic, value, on_delivery=on_delivery, **rest)
        confluent_kafka.Producer = Liar
        """,
        {"acknowledged": "partition 1: 1 acknowledged messages are lost, the first is 20"},
    ),
    "a producer that drops a message in silence": (
        """
        class Liar(confluent_kafka.Producer):
            def produce(self, topic, value=None, **rest):
                if not value.startswith(b"1:20:"):
                    super().produce(topic, value, **rest)
        confluent_kafka.Producer = Liar
        """,
        {
            "told": "of 1 messages nothing was said, the first is 1/20",
            "delivered": "messages were acknowledged, 0 failed",
        },
    ),
    "a producer that is not idempotent, whose answers are lost": (
        """
        class Liar(confluent_kafka.Producer):
            def __init__(self, settings):
                super().__init__({**settings, "enable.idempotence": False, "max.in.flight": 5})
        confluent_kafka.Producer = Liar
        """,
        {"duplicates": "the batches carry no producer id"},
    ),
    "a consumer that forgets what it has committed": (
        """
        class Liar(confluent_kafka.Consumer):
            def __init__(self, settings):
                super().__init__({**settings, "group.id": os.urandom(8).hex()})
        confluent_kafka.Consumer = Liar
        """,
        {"commits": "member 2 begins at 0, though "},
    ),
    "a consumer that skips a message": (
        """
        class Liar(confluent_kafka.Consumer):
            def consume(self, *arguments):
                return [each for each in super().consume(*arguments) if each.offset() != 7]
        confluent_kafka.Consumer = Liar
        """,
        {"resumes": "were never read, the first is 7"},
    ),
    "a client that leaves threads behind": (
        """
        import threading
        class Liar(confluent_kafka.Producer):
            def purge(self):
                threading.Thread(target=time.sleep, args=(20,), name="left-behind", daemon=True).start()
            def flush(self, *arguments):
                left = super().flush(*arguments)
                self.purge()
                return left
        confluent_kafka.Producer = Liar
        """,
        {"bounded": "threads were left: left-behind"},
    ),
    "a client that crashes": (
        """
        class Liar(confluent_kafka.Producer):
            def flush(self, *_):
                os.abort()
        confluent_kafka.Producer = Liar
        """,
        {"stops": "the process was killed by signal 6; the producer was never stopped"},
    ),
}


@pytest.mark.long
def test_a_member_that_gets_its_partitions_when_its_forerunners_session_ends_is_waited_for(
    suffering: tuple[Cluster, Links], tmp_path: Path
) -> None:
    """As after a coordinator's crash that swallowed the other one's LeaveGroup: session.timeout.ms is 45 seconds.

    So a second member came to read at 48.7 seconds, of 16 whose coordinator was killed; its process, which had 60 to
    end, had not always done so on a busy machine.
    """
    late = """
        class Late(confluent_kafka.Consumer):
            made = []
            def __init__(self, settings):
                super().__init__(settings)
                Late.made.append(time.monotonic())
                self._first = len(Late.made) == 1
            def consume(self, count, seconds):
                if self._first or time.monotonic() > Late.made[1] + 75:
                    return super().consume(count, seconds)
                time.sleep(seconds)
                return []
        confluent_kafka.Consumer = Late
        """
    assert verdicts(suffering, faulty(tmp_path / "made", late), "cut-after") == {}


@pytest.mark.parametrize("name", LIARS)
def test_a_client_that_breaks_a_promise_is_found_out(
    suffering: tuple[Cluster, Links], tmp_path: Path, name: str
) -> None:
    lie, problems = LIARS[name]
    found = verdicts(suffering, faulty(tmp_path / "made", lie), "cut-after")
    for guarantee, text in problems.items():
        assert text in found.get(guarantee, ""), found


@pytest.fixture(scope="module")
def outcomes(
    pytestconfig: pytest.Config, suffering: tuple[Cluster, Links], made: list[tuple[Environment, Contract]]
) -> list[Outcome]:
    """Drawn schedules, each with every client that the recipes build, side by side."""
    seeds = SEEDS if pytestconfig.getoption("--long") else USUAL
    entrants = [(each, contract) for env, contract in made for each in stage.entrants_of(env, contract)]
    return [
        soak.judged(entrant, trial, schedule, contract)
        for schedule in map(schedules.draw, range(1, seeds + 1))
        for (entrant, contract), trial in zip(
            entrants, trials.run(*suffering, [each for each, _ in entrants], schedule), strict=True
        )
    ]


FIRST_BATCHES = {
    "python-confluent-kafka": """
        from confluent_kafka import Producer
        producer = Producer({"bootstrap.servers": address, "enable.idempotence": True})
        producer.produce(other, b"warm")
        producer.flush(30)
        producer.list_topics(topic)
        ready()
        for number in range(20):
            producer.produce(topic, b"%d" % number, on_delivery=lambda error, _, n=number: note(n, error))
            producer.poll(0.01)
        producer.flush(30)
        """,
    "pykafka": """
        from pykafka import KafkaClient
        client = KafkaClient(address)
        producer = client.topics[topic].get_producer(
            use_rdkafka=True, linger_ms=1, delivery_reports=True, required_acks=-1
        )
        time.sleep(2)  # for a producer id
        ready()
        for number in range(20):
            producer.produce(b"%d" % number, partition_key=b"%d" % number)
            time.sleep(0.01)
        for _ in range(20):
            message, error = producer.get_delivery_report(timeout=60)
            note(int(message.partition_key), error)
        producer.stop()
        """,
    "kafka-python": """
        from kafka import KafkaProducer
        producer = KafkaProducer(bootstrap_servers=address)
        producer.send(other, b"warm").get(30)
        producer.partitions_for(topic)
        ready()
        for number in range(20):
            sent = producer.send(topic, b"%d" % number)
            sent.add_callback(lambda _, n=number: note(n, None)).add_errback(lambda error, n=number: note(n, error))
            time.sleep(0.01)
        producer.flush(30)
        producer.close()
        """,
}
"""A producer that is at work already, and then twenty messages to a topic that it has not written to."""


@pytest.mark.parametrize("recipe", FIRST_BATCHES)
def test_a_first_batch_that_is_refused_is_not_acknowledged_with_the_second(
    suffering: tuple[Cluster, Links], made: list[tuple[Environment, Contract]], tmp_path: Path, recipe: str
) -> None:
    """KAFKA-15591: a broker before 4.5 takes the second batch of a producer whose first one it has refused."""
    cluster, links = suffering
    topic, other = (f"first-batch-{recipe}-{name}" for name in ("new", "other"))
    admin.create_topics(cluster.internal, {topic: 1, other: 1}, timeout=60.0, copies=3, watch=cluster.check)
    program = f"""
import json, sys, time
address, topic, other = sys.argv[1:]
acked = {{}}
def note(number, error):
    acked[number] = error and str(error)
def ready():
    print("ready", flush=True)
    input()
{textwrap.dedent(FIRST_BATCHES[recipe])}
print(json.dumps(acked))
"""
    (env,) = [env for env, _ in made if env.artifact.cell.recipe == recipe]
    command = [str(env.interpreter), "-c", program, cluster.address, topic, other]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=tmp_path, text=True) as child:
        assert child.stdin
        assert child.stdout
        assert child.stdout.readline() == "ready\n"
        before = links.counts.get("refuse-first", 0)
        links.refuse_first(1)
        out, _ = child.communicate("go\n", timeout=120)
        links.mend()
    assert child.returncode == 0
    assert links.counts["refuse-first"] > before
    leader = admin.describe_partitions(cluster.internal, [topic], seconds=30.0)[topic, 0].leader
    kept = [each.value for each in log_values.read_partition(cluster.broker(leader).data, topic, 0)]
    assert json.loads(out) == {str(number): None for number in range(20)}
    assert kept == [b"%d" % number for number in range(20)]


TWO_PARTITIONS = """
import json, sys, time
from confluent_kafka import Producer
address, topic, cut, refused = sys.argv[1:]
acked = []
producer = Producer({"bootstrap.servers": address, "enable.idempotence": True})
def done(error, message):
    acked.append([message.value().decode(), str(error)])
def produce(partition, value):
    producer.produce(topic, value, partition=int(partition), on_delivery=done)
def step(name):
    print(name, flush=True)
    input()
for partition in (cut, refused):
    produce(partition, b"warm")
producer.flush(30)
step("warm")
produce(cut, b"cut")
time.sleep(0.3)
step("unanswered")
for value in (b"first", b"second"):
    produce(refused, value)
    time.sleep(0.02)
step("refused")
producer.flush(60)
print(json.dumps(sorted(acked)))
"""


def test_what_came_out_of_order_writes_nothing_of_another_partition_twice(
    suffering: tuple[Cluster, Links], made: list[tuple[Environment, Contract]], tmp_path: Path
) -> None:
    """confluentinc/librdkafka#4953: a batch behind a refused one made the whole producer begin a new epoch."""
    cluster, links = suffering
    topic = "out-of-order"
    admin.create_topics(cluster.internal, {topic: 3}, timeout=60.0, copies=3, watch=cluster.check)
    leaders = {
        partition: found.leader
        for (_, partition), found in admin.describe_partitions(cluster.internal, [topic], seconds=30.0).items()
    }
    cut, refused = 0, next(each for each in leaders if leaders[each] != leaders[0])
    (env,) = [env for env, _ in made if env.artifact.cell.recipe == "python-confluent-kafka"]
    command = [str(env.interpreter), "-c", TWO_PARTITIONS, cluster.address, topic, str(cut), str(refused)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=tmp_path, text=True) as child:
        assert child.stdin
        assert child.stdout

        def reached(step: str) -> None:
            assert child.stdout
            assert child.stdout.readline() == f"{step}\n"

        def go() -> None:
            assert child.stdin
            print("go", file=child.stdin, flush=True)

        reached("warm")
        links.slow(5.0)
        go()
        reached("unanswered")
        links.shut(leaders[cut])
        links.slow(0.0)
        before = links.counts.get("refuse-first", 0)
        links.refuse_first(1)
        go()
        reached("refused")
        deadline = time.monotonic() + 60
        while links.counts.get("refuse-first", 0) == before and time.monotonic() < deadline:
            time.sleep(0.05)
        assert links.counts["refuse-first"] > before
        time.sleep(1)  # for the answer to the batch behind it
        links.mend()
        links.open(leaders[cut])
        out, _ = child.communicate("go\n", timeout=120)
    assert child.returncode == 0
    kept = {
        partition: [each.value for each in log_values.read_partition(cluster.broker(leader).data, topic, partition)]
        for partition, leader in leaders.items()
        if partition in (cut, refused)
    }
    assert kept == {cut: [b"warm", b"cut"], refused: [b"warm", b"first", b"second"]}
    assert json.loads(out) == sorted([value, "None"] for value in ("warm", "warm", "cut", "first", "second"))


@pytest.mark.parametrize(
    "client",
    ["kafka-python/default", "librdkafka/ctypes", "pykafka/rdkafka", "pykafka/pure", "python-confluent-kafka/default"],
)
def test_each_client_survives_its_seeds(pytestconfig: pytest.Config, outcomes: list[Outcome], client: str) -> None:
    mine = [each for each in outcomes if each.client.removesuffix("/3.14") == client]
    assert len(mine) == (SEEDS if pytestconfig.getoption("--long") else USUAL)
    assert {str(each.schedule): each.problems for each in mine if each.problems} == {}


def test_the_command_says_how_many_schedules_there_were_and_ends_with_its_own_status(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "kafka_forge.cli", "soak", "--recipe", "librdkafka", "--rounds", "2", "--json"]
    ended = subprocess.run([*command, "--fault", "cut-after"], capture_output=True, text=True, check=True)
    told = json.loads(ended.stdout)
    assert (told["schedules"], told["failed"], told["kinds"]) == (2, 0, ["cut-after"])
    assert told["clients"]["librdkafka/ctypes"]["messages"] > 100
    refused = subprocess.run([*command, "--fault", "flood"], capture_output=True, text=True, check=False)
    assert refused.returncode == 10
    assert "KF509: there is no fault 'flood'" in refused.stderr


def test_a_soak_that_is_interrupted_tells_what_it_has_seen(tmp_path: Path) -> None:
    file = tmp_path / "soak.json"
    command = [sys.executable, "-m", "kafka_forge.cli", "soak", "--recipe", "librdkafka", "--json-file", str(file)]
    with subprocess.Popen([*command, "--fault", "cut-after"], stderr=subprocess.PIPE, text=True) as child:
        assert child.stderr
        assert any("start 3 brokers" in line for line in child.stderr)
        child.send_signal(signal.SIGTERM)
        said = child.stderr.read()
    assert child.returncode == 130
    assert "KF001: interrupted" in said
    assert json.loads(file.read_text(encoding="utf-8"))["failed"] == 0
