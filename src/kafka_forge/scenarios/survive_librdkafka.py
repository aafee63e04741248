"""Survival with librdkafka alone, through its C API: defaults but for ``enable.idempotence``."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    from kafka_forge.scenarios import librdkafka_api, surviving

    LIBRARY: librdkafka_api.Library
else:
    import librdkafka_api

    # Before anything brings this Python's own libcrypto; see use_librdkafka.py.
    LIBRARY = librdkafka_api.Library(json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))["library"])
    import surviving


class _Producing:
    """`surviving.Producing` over ``rd_kafka_produceva``."""

    def __init__(self, request: surviving.Request) -> None:
        self._topic = request.topic
        self._waiting: dict[bytes, Callable[[str | None], None]] = {}
        conf = LIBRARY.configuration({"bootstrap.servers": request.address, "enable.idempotence": "true"})
        self._callback = librdkafka_api.DeliveryCallback(self._delivered)  # the library holds no reference
        LIBRARY.call("conf_set_dr_msg_cb", conf, self._callback)
        self._handle = LIBRARY.handle(librdkafka_api.PRODUCER, conf)

    def _delivered(self, _handle: int, message: Any, _opaque: int) -> None:
        _, value = librdkafka_api.content(message.contents)
        error = message.contents.err
        self._waiting.pop(value or b"")(LIBRARY.explain(error) if error else None)

    def send(self, partition: int, value: bytes, done: Callable[[str | None], None]) -> None:
        """See `surviving.Producing.send`."""
        self._waiting[value] = done
        try:
            LIBRARY.produce(self._handle, self._topic, partition, None, value, (), 0)
        except librdkafka_api.LibrdkafkaError:
            del self._waiting[value]
            raise

    def serve(self) -> None:
        """See `surviving.Producing.serve`."""
        LIBRARY.call("poll", self._handle, 0)

    def stop(self, seconds: float) -> None:
        """See `surviving.Producing.stop`: what ``flush`` has not delivered is purged, and reported as such."""
        if LIBRARY.call("flush", self._handle, int(seconds * 1000)):
            LIBRARY.check("purge", self._handle, librdkafka_api.PURGE_ALL)
            LIBRARY.call("flush", self._handle, 1000)
        LIBRARY.call("destroy", self._handle)


class _Member:
    """`surviving.Member` over ``rd_kafka_consumer_poll``."""

    def __init__(self, request: surviving.Request) -> None:
        settings = {"group.id": request.group, "auto.offset.reset": "earliest", "enable.auto.commit": "false"}
        conf = LIBRARY.configuration({"bootstrap.servers": request.address} | settings)
        self._handle = LIBRARY.handle(librdkafka_api.CONSUMER, conf)
        LIBRARY.check("poll_set_consumer", self._handle)
        listed = LIBRARY.partitions(request.topic, {-1: librdkafka_api.OFFSET_INVALID})
        try:
            LIBRARY.check("subscribe", self._handle, listed)
        finally:
            LIBRARY.call("topic_partition_list_destroy", listed)

    def read(self, seconds: float) -> list[tuple[int, int, bytes]]:
        """See `surviving.Member.read`; an error event is for information, as librdkafka goes on by itself."""
        found: list[tuple[int, int, bytes]] = []
        wait = int(seconds * 1000)
        while len(found) < 500:
            message = LIBRARY.call("consumer_poll", self._handle, 0 if found else wait)
            if not message:
                break
            if not message.contents.err:
                _, value = librdkafka_api.content(message.contents)
                found.append((message.contents.partition, message.contents.offset, value or b""))
            LIBRARY.call("message_destroy", message)
        return found

    def commit(self) -> None:
        """See `surviving.Member.commit`."""
        LIBRARY.check("commit", self._handle, None, 0)

    def leave(self) -> None:
        """See `surviving.Member.leave`."""
        LIBRARY.check("consumer_close", self._handle)
        LIBRARY.call("destroy", self._handle)


class Librdkafka:
    """`surviving.Client`."""

    def __init__(self, request: surviving.Request) -> None:
        self._request = request

    def producer(self) -> surviving.Producing:
        """See `surviving.Client.producer`."""
        return _Producing(self._request)

    def member(self) -> surviving.Member:
        """See `surviving.Client.member`."""
        return _Member(self._request)


if __name__ == "__main__":
    surviving.main(Librdkafka)
