"""A case inside the environment of pykafka: ADDRESS ARGUMENTS(JSON); what is read from some times on, in JSON.

Standard library and pykafka only: test_pykafka_times.py runs it.
"""

from __future__ import annotations

import datetime
import json
import logging
import sys

from draining import drained, next_of  # type: ignore[import-not-found]
from pykafka import KafkaClient

START = datetime.datetime(2024, 1, 1)  # noqa: DTZ001 - pykafka takes naive UTC


def main(address: str, topic: str, times: list[tuple[float, int]], use_rdkafka: bool) -> list[list[int]]:
    """Go on from each of the times, while other messages wait to be consumed.

    A time is given as hours since START, with how many messages must come. Where that is none, one is written then: it
    alone is to be read, and tells that reading has begun.
    """
    client = KafkaClient(address)
    found = client.topics[topic.encode()]
    consumer = found.get_simple_consumer(use_rdkafka=use_rdkafka, consumer_timeout_ms=1000)
    if (first := next_of(consumer)).offset != 0:
        raise ValueError(first)
    read = []
    for hours, count in times:
        consumer.reset_offsets([(found.partitions[0], START + datetime.timedelta(hours=hours))])
        if not count:
            with found.get_producer(linger_ms=1) as producer:
                producer.produce(b"%d" % hours)
        read.append([int(message.value) for message in drained(consumer, count=count or 1)])
    consumer.stop()
    return read


if __name__ == "__main__":
    logging.basicConfig(level=logging.ERROR)
    sys.stdout.write(json.dumps(main(sys.argv[1], **json.loads(sys.argv[2]))) + "\n")
