"""Transactions with confluent-kafka."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from confluent_kafka import Consumer, KafkaError, KafkaException, Producer, TopicPartition

if TYPE_CHECKING:
    from kafka_forge.scenarios import corpus, scenario
    from kafka_forge.scenarios.counted_confluent_kafka import checked
else:
    import corpus
    from counted_confluent_kafka import checked

_POLL = 0.05


class Desk:
    """`transacting.Desk`."""

    def __init__(self, address: str, deadline: scenario.Deadline) -> None:
        self._settings, self._deadline = {"bootstrap.servers": address}, deadline

    def fill(self, topic: str, numbers: range) -> None:
        """See `transacting.Desk.fill`."""
        producer = _Sender(Producer(self._settings), topic, self._deadline)
        for number in numbers:
            for partition in range(corpus.PARTITIONS):
                producer.send(partition, number)
        producer.flush()

    def writer(self, topic: str) -> Writer:
        """See `transacting.Desk.writer`."""
        limit = {"transaction.timeout.ms": int(self._deadline.left * 1000)}
        producer = Producer(self._settings | limit | {"transactional.id": topic})
        producer.init_transactions(self._deadline.left)
        return Writer(producer, topic, self._deadline)

    def reader(self, topic: str, isolation: str) -> Reader:
        """See `transacting.Desk.reader`."""
        consumer = self._consumer("unused", isolation)
        consumer.assign([TopicPartition(topic, partition, 0) for partition in range(corpus.PARTITIONS)])
        return Reader(consumer)

    def member(self, group: str) -> Reader:
        """See `transacting.Desk.member`."""
        consumer = self._consumer(group, "read_committed")
        consumer.subscribe([group])
        return Reader(consumer)

    def fenced(self, error: Exception) -> bool:
        """See `transacting.Desk.fenced`: librdkafka tells it by a code of its own, and as fatal."""
        said = error.args[0] if isinstance(error, KafkaException) else None
        return said is not None and said.code() == KafkaError._FENCED and said.fatal()  # noqa: SLF001  (a public name)

    def replaced(self, error: Exception) -> bool:
        """See `transacting.Desk.replaced`."""
        said = error.args[0] if isinstance(error, KafkaException) else None
        return said is not None and said.code() in (KafkaError.ILLEGAL_GENERATION, KafkaError.UNKNOWN_MEMBER_ID)

    def _consumer(self, group: str, isolation: str) -> Any:
        return Consumer(
            self._settings
            | {
                "group.id": group,
                "auto.offset.reset": "earliest",
                "enable.auto.commit": False,
                "isolation.level": isolation,
            }
        )


class Reader:
    """`transacting.Reader`."""

    def __init__(self, consumer: Any) -> None:
        self._consumer = consumer

    def poll(self) -> list[tuple[int, int, int]]:
        """See `transacting.Reader.poll`."""
        return [(m.partition(), m.offset(), int(m.value())) for m in checked(self._consumer.consume(100, _POLL))]

    def held(self) -> tuple[Any, Any]:
        """See `transacting.Reader.held`."""
        return self._consumer.position(self._consumer.assignment()), self._consumer.consumer_group_metadata()

    def close(self) -> None:
        """See `transacting.Reader.close`."""
        self._consumer.close()


class _Sender:
    """A producer, and what was not delivered."""

    def __init__(self, producer: Any, topic: str, deadline: scenario.Deadline) -> None:
        self._producer, self._topic, self._deadline = producer, topic, deadline
        self._failed: list[str] = []

    def send(self, partition: int, number: int) -> None:
        """See `transacting.Writer.send`."""
        self._producer.produce(self._topic, b"%d" % number, partition=partition, on_delivery=self._delivered)

    def flush(self) -> None:
        """See `transacting.Writer.flush`."""
        if self._producer.flush(self._deadline.left) or self._failed:
            raise RuntimeError(f"messages were not delivered: {self._failed[:1]}")

    def _delivered(self, error: Any, _message: Any) -> None:
        if error:
            self._failed.append(str(error))


class Writer(_Sender):
    """`transacting.Writer`."""

    def begin(self) -> None:
        """See `transacting.Writer.begin`."""
        self._producer.begin_transaction()

    def offsets(self, held: tuple[Any, Any]) -> None:
        """See `transacting.Writer.offsets`."""
        self._producer.send_offsets_to_transaction(*held, self._deadline.left)

    def commit(self) -> None:
        """See `transacting.Writer.commit`."""
        self._producer.commit_transaction(self._deadline.left)

    def abort(self) -> None:
        """See `transacting.Writer.abort`."""
        self._producer.abort_transaction(self._deadline.left)

    def close(self) -> None:
        """There is nothing to be closed: it ends with the process."""
