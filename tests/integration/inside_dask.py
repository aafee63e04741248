"""Runs inside the environment of dask-kafka-ranges: CASE ADDRESS TOPIC; the last line is the answer, in JSON.

Standard library, confluent-kafka, Dask with `distributed`, and the package only.
"""

from __future__ import annotations

import json
import pickle
import sys
from typing import Any

import dask
import dask_kafka_ranges as kafka
from confluent_kafka import Producer
from dask_kafka_ranges import reading

Answer = dict[str, Any]


def told(call: Any) -> Answer:
    """Return what a call raised, and what is left of it once it has been pickled."""
    try:
        call()
    except kafka.KafkaRangesError as error:
        after = pickle.loads(pickle.dumps(error))
        same = (type(after), str(after), after.__dict__) == (type(error), str(error), error.__dict__)
        code = error.cause.name if error.cause else None
        where = [error.topic, error.partition, error.offset]
        return {"kind": type(error).__name__, "code": code, "where": where, "same": same, "text": str(error)}
    return {"kind": None}


def fill(settings: Answer, topic: str, count: int, value: bytes = b"{}") -> None:
    producer = Producer(settings)
    for number in range(count):
        producer.produce(topic, value, partition=number % 2)
    assert producer.flush(60) == 0


def errors(settings: Answer, topic: str) -> Answer:
    """Each thing that can be wrong with what is asked for."""
    fill(settings, topic, 20)
    producer = Producer(settings)
    producer.produce(topic, b"{", partition=1)
    assert producer.flush(60) == 0
    nobody = {"bootstrap.servers": "127.0.0.1:1", "log_level": 0}
    beyond, first = (kafka.OffsetRange(topic, 0, 5, 99),), (kafka.OffsetRange(topic, 0, 0, 5),)
    numbers = kafka.read_kafka(topic, settings).map(lambda message: message.offset)
    with dask.config.set(scheduler="threads"):
        return {
            "topic": told(lambda: kafka.read_kafka(topic + "-none", settings)),
            "partition": told(lambda: kafka.plan_ranges(topic, settings, start={7: 0})),
            "offset": told(lambda: kafka.plan_ranges(topic, settings, start={0: 11})),
            "broker": told(lambda: kafka.plan_ranges(topic, nobody, timeout=1)),
            "json": told(lambda: kafka.read_kafka(topic, settings, value="json").compute()),
            "beyond": told(lambda: kafka.read_kafka(topic, settings, ranges=beyond, timeout=5).compute()),
            "silent": told(lambda: kafka.read_kafka(topic, nobody, ranges=first, timeout=5).compute()),
            "encode": told(lambda: kafka.to_kafka(numbers, topic, settings).compute()),
        }


def gone(settings: Answer, topic: str) -> Answer:
    """A range that retention has taken away since it was planned."""
    with dask.config.set(scheduler="threads"):
        return told(kafka.read_kafka(topic, settings, ranges=(kafka.OffsetRange(topic, 0, 0, 5),)).compute)


def moved(settings: Answer, topic: str) -> Answer:
    """A group whose offset somebody else has moved."""
    fill(settings, topic, 20)
    ranges = kafka.plan_ranges(topic, settings, group=topic)
    with dask.config.set(scheduler="threads"):
        bag = kafka.read_kafka(topic, settings, ranges=ranges)
        kafka.to_kafka(bag, topic, settings, ranges=ranges, group=topic).compute()
        late = [each._replace(start=0, end=each.end + 3) for each in ranges]
        other = kafka.read_kafka(topic, settings, ranges=late)
        return told(kafka.to_kafka(other, topic, settings, ranges=late, group=topic).compute)


def warm(settings: Answer, topic: str) -> Answer:
    """A range that begins where another one ended is read by the same consumer, and one elsewhere is not."""
    fill(settings, topic, 40)
    parts = [kafka.OffsetRange(topic, 0, start, start + 5) for start in (0, 5, 15, 10)]
    made: list[int] = []
    module: Any = reading
    consumer = module.Consumer

    def counted(settings: Answer) -> Any:
        made.append(1)
        return consumer(settings)

    module.Consumer = counted
    read = [[message.offset for message in reading.run(reading.Reading(each, settings))] for each in parts]
    kafka.close_consumers()
    return {"made": len(made), "read": read}


def hidden() -> None:
    """Have this process find no such package."""
    import sys

    for name in ("dask_kafka_ranges", *(each for each in sys.modules if each.startswith("dask_kafka_ranges."))):
        sys.modules[name] = None  # type: ignore[assignment]


def absent(settings: Answer, topic: str) -> Answer:
    """A worker without the package."""
    from distributed import Client, LocalCluster

    fill(settings, topic, 2)
    cluster = LocalCluster(n_workers=1, threads_per_worker=1, dashboard_address=None, memory_limit=0)
    with cluster, Client(cluster) as client:
        client.run(hidden)
        try:
            client.compute(kafka.read_kafka(topic, settings)).result(timeout=60)
        except Exception as error:  # noqa: BLE001  (which one is the question)
            return {"kind": type(error).__name__, "text": str(error)}
    return {"kind": None}


if __name__ == "__main__":
    case, address, name = sys.argv[1:]
    answer = globals()[case]({"bootstrap.servers": address}, name)
    sys.stdout.write("\n" + json.dumps(answer) + "\n")
