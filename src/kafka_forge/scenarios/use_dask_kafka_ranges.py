"""The scenario of dask-kafka-ranges: a cluster of two processes and four threads reads a topic of eight partitions.

Each case reads a source topic of its own in parallel, changes every message, and writes it to the one topic that the
toolkit's own client reads back. It tells what a plain loop over the source gives. Standard library, confluent-kafka,
Dask with `distributed`, pandas and fastavro.
"""

from __future__ import annotations

import contextlib
import functools
import hashlib
import io
import json
import os
import signal
import sys
import time
import uuid
from pathlib import Path
from typing import TYPE_CHECKING, Any

import dask_kafka_ranges as kafka
import fastavro
from confluent_kafka import Consumer, KafkaError, KafkaException, Producer, TopicPartition
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic
from distributed import Client, LocalCluster

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from kafka_forge.scenarios import corpus, scenario
else:
    import corpus
    import scenario

PARTITIONS = 8
MESSAGES = 800
"""How many a source has; every case changes and writes all of them."""
SIZE = 60
"""Offsets of a range: each partition has two."""
SCHEMA = json.dumps(
    {
        "type": "record",
        "name": "Line",
        "fields": [{"name": "n", "type": "long"}, {"name": "s", "type": ["null", "string"]}],
    }
)
_STALL = 5
"""Messages of a part after which its writer stalls, in the case that a worker is killed in."""


class Job:
    """What all cases share: the broker, the target, and what they need to make sources and to tell."""

    def __init__(self, request: scenario.Request, client: Client) -> None:
        self.settings: dict[str, Any] = {"bootstrap.servers": request.address}
        self.target = request.own["none"]
        self.patience = request.patience
        self.client = client
        self.admin = AdminClient(self.settings)
        self.sources: dict[str, str] = {}
        self.killed_job: tuple[Any, int] = (None, 0)

    def cases(self) -> dict[str, Callable[[], dict[str, Any]]]:
        """Return what is tried, in this order."""
        return {case: getattr(self, case) for case in corpus.DASK_CASES}

    # --- the cases --------------------------------------------------------------------------------------------

    def bytes(self) -> dict[str, Any]:
        """Read a bag of bytes, with tombstones, empty values, aborted transactions and markers at the ends."""
        source = self.source("bytes", [_bytes_of(number) for number in range(MESSAGES)])
        ranges = kafka.plan_ranges(source, self.settings, group=source, size=SIZE)
        bag = kafka.read_kafka(source, self.settings, ranges=ranges)
        written = self.write(bag.map(functools.partial(turned, "bytes")), source, ranges)
        return self.told("bytes", source, written, map(functools.partial(turned, "bytes"), self.plain(source)))

    def json(self) -> dict[str, Any]:
        """Read a dataframe of JSON objects, with tombstones."""
        values = [None if number % 50 == 7 else json.dumps(_line(number)).encode() for number in range(MESSAGES)]
        source = self.source("json", values)
        ranges = kafka.plan_ranges(source, self.settings, group=source, size=SIZE)
        fields = {"n": "Int64", "s": "string"}
        frame = kafka.read_kafka_dataframe(source, self.settings, ranges=ranges, value="json", fields=fields)
        rows = frame.map_partitions(twice, meta=twice(frame._meta))  # noqa: SLF001  (Dask's way to ask for columns)
        written = self.write(rows, source, ranges, value="json", key_column="key")
        return self.told("json", source, written, map(twice_of, self.plain(source)))

    def avro(self) -> dict[str, Any]:
        """Read Avro, as a bag and as a dataframe."""
        avro = kafka.Avro(SCHEMA)
        values = [None if number % 50 == 7 else _avro(_line(number)) for number in range(MESSAGES)]
        source = self.source("avro", values)
        ranges = kafka.plan_ranges(source, self.settings, group=source, size=SIZE)
        bag = kafka.read_kafka(source, self.settings, ranges=ranges, value=avro)
        written = self.write(bag.map(one_more), source, ranges, value=avro)
        plain = [message._replace(value=_line_of(message.value)) for message in self.plain(source)]
        rows = kafka.read_kafka_dataframe(source, self.settings, ranges=ranges, value=avro).compute()
        lines = [each.value or {} for each in plain]
        differ = sum(
            (None if str(row.n) == "<NA>" else int(row.n)) != line.get("n")
            for row, line in zip(rows.itertuples(), lines, strict=True)
        )
        expected = [one_more(each) for each in plain]
        expected = [each._replace(value=None if each.value is None else _avro(each.value)) for each in expected]
        return {**self.told("avro", source, written, expected), "rows": len(rows), "differ": differ}

    def killed(self) -> dict[str, Any]:
        """Have a worker killed while it has a transaction open, with messages in it."""
        source = self.source("killed", [_bytes_of(number) for number in range(MESSAGES)])
        ranges = kafka.plan_ranges(source, self.settings, group=source, size=SIZE)
        bag = kafka.read_kafka(source, self.settings, ranges=ranges).map(functools.partial(turned, "killed"))
        victim = Path.cwd() / "victim"
        job = self.job(bag, source, ranges, value=Stalling(str(victim), self.patience))
        workers = set(self.client.run(os.getpid).values())
        future = self.client.compute(job)
        pid = self.wait_for(victim)
        mine = pid in workers
        if mine:  # nothing else is ended, whatever a file says
            os.kill(pid, signal.SIGKILL)
        written = future.result(timeout=self.patience * 2)
        self.killed_job = (job, len(ranges))
        told = self.told("killed", source, written, map(functools.partial(turned, "killed"), self.plain(source)))
        return {**told, "killed": mine, "survived": pid in self.client.run(os.getpid).values()}

    def again(self) -> dict[str, Any]:
        """Run the very same tasks again, then the whole job, then the job once more when there are new messages."""
        job, ranges = self.killed_job
        source = self.sources["killed"]
        same = self.client.compute(job).result(timeout=self.patience)
        none = self.rest(source)
        old = {each[:3] for each in self.plain(source)}
        self.send(source, [_bytes_of(number) for number in range(PARTITIONS * 5)])
        fresh = [each for each in self.plain(source) if each[:3] not in old]
        told = self.told("again", source, self.rest(source), [turned("again", each) for each in fresh])
        skipped = sum(each.skipped for each in same)
        return {**told, "ranges": ranges, "skipped": skipped, "twice": sum(each.messages for each in (*same, *none))}

    # --- what they are made of --------------------------------------------------------------------------------

    def rest(self, source: str) -> list[Any]:
        """Do what the group has not done, as a job that is started again."""
        ranges = kafka.plan_ranges(source, self.settings, group=source, size=SIZE)
        bag = kafka.read_kafka(source, self.settings, ranges=ranges).map(functools.partial(turned, "again"))
        return self.write(bag, source, ranges)

    def source(self, case: str, values: list[Any]) -> str:
        """Make a topic with these values, and with a committed and an aborted transaction at the end."""
        topic = self.sources[case] = f"kafka-forge-dask-{case}-{uuid.uuid4().hex[:8]}"
        (made,) = self.admin.create_topics([NewTopic(topic, PARTITIONS, 1)]).values()
        made.result(timeout=self.patience)
        self.send(topic, values[:-PARTITIONS])
        with self.producer({"transactional.id": topic}) as producer:
            producer.init_transactions(self.patience)
            for transaction, end in (
                (values[-PARTITIONS:], producer.commit_transaction),
                ([b"aborted"] * PARTITIONS, producer.abort_transaction),
            ):
                producer.begin_transaction()
                _produce(producer, topic, transaction)
                producer.flush(self.patience)
                end(self.patience)
        return topic

    def send(self, topic: str, values: list[Any]) -> None:
        """Send values to all partitions in turn."""
        with self.producer({}) as producer:
            _produce(producer, topic, values)
            if left := producer.flush(self.patience):
                raise RuntimeError(f"{left} messages of the source were not acknowledged")

    @contextlib.contextmanager
    def producer(self, own: dict[str, Any]) -> Any:
        """Give a producer."""
        yield Producer({**self.settings, **own})

    def plain(self, topic: str) -> list[kafka.Record]:
        """Read a topic by a plain loop, partition by partition."""
        settings = {"group.id": topic, "enable.auto.commit": False, "enable.partition.eof": True}
        consumer = Consumer({**self.settings, **settings})
        found: list[kafka.Record] = []
        try:
            for partition in range(PARTITIONS):
                consumer.assign([TopicPartition(topic, partition, 0)])
                found += self.partition(consumer)
        finally:
            consumer.close()
        return found

    def partition(self, consumer: Consumer) -> Iterable[kafka.Record]:
        """Give a partition's messages up to its end."""
        deadline = scenario.Deadline(self.patience)
        while not deadline.over:
            message: Any = consumer.poll(1)
            if message is None:
                continue
            if message.error() is None:
                where = (message.topic(), message.partition(), message.offset(), message.timestamp()[1])
                yield kafka.Record(*where, message.key(), message.value(), tuple(message.headers() or ()))
            elif message.error().code() == KafkaError._PARTITION_EOF:  # noqa: SLF001
                return
            else:
                raise RuntimeError(str(message.error()))
        raise scenario.TimedOutError("the plain loop did not come to an end")

    def job(self, collection: Any, source: str, ranges: Any, **options: Any) -> Any:
        """Return the job that writes a collection, once."""
        return kafka.to_kafka(collection, self.target, self.settings, ranges=ranges, group=source, **options)

    def write(self, collection: Any, source: str, ranges: Any, **options: Any) -> list[Any]:
        """Write a collection once; return what became of each part."""
        told: list[Any] = self.client.compute(self.job(collection, source, ranges, **options)).result(
            timeout=self.patience * 2
        )
        return told

    def wait_for(self, victim: Path) -> int:
        """Wait until a writer stalls; return its process."""
        deadline = scenario.Deadline(self.patience)
        while not deadline.over:
            with contextlib.suppress(OSError, ValueError):
                return int(victim.read_text(encoding="utf-8"))
            time.sleep(0.05)
        raise scenario.TimedOutError("no writer came so far that it could be killed")

    def told(self, case: str, source: str, written: list[Any], expected: Iterable[kafka.Outgoing]) -> dict[str, Any]:
        """Return what a case tells: what should be there, as key and sha256, and what the tasks say they wrote."""
        return {
            "case": case,
            "source": source,
            "expected": _digests(expected),
            "written": sum(each.messages for each in written),
            "parts": len(written),
        }


class Stalling:
    """A codec of bytes that stalls once, wherever it is first: it writes its process into a file, and waits."""

    def __init__(self, victim: str, patience: float) -> None:
        self._victim = victim
        self._patience = patience
        self._count = 0

    def __call__(self, value: bytes) -> bytes:
        """Return the value, sooner or later."""
        self._count += 1
        if self._count == _STALL:
            self._stall()
        return value

    def _stall(self) -> None:
        draft = f"{self._victim}.{os.getpid()}"
        Path(draft).write_text(str(os.getpid()), encoding="utf-8")
        try:
            os.link(draft, self._victim)  # whole, or somebody else's
        except FileExistsError:
            return
        time.sleep(self._patience)
        raise TimeoutError("nobody has killed this process")


def turned(case: str, message: kafka.Record) -> kafka.Outgoing:
    """Return a message with its value backwards, and a key that says where it is from."""
    value = None if message.value is None else message.value[::-1]
    return kafka.Outgoing(value, b"%s/%d/%d" % (case.encode(), message.partition, message.offset), message.headers)


def twice(frame: Any) -> Any:
    """Return the rows with a number doubled, and a key that says where they are from."""
    key = "json/" + frame.partition.astype("string") + "/" + frame.offset.astype("string")
    return frame.assign(key=key, twice=frame.n * 2)[["key", "s", "twice"]]


def twice_of(message: kafka.Record) -> kafka.Outgoing:
    """Do as `twice` with one message, without pandas."""
    line = json.loads(message.value) if message.value is not None else {}
    value = {"s": line.get("s"), "twice": line["n"] * 2 if line else None}
    return kafka.Outgoing(_compact(value), b"json/%d/%d" % (message.partition, message.offset))


def one_more(message: kafka.Record) -> kafka.Outgoing:
    """Return a message with its number one higher, and a key that says where it is from."""
    value = None if message.value is None else {**message.value, "n": message.value["n"] + 1}
    return kafka.Outgoing(value, b"avro/%d/%d" % (message.partition, message.offset))


def _produce(producer: Producer, topic: str, values: list[Any]) -> None:
    for number, value in enumerate(values):
        key = None if number % 9 == 4 and value is not None else b"%d" % number
        producer.produce(topic, value, key, number % PARTITIONS, headers=[("number", b"%d" % number)])


def _bytes_of(number: int) -> bytes | None:
    return None if number % 40 == 7 else b"" if number % 40 == 8 else b"%d \xff of many" % number


def _line(number: int) -> dict[str, Any]:
    return {"n": number, "s": None if number % 10 == 3 else f"línea {number}"}


def _compact(value: Any) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode()


def _avro(line: dict[str, Any]) -> bytes:
    stream = io.BytesIO()
    fastavro.schemaless_writer(stream, json.loads(SCHEMA), line)
    return stream.getvalue()


def _line_of(data: bytes | None) -> Any:
    return None if data is None else fastavro.schemaless_reader(io.BytesIO(data), json.loads(SCHEMA), None)


def _digests(messages: Iterable[kafka.Outgoing]) -> list[list[str | None]]:
    return [[m.key.hex(), None if m.value is None else hashlib.sha256(m.value).hexdigest()] for m in messages]


def main() -> None:
    """Try every case, then end."""
    request = scenario.read_request()
    teller = scenario.Teller(request.mode, together=False)
    with (
        LocalCluster(n_workers=2, threads_per_worker=2, processes=True, dashboard_address=None, memory_limit=0) as made,
        Client(made) as client,
    ):
        job = Job(request, client)
        for case, work in job.cases().items():
            teller.attempt("dask", case, work, request.patience * 3)
        for deleted in job.admin.delete_topics(list(job.sources.values())).values():
            with contextlib.suppress(KafkaException):
                deleted.result(timeout=request.patience)
    sys.stderr.flush()
    os._exit(0)


if __name__ == "__main__":  # Dask's workers import this file
    main()
