"""A case inside the environment of pykafka: ADDRESS ARGUMENTS(JSON); what is read from some times on, in JSON.

Standard library and pykafka only: test_pykafka_times.py runs it.
"""

from __future__ import annotations

import datetime
import json
import logging
import sys

from pykafka import KafkaClient

START = datetime.datetime(2024, 1, 1)  # noqa: DTZ001 - pykafka takes naive UTC


def main(address: str, topic: str, hours: list[float], use_rdkafka: bool) -> list[list[int]]:
    """Go on from each of the times, which are hours since START, while other messages wait to be consumed."""
    client = KafkaClient(address)
    found = client.topics[topic.encode()]
    consumer = found.get_simple_consumer(use_rdkafka=use_rdkafka, consumer_timeout_ms=2000)
    first = consumer.consume()
    if first is None or first.offset != 0:
        raise ValueError(first)
    read = []
    for each in hours:
        consumer.reset_offsets([(found.partitions[0], START + datetime.timedelta(hours=each))])
        read.append([int(message.value) for message in consumer])
    consumer.stop()
    return read


if __name__ == "__main__":
    logging.basicConfig(level=logging.ERROR)
    sys.stdout.write(json.dumps(main(sys.argv[1], **json.loads(sys.argv[2]))) + "\n")
