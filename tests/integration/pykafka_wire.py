"""pykafka's modules that speak the protocol, and what a real broker sent.

``data/pykafka_wire.json`` is what ``data/capture_pykafka_wire.py`` had from Apache Kafka 4.2.0, written by librdkafka.
"""

from __future__ import annotations

import importlib
import json
from pathlib import Path
from typing import Any

GOLDEN = json.loads((Path(__file__).parent / "data" / "pykafka_wire.json").read_text(encoding="utf-8"))


MODULES = {
    "batch": "protocol.record_batch",
    "fetch": "protocol.fetch",
    "protocol": "protocol",
    "admin": "protocol.admin",
    "compression": "utils.compression",
    "crc32c": "utils.crc32c",
    "errors": "exceptions",
    "connection": "connection",
}


class Wire:
    """The modules under test, imported when they are asked for: without a patch there may be some, but not all."""

    def __getattr__(self, name: str) -> Any:
        if name not in MODULES:
            raise AttributeError(name)
        return importlib.import_module(f"pykafka.{MODULES[name]}")

    def fetched(self, name: str) -> Any:
        """What a captured Fetch v10 response has for its one partition."""
        response = self.fetch.FetchResponseV10(memoryview(bytes.fromhex(GOLDEN[name])))
        ((partition,),) = [topic.values() for topic in response.topics.values()]
        return partition.messages
