"""Transactions with kafka-python, which has them from 2.2 on, and a member's word for its offsets from 3.0 on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kafka import KafkaConsumer, KafkaProducer, OffsetAndMetadata, TopicPartition, errors

if TYPE_CHECKING:
    from kafka_forge.scenarios import corpus, scenario
else:
    import corpus

_POLL_MS = 50


class Desk:
    """`transacting.Desk`."""

    def __init__(self, address: str, deadline: scenario.Deadline) -> None:
        self._address, self._deadline = address, deadline

    def fill(self, topic: str, numbers: range) -> None:
        """See `transacting.Desk.fill`."""
        producer = _Sender(KafkaProducer(bootstrap_servers=self._address), topic, self._deadline)
        for number in numbers:
            for partition in range(corpus.PARTITIONS):
                producer.send(partition, number)
        producer.flush()
        producer.close()

    def writer(self, topic: str) -> Writer:
        """See `transacting.Desk.writer`."""
        left = int(self._deadline.left * 1000)
        producer = KafkaProducer(
            bootstrap_servers=self._address, transactional_id=topic, transaction_timeout_ms=left, max_block_ms=left
        )
        producer.init_transactions()
        return Writer(producer, topic, self._deadline)

    def reader(self, topic: str, isolation: str) -> Reader:
        """See `transacting.Desk.reader`."""
        consumer = self._consumer(None, isolation)
        partitions = [TopicPartition(topic, partition) for partition in range(corpus.PARTITIONS)]
        consumer.assign(partitions)
        consumer.seek_to_beginning(*partitions)
        return Reader(consumer)

    def member(self, group: str) -> Reader:
        """See `transacting.Desk.member`."""
        consumer = self._consumer(group, "read_committed")
        consumer.subscribe([group])
        return Reader(consumer)

    def fenced(self, error: Exception) -> bool:
        """See `transacting.Desk.fenced`."""
        return isinstance(error, errors.ProducerFencedError)

    def replaced(self, error: Exception) -> bool:
        """See `transacting.Desk.replaced`."""
        return isinstance(error, (errors.CommitFailedError, errors.IllegalGenerationError, errors.UnknownMemberIdError))

    def _consumer(self, group: str | None, isolation: str) -> Any:
        return KafkaConsumer(
            bootstrap_servers=self._address,
            group_id=group,
            auto_offset_reset="earliest",
            enable_auto_commit=False,
            isolation_level=isolation,
        )


class Reader:
    """`transacting.Reader`."""

    def __init__(self, consumer: Any) -> None:
        self._consumer = consumer

    def poll(self) -> list[tuple[int, int, int]]:
        """See `transacting.Reader.poll`."""
        found = [each for some in self._consumer.poll(timeout_ms=_POLL_MS).values() for each in some]
        return [(each.partition, each.offset, int(each.value)) for each in found]

    def held(self) -> tuple[Any, Any]:
        """See `transacting.Reader.held`; before 3.0 there is but the group's name for a member."""
        consumer = self._consumer
        member = consumer.group_metadata() if hasattr(consumer, "group_metadata") else consumer.config["group_id"]
        return {each: OffsetAndMetadata(consumer.position(each), "", -1) for each in consumer.assignment()}, member

    def close(self) -> None:
        """See `transacting.Reader.close`."""
        self._consumer.close(autocommit=False)


class _Sender:
    """A producer, and what it has sent."""

    def __init__(self, producer: Any, topic: str, deadline: scenario.Deadline) -> None:
        self._producer, self._topic, self._deadline = producer, topic, deadline
        self._sent: list[Any] = []

    def send(self, partition: int, number: int) -> None:
        """See `transacting.Writer.send`."""
        self._sent.append(self._producer.send(self._topic, value=b"%d" % number, partition=partition))

    def flush(self) -> None:
        """See `transacting.Writer.flush`; a message that was not delivered raises here."""
        for future in self._sent:
            future.get(self._deadline.left)
        self._sent.clear()

    def close(self) -> None:
        """See `transacting.Writer.close`."""
        self._producer.close(timeout=self._deadline.left)


class Writer(_Sender):
    """`transacting.Writer`."""

    def begin(self) -> None:
        """See `transacting.Writer.begin`."""
        self._producer.begin_transaction()

    def offsets(self, held: tuple[Any, Any]) -> None:
        """See `transacting.Writer.offsets`."""
        self._producer.send_offsets_to_transaction(*held)

    def commit(self) -> None:
        """See `transacting.Writer.commit`."""
        self._producer.commit_transaction()

    def abort(self) -> None:
        """See `transacting.Writer.abort`."""
        self._producer.abort_transaction()
