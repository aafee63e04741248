"""The round trip with pykafka, in its modes: ``rdkafka`` (its C extension) and ``pure``, and both through asyncio.

Everything is left at its default, the broker's version too, but for what the round trip asks for: a partitioner that
sends each message where the round trip wants it, and waits that are not for a user's patience.
"""

from __future__ import annotations

import datetime
import logging
import queue
import re
import threading
from typing import TYPE_CHECKING, Any

from pykafka import KafkaClient
from pykafka.common import CompressionType, OffsetType

if TYPE_CHECKING:
    from kafka_forge.scenarios import corpus, scenario
else:
    import corpus
    import scenario

_EPOCH = datetime.datetime(1970, 1, 1)  # noqa: DTZ001  (pykafka wants naive UTC)
_SENT = re.compile(r"MessageSet with (\d+) message\(s\) \(MsgId \S+, BaseSeq \S+\) delivered")
_RECEIVED = re.compile(r"Enqueue (\d+) message\(s\)")

_SILENCE_MS = 2000
"""How long a consumer waits for another message before it gives up."""


class _Told:
    """A partitioner that sends the next message to the partition that was named before."""

    def __init__(self) -> None:
        self.partition = 0

    def __call__(self, partitions: list[Any], key: bytes | None) -> Any:  # noqa: ARG002
        return next(each for each in partitions if each.id == self.partition)


class _Counting(logging.Handler):
    """Counts the messages that librdkafka's own log says it sent and received."""

    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.sent = self.received = 0
        self._counting = threading.Lock()

    def emit(self, record: logging.LogRecord) -> None:
        text = record.getMessage()
        sent, received = _SENT.search(text), _RECEIVED.search(text)
        with self._counting:
            self.sent += int(sent.group(1)) if sent else 0
            self.received += int(received.group(1)) if received else 0


class Pykafka:
    """`scenario.Client` over ``pykafka.KafkaClient``, with ``use_rdkafka`` in the mode ``rdkafka``."""

    def __init__(self, request: scenario.Request) -> None:
        self.together = request.mode == "pure"
        self.counts = request.mode != "pure"
        self._address = request.address
        self._clients: list[Any] = []
        self._stopping: list[threading.Thread] = []
        self._log = _Counting()
        if self.counts:
            self._listen()

    def produce(
        self, codec: str, topic: str, messages: list[corpus.Message], deadline: scenario.Deadline
    ) -> dict[str, Any]:
        """See `scenario.Client.produce`."""
        compression = getattr(CompressionType, codec.upper())
        told = _Told()
        producer = self._topic(topic).get_producer(
            use_rdkafka=self.counts,
            partitioner=told,
            compression=compression,
            delivery_reports=True,
            linger_ms=20,  # the default holds every message back for 5 s
        )
        for m in messages:
            told.partition = m.partition
            producer.produce(m.value, partition_key=m.key, timestamp=_naive(m.timestamp), headers=m.headers)
        acked, failed = _reports(producer, len(messages), deadline)
        self._stop_aside(producer)
        return {"sent": len(messages), "acked": acked, "failed": failed[:3], "cannot": {}}

    def consume(self, topic: str, expected: dict[int, int], deadline: scenario.Deadline) -> dict[str, Any]:
        """See `scenario.Client.consume`."""
        consumer = self._topic(topic).get_simple_consumer(
            use_rdkafka=self.counts,
            auto_offset_reset=OffsetType.EARLIEST,
            consumer_timeout_ms=_SILENCE_MS,
        )
        read = _read(consumer, sum(expected.values()), deadline)
        self._stop_aside(consumer)
        records = [
            corpus.record(m.partition_id, m.offset, m.partition_key, m.value, m.headers, m.timestamp) for m in read
        ]
        return {"records": records, "cannot": {}}

    def group(self, group: str, topic: str, expected: dict[int, int], deadline: scenario.Deadline) -> dict[str, Any]:
        """See `scenario.Client.group`."""
        total = sum(expected.values())
        first = self._member(group, topic, total // 2, deadline, commit=True)
        return {"first": first, "second": self._member(group, topic, total - len(first), deadline, commit=False)}

    def statistics(self) -> dict[str, Any]:
        """See `scenario.Client.statistics`."""
        for thread in self._stopping:
            thread.join()
        return {
            "source": "librdkafka's debug log (MSGSET delivered, FETCH enqueued)",
            "library": scenario.mapped_libraries(),
            "sent": self._log.sent,
            "received": self._log.received,
        }

    def _member(
        self, group: str, topic: str, wanted: int, deadline: scenario.Deadline, *, commit: bool
    ) -> list[list[int]]:
        settings = {"auto_offset_reset": OffsetType.EARLIEST, "consumer_timeout_ms": _SILENCE_MS}
        source = self._topic(topic)
        if self.counts:  # use_rdkafka is not to be had with Kafka's own membership (ManagedBalancedConsumer)
            consumer = source.get_simple_consumer(consumer_group=group.encode(), use_rdkafka=True, **settings)
        else:
            consumer = source.get_balanced_consumer(
                group.encode(),
                managed=True,
                rebalance_backoff_ms=200,  # grows with each of five tries; the default is ten times as long
                **settings,
            )
        read = [[m.partition_id, m.offset] for m in _read(consumer, wanted, deadline)]
        if commit:
            consumer.commit_offsets()
        consumer.stop()
        return read

    def _stop_aside(self, client: Any) -> None:
        """Stop a producer or consumer whose work is done: its poller takes up to a second to notice."""
        thread = threading.Thread(target=client.stop, daemon=True)
        thread.start()
        self._stopping.append(thread)

    def _topic(self, name: str) -> Any:
        client = KafkaClient(hosts=self._address)
        self._clients.append(client)  # its topics hold weak references only
        return client.topics[name]

    def _listen(self) -> None:
        """Have librdkafka log what it sends and receives, and count it.

        pykafka's extension hands on neither ``stats_cb`` nor its handle; it does hand on the log, so its settings get
        ``debug`` added. Nothing else about them changes.
        """
        from pykafka.rdkafka import RdKafkaProducer, RdKafkaSimpleConsumer

        logger = logging.getLogger("pykafka.rdkafka._rd_kafka")
        logger.setLevel(logging.DEBUG)
        logger.propagate = False
        logger.addHandler(self._log)
        for kind, what in ((RdKafkaProducer, "msg"), (RdKafkaSimpleConsumer, "fetch")):
            _add_debug(kind, what)


def _add_debug(kind: Any, what: str) -> None:
    original = kind._mk_rdkafka_config_lists  # noqa: SLF001

    def with_debug(self: Any) -> Any:
        conf, topic_conf = original(self)
        return [*conf, ("debug", what)], topic_conf

    kind._mk_rdkafka_config_lists = with_debug  # noqa: SLF001


def _reports(producer: Any, wanted: int, deadline: scenario.Deadline) -> tuple[int, list[str]]:
    """Wait for the fate of ``wanted`` messages; return how many arrived, and why others did not.

    Raises:
        Exception: whatever ended pykafka's worker.
    """
    acked, failed = 0, list[str]()
    while acked + len(failed) < wanted and not deadline.over:
        try:
            _, error = producer.get_delivery_report(timeout=0.5)
        except queue.Empty:  # noqa: PERF203
            producer._raise_worker_exceptions()  # noqa: SLF001  (a worker that died shows nowhere else)
            if failed:
                break
        else:
            acked += error is None
            failed += [] if error is None else [repr(error)]
    return acked, failed


def _read(consumer: Any, wanted: int, deadline: scenario.Deadline) -> list[Any]:
    read: list[Any] = []
    while len(read) < wanted and not deadline.over:
        message = consumer.consume()
        if message is not None:  # silence is no end: on a busy machine, minutes have been as long as seconds
            read.append(message)
    return read


def _naive(milliseconds: int) -> datetime.datetime:
    return _EPOCH + datetime.timedelta(milliseconds=milliseconds)


def _client(asked: scenario.Request) -> scenario.Client:
    if not asked.mode.startswith("asyncio"):
        return Pykafka(asked)
    if TYPE_CHECKING:
        from kafka_forge.scenarios import in_loop, in_loop_pykafka
    else:
        import in_loop
        import in_loop_pykafka

    driver = in_loop_pykafka.Driver(asked.address, use_rdkafka=asked.mode == "asyncio-rdkafka")
    return in_loop.InLoop(driver, counts=False, native=asked.native)


if __name__ == "__main__":
    asked = scenario.read_request()
    scenario.run(asked, _client(asked))
