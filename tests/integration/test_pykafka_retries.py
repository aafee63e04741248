"""pykafka's pure producer when requests are refused or lost: order, counts and reports, with librdkafka as the witness.

The faults are made by a proxy between pykafka and a real broker.
"""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, Any

import pytest

from .kafka_proxy import PRODUCE, Proxy, hold, lose_answer, lose_request, pass_on, refuse
from .retry_bench import SECONDS, Bench, numbers

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kafka_forge.brokers import Broker

pytestmark = pytest.mark.integration

NOT_LEADER = 6


@pytest.fixture
def bench(pykafka: Any, broker: Broker) -> Iterator[Bench]:
    with Proxy(broker.address) as proxy:
        yield Bench(pykafka, broker, proxy)


def until(condition: Any) -> None:
    end = time.monotonic() + SECONDS
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.01)


# ------------------------------------------------------------------------------------------------------------ order


@pytest.mark.parametrize(
    "fault", [refuse(NOT_LEADER), refuse(7), lose_request], ids=["not-leader", "timed-out", "connection-lost"]
)
def test_what_is_sent_again_is_not_overtaken(bench: Bench, fault: Any) -> None:
    """The first request fails while more messages are waiting; the log held 1 ... 19, 0."""
    topic = bench.topic()
    proceed = threading.Event()
    bench.proxy.order(PRODUCE, hold(proceed, fault))
    with topic.get_producer(linger_ms=0, pending_timeout_ms=60_000) as producer:
        producer.produce(b"0")
        until(lambda: PRODUCE in bench.proxy.seen)
        for value in numbers(1, 20):
            producer.produce(value)
        proceed.set()
    assert bench.log(topic) == numbers(0, 20)


def test_every_partition_keeps_its_order(bench: Bench) -> None:
    topic = bench.topic(partitions=4)
    options = {"pending_timeout_ms": 60_000, "max_request_size": 2000, "max_retries": 20}
    with topic.get_producer(linger_ms=1, **options) as producer:
        for number in range(2000):
            if number % 200 == 0:
                bench.proxy.order(PRODUCE, refuse(NOT_LEADER) if number % 400 else lose_request)
            producer.produce(b"%d" % number)
    logs = [bench.log(topic, partition) for partition in range(4)]
    assert [log == sorted(log, key=int) for log in logs] == [True] * 4
    assert sorted(int(value) for log in logs for value in log) == list(range(2000))


# ------------------------------------------------------------------------------------------------------------- stop


@pytest.mark.parametrize("fault", [refuse(NOT_LEADER), lose_request], ids=["not-leader", "connection-lost"])
def test_stop_waits_for_what_is_sent_again(bench: Bench, fault: Any) -> None:
    """Nothing was raised and the topic stayed empty: what is sent again was in no queue."""
    topic = bench.topic()
    bench.proxy.order(PRODUCE, fault)
    producer = topic.get_producer(linger_ms=0, pending_timeout_ms=60_000)
    producer.produce(b"x")
    until(lambda: PRODUCE in bench.proxy.seen)
    producer.stop()
    assert bench.log(topic) == [b"x"]


@pytest.mark.parametrize("reports", [False, True])
def test_what_is_not_delivered_until_stop_is_reported(bench: Bench, reports: bool) -> None:
    """One message is under way, the others wait behind it when the time is up."""
    topic = bench.topic()
    proceed = threading.Event()
    bench.proxy.order(PRODUCE, hold(proceed, lose_request), times=100)
    producer = topic.get_producer(linger_ms=0, pending_timeout_ms=500, delivery_reports=reports)
    producer.produce(b"0")
    until(lambda: PRODUCE in bench.proxy.seen)
    for value in numbers(1, 10):
        producer.produce(value)
    if reports:
        producer.stop()
        made = [producer.get_delivery_report(timeout=1) for _ in range(10)]
        assert [message.value for message, _ in made] == numbers(0, 10)
        assert {type(error) for _, error in made} == {bench.errors.ProduceFailureError}
        assert "may have been written" in str(made[0][1])
        assert "never sent" in str(made[1][1])
    else:
        with pytest.raises(bench.errors.ProduceFailureError, match="10 messages were not delivered"):
            producer.stop()
    proceed.set()
    with pytest.raises(bench.errors.ProducerStoppedException):
        producer.produce(b"late")


def test_a_producer_that_is_forgotten_delivers_and_ends(bench: Bench) -> None:
    """Its destructor waits for nothing: the collector may run in the very thread that has to send."""
    topic = bench.topic()
    before = set(threading.enumerate())
    proceed = threading.Event()
    bench.proxy.order(PRODUCE, hold(proceed, pass_on))
    producer = topic.get_producer(linger_ms=60_000)
    producer.produce(b"x")
    del producer
    assert bench.log(topic) == []
    proceed.set()
    until(lambda: not {each for each in set(threading.enumerate()) - before if "OwnedBroker" in each.name})
    assert bench.log(topic) == [b"x"]


def test_lost_answers_are_asked_for_again(bench: Bench) -> None:
    """Without idempotence that may repeat a message; it must not lose or reorder one."""
    topic = bench.topic()
    bench.proxy.order(PRODUCE, lose_answer)
    with topic.get_producer(linger_ms=0, pending_timeout_ms=60_000) as producer:
        for value in numbers(0, 3):
            producer.produce(value)
    written = bench.log(topic)
    assert sorted(set(written)) == numbers(0, 3)
    assert [value for number, value in enumerate(written) if value not in written[:number]] == numbers(0, 3)


# -------------------------------------------------------------------------------------------------------- synchronous


def test_a_synchronous_call_gets_the_report_of_its_own_message(bench: Bench) -> None:
    """After one that timed out, all others got the report of the one before."""
    topic = bench.topic()
    proceed = threading.Event()
    bench.proxy.order(PRODUCE, hold(proceed, pass_on))
    with topic.get_sync_producer(pending_timeout_ms=500) as producer:
        with pytest.raises(bench.errors.ProduceFailureError, match="may yet be"):
            producer.produce(b"0")
        proceed.set()
        until(lambda: bench.log(topic) == [b"0"])
        producer._pending_timeout_ms = 60_000
        made = [producer.produce(value) for value in numbers(1, 4)]
    assert [message.offset for message in made] == [1, 2, 3]
    assert bench.log(topic) == numbers(0, 4)


def test_what_a_synchronous_call_gave_up_is_not_written_later(bench: Bench) -> None:
    topic = bench.topic()
    proceed = threading.Event()
    bench.proxy.order(PRODUCE, hold(proceed, pass_on))
    with topic.get_sync_producer(pending_timeout_ms=500) as producer:
        with pytest.raises(bench.errors.ProduceFailureError, match="may yet be"):
            producer.produce(b"under way")
        with pytest.raises(bench.errors.ProduceFailureError, match="will not be written"):
            producer.produce(b"behind it")
        proceed.set()
        until(lambda: bench.log(topic) == [b"under way"])
        producer._pending_timeout_ms = 60_000
        producer.produce(b"later")
    assert bench.log(topic) == [b"under way", b"later"]


# --------------------------------------------------------------------------------------------------------------- time


def test_delivery_is_not_given_up_while_there_is_no_broker(bench: Bench) -> None:
    """It was after 3 x 100 ms, and NoBrokersAvailableError was what every later call raised."""
    topic = bench.topic()
    with topic.get_producer(linger_ms=0, pending_timeout_ms=60_000, delivery_reports=True) as producer:
        producer.produce(b"0")
        assert producer.get_delivery_report(timeout=60)[1] is None
        bench.proxy.close()
        for value in numbers(1, 10):
            producer.produce(value)
        time.sleep(4)  # an outage that is longer than 3 x 100 ms, and than a client's retries of connecting
        bench.proxy.reopen()
        for value in numbers(10, 20):
            producer.produce(value)
        assert [producer.get_delivery_report(timeout=60)[1] for _ in range(19)] == [None] * 19
    assert bench.log(topic) == numbers(0, 20)


def test_delivery_is_given_up_when_its_time_is_over(bench: Bench) -> None:
    topic = bench.topic()
    bench.proxy.order(PRODUCE, refuse(NOT_LEADER), times=1000)
    options = {"delivery_timeout_ms": 1000, "linger_ms": 0, "delivery_reports": True, "pending_timeout_ms": 60_000}
    with topic.get_producer(**options) as producer:
        begin = time.monotonic()
        producer.produce(b"too late")
        _, error = producer.get_delivery_report(timeout=60)
        assert time.monotonic() - begin >= 1
        assert type(error) is bench.errors.ProduceFailureError
        assert "since" in str(error)
        assert "NotLeaderForPartition" in str(error)
        assert type(error.__cause__) is bench.errors.NotLeaderForPartition
        attempts = sum(api == PRODUCE for api in bench.proxy.seen)
        assert 2 <= attempts <= 6  # at 0, 100, 300, 700 ms and so on, a fifth more or less
        bench.proxy.forget(PRODUCE)
        producer.produce(b"in time")
        assert producer.get_delivery_report(timeout=60)[1] is None
    assert bench.log(topic) == [b"in time"]


@pytest.mark.parametrize("retries", [0, 2])
def test_as_many_retries_as_were_asked_for(bench: Bench, retries: int) -> None:
    topic = bench.topic()
    bench.proxy.order(PRODUCE, refuse(NOT_LEADER), times=1000)
    with topic.get_sync_producer(max_retries=retries, pending_timeout_ms=60_000) as producer:
        with pytest.raises(bench.errors.NotLeaderForPartition):
            producer.produce(b"x")
        assert sum(api == PRODUCE for api in bench.proxy.seen) == 1 + retries


def test_what_a_retry_cannot_mend_is_reported_at_once(bench: Bench) -> None:
    topic = bench.topic()
    bench.proxy.order(PRODUCE, refuse(29), times=1000)
    with topic.get_sync_producer(pending_timeout_ms=60_000) as producer:
        with pytest.raises(bench.errors.TopicAuthorizationFailed):
            producer.produce(b"x")
        assert sum(api == PRODUCE for api in bench.proxy.seen) == 1


def test_start_after_stop_begins_afresh(bench: Bench) -> None:
    topic = bench.topic()
    bench.proxy.close()
    producer = topic.get_producer(linger_ms=0, pending_timeout_ms=1000)
    producer.produce(b"lost")
    with pytest.raises(bench.errors.ProduceFailureError, match="stopped before"):
        producer.stop()
    bench.proxy.reopen()
    producer._pending_timeout_ms = 60_000
    producer.start()
    producer.produce(b"kept")
    producer.stop()
    assert bench.log(topic) == [b"kept"]


def test_less_time_for_delivery_than_for_lingering_is_refused(bench: Bench) -> None:
    with pytest.raises(ValueError, match="delivery_timeout_ms"):
        bench.topic().get_producer(delivery_timeout_ms=100, linger_ms=200)


def test_an_idle_producer_does_nothing(bench: Bench) -> None:
    """With linger_ms=0 its worker took a whole core."""
    with bench.topic().get_producer(linger_ms=0) as producer:
        producer.produce(b"x")
        until(lambda: PRODUCE in bench.proxy.seen)
        time.sleep(1)  # the answer has come
        begin = time.process_time()
        time.sleep(3)
        assert time.process_time() - begin < 0.5
