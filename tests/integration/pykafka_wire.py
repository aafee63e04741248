"""pykafka's modules that speak the protocol, and what a real broker sent.

``data/pykafka_wire.json`` is what ``data/capture_pykafka_wire.py`` had from Apache Kafka 4.2.0, written by librdkafka.
"""

from __future__ import annotations

import importlib
import json
from pathlib import Path
from typing import Any

GOLDEN = json.loads((Path(__file__).parent / "data" / "pykafka_wire.json").read_text(encoding="utf-8"))


class Wire:
    """The modules under test."""

    def __init__(self) -> None:
        def module(name: str) -> Any:
            return importlib.import_module(f"pykafka.{name}")

        self.batch, self.fetch = module("protocol.record_batch"), module("protocol.fetch")
        self.protocol, self.admin = module("protocol"), module("protocol.admin")
        self.compression, self.crc32c = module("utils.compression"), module("utils.crc32c")
        self.errors, self.connection = module("exceptions"), module("connection")

    def fetched(self, name: str) -> Any:
        """What a captured Fetch v10 response has for its one partition."""
        response = self.fetch.FetchResponseV10(memoryview(bytes.fromhex(GOLDEN[name])))
        ((partition,),) = [topic.values() for topic in response.topics.values()]
        return partition.messages
