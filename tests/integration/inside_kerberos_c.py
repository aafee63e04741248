"""Runs beside an artifact of librdkafka: LIBRARY TEXT TOPIC VALUE; the last line is what was read back, in JSON.

As `inside_kerberos`, by the C API. The toolkit's own binding of it must be on ``PYTHONPATH``, and is imported before
whatever brings this Python's own OpenSSL.
"""

from __future__ import annotations

import ctypes
import json
import sys
import time
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from kafka_forge.scenarios import librdkafka_api
else:
    import librdkafka_api

SECONDS = 60.0


def round_trip(lib: librdkafka_api.Library, settings: dict[str, str], topic: str, value: bytes) -> str:
    reports: list[tuple[int, int, int]] = []

    def delivered(_handle: int, message: Any, _opaque: int) -> None:
        reports.append((message.contents.err, message.contents.partition, message.contents.offset))

    callback, conf = librdkafka_api.DeliveryCallback(delivered), lib.configuration(settings)
    lib.call("conf_set_dr_msg_cb", conf, callback)
    producer = lib.handle(librdkafka_api.PRODUCER, conf)
    lib.produce(producer, topic, 0, None, value, (), int(time.time() * 1000))
    lib.check("flush", producer, int(SECONDS * 1000))
    lib.call("destroy", producer)
    ((code, partition, offset),) = reports
    if code:
        return lib.explain(code)
    consumer = lib.handle(librdkafka_api.CONSUMER, lib.configuration({**settings, "group.id": "any"}))
    listed = lib.partitions(topic, {partition: offset})
    lib.check("assign", consumer, listed)
    read = lib.call("consumer_poll", consumer, int(SECONDS * 1000))
    assert read
    content = ctypes.string_at(read.contents.payload, read.contents.len).decode()
    lib.call("message_destroy", read)
    lib.call("topic_partition_list_destroy", listed)
    lib.check("consumer_close", consumer)
    lib.call("destroy", consumer)
    return content


if __name__ == "__main__":
    library, text, topic, value = sys.argv[1:]
    pasted: dict[str, Any] = {}
    exec(text, pasted)  # it is the toolkit's own
    answer = round_trip(librdkafka_api.Library(library), pasted["settings"], topic, value.encode())
    sys.stdout.write(json.dumps(answer) + "\n")
