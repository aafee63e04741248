"""Arguments of produce() that cannot be honoured."""

from __future__ import annotations

import datetime as dt
from types import SimpleNamespace
from typing import Any

from .clients import topic_of

EAST = dt.timezone(dt.timedelta(hours=14))


class _Bytes(bytes):
    pass


GOOD: dict[str, dict[str, Any]] = {
    "no value": {"message": None},
    "a kind of bytes": {"message": _Bytes(b"v"), "partition_key": _Bytes(b"k")},
    "naive time": {"timestamp": dt.datetime(2020, 1, 1)},  # noqa: DTZ001 - pykafka's are UTC where they are naive
    "aware time": {"timestamp": dt.datetime(2020, 1, 1, 14, tzinfo=EAST)},
    "int": {"timestamp": 1_577_836_800_000},
    "float": {"timestamp": 1_577_836_800_000.9},
    "no headers": {"headers": []},
    "lists": {"headers": [["a", b"1"], ("b", None)]},
    "tuples": {"headers": (("a", b"1"), ("b", None))},
}
BAD: dict[str, dict[str, Any]] = {
    "str": {"message": "v"},
    "bytearray": {"message": bytearray(b"v")},
    "number": {"message": 1},
    "str as key": {"partition_key": "k"},
    "time as str": {"timestamp": "2020-01-01"},
    "bool": {"timestamp": True},
    "before 1970": {"timestamp": dt.datetime(1969, 12, 31)},  # noqa: DTZ001 - as above
    "last day": {"timestamp": dt.datetime.min.replace(tzinfo=EAST)},
    "negative": {"timestamp": -1},
    "too late": {"timestamp": 2**63},
    "no number": {"timestamp": float("nan")},
    "endless": {"timestamp": float("inf")},
    "the present for librdkafka": {"timestamp": 0},
    "dict": {"headers": {"a": b"1"}},
    "headers as str": {"headers": "ab"},
    "no pair": {"headers": [("a", b"1", b"2")]},
    "two letters": {"headers": ["ab"]},
    "name of bytes": {"headers": [(b"a", b"1")]},
    "value of str": {"headers": [("a", "1")]},
    "no name": {"headers": [(None, b"1")]},
    "surrogate": {"headers": [("\ud800", b"1")]},
}
CHOICES = {"nothing": None, "number": 0, "below": SimpleNamespace(id=-1), "no number": SimpleNamespace(id="0")}
SERIALIZED = {"no pair": b"v", "three": (b"v", None, None), "str": ("v", None), "str as key": (b"v", "k")}


def refuse_arguments(address: str, topic: str) -> dict[str, Any]:
    """What each argument comes to, between messages that are good: "" or the class and text of what is raised."""
    with topic_of(address, topic) as found:
        with found.get_producer(use_rdkafka=True, linger_ms=1) as producer:
            good = {name: _raised(producer, **options) for name, options in GOOD.items()}
            bad = {name: _raised(producer, **options) for name, options in BAD.items()}
            producer.produce(b"after")
        with found.get_producer(use_rdkafka=True, linger_ms=1, serializer=lambda value, _: SERIALIZED[value]) as other:
            unserializable = {name: _raised(other, message=name) for name in SERIALIZED}
        chosen = {name: _chosen(found, choice) for name, choice in CHOICES.items()}
    return {"good": good, "bad": bad, "unserializable": unserializable, "chosen": chosen}


def _chosen(found: Any, choice: Any) -> str:
    with found.get_producer(use_rdkafka=True, linger_ms=1, partitioner=lambda *_: choice) as producer:
        return _raised(producer)


def _raised(producer: Any, message: Any = b"v", **options: Any) -> str:
    try:
        producer.produce(message, **options)
    except (TypeError, ValueError, OverflowError) as error:
        return f"{type(error).__name__}: {error}"
    return ""


def refuse_clients(address: str, topic: str, kind: str, clients: list[dict[str, Any]]) -> list[str]:
    """What each client comes to that is made with these arguments."""
    with topic_of(address, topic) as found:
        make = found.get_producer if kind == "producer" else found.get_simple_consumer
        return [_made(make, options) for options in clients]


def _made(make: Any, options: dict[str, Any]) -> str:
    try:
        make(use_rdkafka=True, **options).stop()
    except (TypeError, ValueError) as error:
        return f"{type(error).__name__}: {error}"
    return ""
