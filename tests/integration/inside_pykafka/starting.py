"""Clients that start or do not: each argument of a client, and connections by TLS and SASL."""

from __future__ import annotations

import json
import sys

from pykafka import KafkaClient, SslConfig
from pykafka.exceptions import KafkaException

from .clients import topic_of


def try_each(address: str, topic: str, kind: str) -> None:
    """Answer every line of standard input, arguments in JSON, with a line: "" or what was raised."""
    for line in sys.stdin:
        arguments = json.loads(line)
        client = {"socket_timeout_ms": arguments.pop("socket_timeout_ms", 30000)}
        answer = ""
        with topic_of(address, topic, **client) as found:
            make = found.get_simple_consumer if kind == "consumer" else found.get_producer
            try:
                make(use_rdkafka=True, **arguments).stop()
            except (KafkaException, ValueError) as error:
                answer = f"{type(error).__name__}: {error}"
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()


def round_trip(address: str, value: str, ca: str | None = None, sasl: list[str] | None = None) -> str:
    """Write a value to topic `t` and read it back, both through librdkafka; or what was raised."""
    options = {}
    if sasl is not None:
        from pykafka.sasl_authenticators import PlainAuthenticator, ScramAuthenticator

        mechanism, user, password = sasl
        authenticator = (
            PlainAuthenticator(user, password)
            if mechanism == "PLAIN"
            else ScramAuthenticator(mechanism, user, password)
        )
        options = {"sasl_authenticator": authenticator}
    try:
        client = KafkaClient(address, ssl_config=ca and SslConfig(ca), **options)
    except KafkaException as error:
        return f"{type(error).__name__}: {error}"
    topic = client.topics[b"t"]
    with topic.get_producer(use_rdkafka=True, sync=True) as producer:
        offset = producer.produce(value.encode()).offset
    consumer = topic.get_simple_consumer(use_rdkafka=True, consumer_timeout_ms=90_000)
    read: str = next(message.value.decode() for message in consumer if message.offset == offset)
    consumer.stop()
    return read
