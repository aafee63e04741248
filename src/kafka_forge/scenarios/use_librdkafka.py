"""The round trip with librdkafka alone, through its C API: for the artifact that has no Python of its own."""

from __future__ import annotations

import ctypes
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kafka_forge.scenarios import corpus, librdkafka_api, scenario

    LIBRARY: librdkafka_api.Library
else:
    import librdkafka_api

    # Before `hashlib` is imported, which brings this Python's own libcrypto: of one soname only one can be loaded, and
    # the one that counts here stands beside the library that is tried.
    LIBRARY = librdkafka_api.Library(json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))["library"])
    import corpus
    import scenario

_EVERY_MS = 20


class Librdkafka:
    """`scenario.Client` over ``rd_kafka_produceva`` and ``rd_kafka_consumer_poll``."""

    together = False
    counts = True

    def __init__(self, request: scenario.Request) -> None:
        self._address = request.address
        self._lib = LIBRARY
        self._counted: dict[str, dict[str, int]] = {}
        self._callbacks: list[Any] = []  # the library holds no reference to them, so we do

    def produce(
        self, codec: str, topic: str, messages: list[corpus.Message], deadline: scenario.Deadline
    ) -> dict[str, Any]:
        """See `scenario.Client.produce`."""
        lib, name = self._lib, f"producer-{codec}"
        conf = self._configuration(name, {"compression.type": codec})
        acked, failed = 0, []

        def delivered(_handle: int, message: Any, _opaque: int) -> None:
            nonlocal acked
            if message.contents.err:
                failed.append(lib.explain(message.contents.err))
            else:
                acked += 1

        callback = librdkafka_api.DeliveryCallback(delivered)
        self._callbacks.append(callback)
        lib.call("conf_set_dr_msg_cb", conf, callback)
        producer = lib.handle(librdkafka_api.PRODUCER, conf)
        try:
            for m in messages:
                lib.produce(producer, topic, m.partition, m.key, m.value, m.headers, m.timestamp)
            lib.check("flush", producer, int(deadline.left * 1000))
            while self._count(name, "txmsgs") < acked and not deadline.over:
                lib.call("poll", producer, _EVERY_MS)
        finally:
            lib.call("destroy", producer)
        return {"sent": len(messages), "acked": acked, "failed": failed[:3], "cannot": {}}

    def consume(self, topic: str, expected: dict[int, int], deadline: scenario.Deadline) -> dict[str, Any]:
        """See `scenario.Client.consume`."""
        name, wanted = f"consumer-{topic}", sum(expected.values())
        consumer = self._consumer(name, "unused")
        try:
            self._with_list("assign", consumer, topic, dict.fromkeys(expected, 0))
            records = [self._record(message) for message in self._arriving(consumer, wanted, deadline)]
            while self._count(name, "rxmsgs") < len(records) and not deadline.over:
                self._lib.call("consumer_poll", consumer, _EVERY_MS)
            return {"records": records, "cannot": {}}
        finally:
            self._leave(consumer)

    def group(self, group: str, topic: str, expected: dict[int, int], deadline: scenario.Deadline) -> dict[str, Any]:
        """See `scenario.Client.group`."""
        total = sum(expected.values())
        first = self._member(group, topic, total // 2, deadline, commit=True)
        return {"first": first, "second": self._member(group, topic, total - len(first), deadline, commit=False)}

    def statistics(self) -> dict[str, Any]:
        """See `scenario.Client.statistics`."""
        return {
            "source": "librdkafka's statistics (txmsgs, rxmsgs)",
            "version": self._lib.call("version_str").decode(),
            "library": scenario.mapped_libraries(),
            "sent": sum(counts["txmsgs"] for name, counts in self._counted.items() if name.startswith("producer")),
            "received": sum(counts["rxmsgs"] for name, counts in self._counted.items() if name.startswith("consumer")),
        }

    def _member(
        self, group: str, topic: str, wanted: int, deadline: scenario.Deadline, *, commit: bool
    ) -> list[list[int]]:
        consumer = self._consumer(f"member-{commit}", group)
        try:
            self._with_list("subscribe", consumer, topic, {-1: librdkafka_api.OFFSET_INVALID})
            read = [[m.contents.partition, m.contents.offset] for m in self._arriving(consumer, wanted, deadline)]
            if commit:
                self._lib.check("commit", consumer, None, 0)
            return read
        finally:
            self._leave(consumer)

    def _with_list(self, name: str, handle: Any, topic: str, offsets: dict[int, int]) -> None:
        listed = self._lib.partitions(topic, offsets)
        try:
            self._lib.check(name, handle, listed)
        finally:
            self._lib.call("topic_partition_list_destroy", listed)

    def _arriving(self, consumer: Any, wanted: int, deadline: scenario.Deadline) -> Iterator[Any]:
        while wanted and not deadline.over:
            message = self._lib.call("consumer_poll", consumer, int(min(0.5, deadline.left) * 1000))
            if not message:
                continue
            try:
                if message.contents.err:
                    raise librdkafka_api.LibrdkafkaError(self._lib.explain(message.contents.err))
                yield message
                wanted -= 1
            finally:
                self._lib.call("message_destroy", message)

    def _record(self, message: Any) -> corpus.Record:
        key, value = librdkafka_api.content(message.contents)
        timestamp = self._lib.call("message_timestamp", message, None)
        seen = message.contents
        return corpus.record(seen.partition, seen.offset, key, value, self._lib.headers_of(message), timestamp)

    def _leave(self, consumer: Any) -> None:
        self._lib.check("consumer_close", consumer)
        self._lib.call("destroy", consumer)

    def _consumer(self, name: str, group: str) -> Any:
        settings = {
            "group.id": group,
            "auto.offset.reset": "earliest",
            "enable.auto.commit": "false",
            "fetch.wait.max.ms": "20",  # an idle fetch delays the next assignment by as much
        }
        made = self._lib.handle(librdkafka_api.CONSUMER, self._configuration(name, settings))
        self._lib.check("poll_set_consumer", made)
        return made

    def _configuration(self, name: str, settings: dict[str, str]) -> Any:
        def keep(_handle: int, text: int, size: int, _opaque: int) -> int:
            counts = json.loads(ctypes.string_at(text, size))
            self._counted[name] = {key: counts[key] for key in ("txmsgs", "rxmsgs")}
            return 0

        callback = librdkafka_api.StatisticsCallback(keep)
        self._callbacks.append(callback)
        common = {"bootstrap.servers": self._address, "statistics.interval.ms": str(_EVERY_MS)}
        conf = self._lib.configuration(common | settings)
        self._lib.call("conf_set_stats_cb", conf, callback)
        return conf

    def _count(self, name: str, key: str) -> int:
        return self._counted.get(name, {}).get(key, 0)


if __name__ == "__main__":
    asked = scenario.read_request()
    scenario.run(asked, Librdkafka(asked))
