"""How ``roundtrip.json`` was captured: ``python tests/unit/data/capture_roundtrip.py`` writes it anew.

A fresh broker, and the confluent-kafka of this very Python as the client under test. Of what the round trip saw, the
topic that was compressed with lz4, the group and the statistics are kept; records are written as rows.
"""

from __future__ import annotations

import dataclasses
import json
import sys
from pathlib import Path
from typing import Any

from kafka_forge import brokers
from kafka_forge.ground.paths import Cache
from kafka_forge.ground.progress import Silent
from kafka_forge.roundtrips import roundtrip
from kafka_forge.values.contract import Contract
from kafka_forge.values.model import Artifact, Cell, Environment

MODE, CODEC = "default", "lz4"


def rows(records: list[dict[str, Any]]) -> list[list[Any]]:
    return [list(record.values()) for record in records]


def main() -> None:
    cell = Cell("python-confluent-kafka", "linux-64", None, "python-confluent-kafka", "0", "0", False)
    prefix = Environment(Artifact(cell, Path("none"), "0" * 64, 0), Path(sys.prefix), Path(sys.executable), ())
    contract = Contract(
        version=1,
        promises={"roundtrip-delivery": {"modes": [MODE], "codecs": [CODEC]}, "roundtrip-group": {"modes": [MODE]}},
    )
    with brokers.start(brokers.DEFAULT, Cache.default(), Silent()) as broker:
        seen = dataclasses.asdict(roundtrip.run(prefix, contract, broker, Silent()))
    topic = seen["topics"][MODE][CODEC]
    consumed = next(step for step in seen["steps"] if step["action"] == "consume" and step["case"] == CODEC)
    first = next(iter(consumed["data"]["records"]))
    statistics = next(step for step in seen["steps"] if step["action"] == "statistics")
    statistics["data"]["library"] = [Path(name).name for name in statistics["data"]["library"]]
    kept = {
        **{key: seen[key] for key in ("broker", "seed", "start", "ends", "committed", "seconds")},
        "topics": {MODE: {CODEC: topic}},
        "fields": list(first),
        "witness": {topic: rows(seen["witness"][topic])},
        "disk": {topic: seen["disk"][topic]},
        "steps": [step for step in seen["steps"] if step["case"] in ("", CODEC)],
    }
    consumed["data"]["records"] = rows(consumed["data"]["records"])
    Path(__file__).with_name("roundtrip.json").write_text(json.dumps(kept) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
