"""Passes a few messages through a broker with one client in one mode; runs on the environment's Python.

Usage: ``exchange.py < REQUEST``. REQUEST is JSON: ``client``, ``mode``, ``address``, ``topic`` (which is there,
with one partition, and empty), ``settings`` (librdkafka's), ``count`` and ``seconds``. The last line of its output is
the answer, JSON, in the shape of `doctor.seen.Exchange`.
"""

from __future__ import annotations

import json
import os
import sys
import time
from pathlib import Path
from typing import Any

_COMMON = {
    "security.protocol": "security_protocol",
    "sasl.mechanism": "sasl_mechanism",
    "sasl.mechanisms": "sasl_mechanism",
    "sasl.username": "sasl_plain_username",
    "sasl.password": "sasl_plain_password",
}
_FILES = {
    "ssl.ca.location": "ssl_cafile",
    "ssl.certificate.location": "ssl_certfile",
    "ssl.key.location": "ssl_keyfile",
    "ssl.key.password": "ssl_password",
}
"""librdkafka's names → kafka-python's; aiokafka takes the first kind, and a context for the second."""


class Untried(Exception):
    """These settings say what cannot be said to this client here."""


def translated(settings: dict[str, str], names: dict[str, str]) -> dict[str, Any]:
    """Return settings in kafka-python's words."""
    found: dict[str, Any] = {new: settings[old] for old, new in names.items() if settings.get(old)}
    if "security_protocol" in found:
        found["security_protocol"] = found["security_protocol"].upper()
    if found.get("sasl_mechanism") in ("OAUTHBEARER", "GSSAPI"):
        raise Untried(f"{found['sasl_mechanism']} needs code or a package of this client's own")
    return found


def confluent_kafka(request: dict[str, Any], values: list[bytes]) -> tuple[int, int]:
    """Send and read by confluent-kafka."""
    from confluent_kafka import Consumer, Producer, TopicPartition

    told: list[str] = []
    milliseconds = int(request["seconds"] * 1000)
    common = {
        **request["settings"],
        "bootstrap.servers": request["address"],
        "error_cb": lambda error: told.append(str(error)),
        "log_level": 0,
    }
    acknowledged: list[Any] = []

    def report(error: Any, message: Any) -> None:
        if error:
            told.append(str(error))
        else:
            acknowledged.append(message.value())

    producer = Producer({**common, "message.timeout.ms": milliseconds})
    for value in values:
        producer.produce(request["topic"], value, on_delivery=report)
    producer.flush(request["seconds"])
    if len(acknowledged) < len(values):
        raise RuntimeError("; ".join(dict.fromkeys(told)) or "no delivery report in time")
    consumer = Consumer({**common, "group.id": request["topic"], "enable.auto.commit": False})
    consumer.assign([TopicPartition(request["topic"], 0, 0)])
    read: list[Any] = []
    until = time.monotonic() + request["seconds"]
    while len(read) < len(values) and time.monotonic() < until:
        message = consumer.poll(0.1)
        if message is not None and message.error():
            raise RuntimeError(str(message.error()))
        if message is not None:
            read.append(message.value())
    consumer.close()
    return len(acknowledged), sum(value in values for value in read)


def kafka_python(request: dict[str, Any], values: list[bytes]) -> tuple[int, int]:
    """Send and read by kafka-python."""
    from kafka import KafkaConsumer, KafkaProducer, TopicPartition

    settings = translated(request["settings"], {**_COMMON, **_FILES})
    if request["settings"].get("ssl.endpoint.identification.algorithm", "").lower() == "none":
        settings["ssl_check_hostname"] = False
    milliseconds = int(request["seconds"] * 1000)
    common = {"bootstrap_servers": request["address"], **settings}
    producer = KafkaProducer(max_block_ms=milliseconds, **common)
    futures = [producer.send(request["topic"], value) for value in values]
    sent = sum(bool(future.get(timeout=request["seconds"])) for future in futures)
    consumer = KafkaConsumer(consumer_timeout_ms=milliseconds, auto_offset_reset="earliest", **common)
    partition = TopicPartition(request["topic"], 0)
    consumer.assign([partition])
    consumer.seek_to_beginning(partition)
    received = 0
    for message in consumer:
        received += message.value in values
        if received == len(values):
            break
    return sent, received


def aiokafka(request: dict[str, Any], values: list[bytes]) -> tuple[int, int]:
    """Send and read by aiokafka."""
    import asyncio
    import ssl

    from aiokafka import AIOKafkaConsumer, AIOKafkaProducer

    settings = translated(request["settings"], _COMMON)
    if settings.get("security_protocol", "").endswith("SSL"):
        given = request["settings"]
        context = ssl.create_default_context(cafile=given.get("ssl.ca.location"))
        if given.get("ssl.endpoint.identification.algorithm", "").lower() == "none":
            context.check_hostname = False
        if given.get("ssl.certificate.location"):
            files = given["ssl.certificate.location"], given.get("ssl.key.location")
            context.load_cert_chain(*files, password=given.get("ssl.key.password"))
        settings["ssl_context"] = context

    async def work() -> tuple[int, int]:
        common = {"bootstrap_servers": request["address"], **settings}
        producer = AIOKafkaProducer(**common)
        consumer = AIOKafkaConsumer(request["topic"], auto_offset_reset="earliest", **common)
        try:
            await producer.start()
            sent = [await producer.send_and_wait(request["topic"], value) for value in values]
            await consumer.start()
            read = [await consumer.getone() for _ in values]
        finally:
            await producer.stop()
            await consumer.stop()
        return len(sent), sum(message.value in values for message in read)

    return asyncio.run(asyncio.wait_for(work(), 2 * request["seconds"]))


def pykafka(request: dict[str, Any], values: list[bytes]) -> tuple[int, int]:
    """Send and read by pykafka, in C mode where that is asked for."""
    import pykafka
    from pykafka.connection import SslConfig

    given = request["settings"]
    settings: dict[str, Any] = {}
    protocol = given.get("security.protocol", "plaintext").lower()
    if protocol.endswith("ssl"):
        files = [given.get(name) for name in _FILES]
        settings["ssl_config"] = SslConfig(*files)
    if protocol.startswith("sasl"):
        settings["sasl_authenticator"] = _authenticator(given)
    client = pykafka.KafkaClient(hosts=request["address"], **settings)
    topic = client.topics[request["topic"].encode()]
    native = request["mode"] == "rdkafka"
    milliseconds = int(request["seconds"] * 1000)
    sent = 0
    with topic.get_producer(use_rdkafka=native, delivery_reports=True, linger_ms=0) as producer:
        for value in values:
            producer.produce(value)
        for _ in values:
            _message, error = producer.get_delivery_report(block=True, timeout=request["seconds"])
            if error is not None:
                raise error
            sent += 1
    consumer = topic.get_simple_consumer(use_rdkafka=native, consumer_timeout_ms=milliseconds)
    received = 0
    while received < len(values):
        message = consumer.consume()
        if message is None:
            break
        received += message.value in values
    return sent, received


def _authenticator(given: dict[str, str]) -> Any:
    import importlib

    try:
        authenticators: Any = importlib.import_module("pykafka.sasl_authenticators")
    except ImportError as error:
        raise Untried("this pykafka has no SASL") from error
    mechanism = given.get("sasl.mechanism") or given.get("sasl.mechanisms") or "GSSAPI"
    words = given.get("sasl.username"), given.get("sasl.password")
    if mechanism == "PLAIN":
        return authenticators.PlainAuthenticator(*words)
    if mechanism.startswith("SCRAM"):
        return authenticators.ScramAuthenticator(mechanism, *words)
    raise Untried(f"pykafka has no {mechanism}")


def exchange(request: dict[str, Any]) -> dict[str, Any]:
    """Do what the request asks for, and return the answer."""
    values = [f"{request['topic']} {number}".encode() for number in range(request["count"])]
    answer: dict[str, Any] = {key: request[key] for key in ("client", "mode")}
    answer.update(asked=request["count"], sent=0, received=0)
    begun = time.monotonic()
    try:
        answer["sent"], answer["received"] = globals()[request["client"].replace("-", "_")](request, values)
    except Untried as error:
        answer["untried"] = str(error)
    except BaseException as error:  # noqa: BLE001  (whatever it raises is evidence)
        answer["error"] = f"{type(error).__name__}: {error}"
    answer["seconds"] = round(time.monotonic() - begun, 2)
    return answer


if __name__ == "__main__":
    here = str(Path(__file__).resolve().parent)
    sys.path[:] = [path for path in sys.path if os.path.realpath(path or ".") != here]
    print("\n" + json.dumps(exchange(json.loads(sys.stdin.buffer.read().decode("utf-8")))))
    sys.stdout.flush()
    os._exit(0)  # threads that a failed client left behind have no say in what was seen
