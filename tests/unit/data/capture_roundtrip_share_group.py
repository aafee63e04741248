"""How ``roundtrip_share_group.json`` was captured: ``python tests/unit/data/capture_roundtrip_share_group.py``.

The toolkit's own confluent-kafka and a fresh broker; of what the round trip saw, what the promise
``roundtrip-share-group`` is about is kept.
"""

from __future__ import annotations

import dataclasses
import json
import sys
from pathlib import Path

from kafka_forge import brokers, platforms
from kafka_forge.ground.paths import Cache
from kafka_forge.ground.progress import Silent
from kafka_forge.roundtrips import roundtrip
from kafka_forge.values.contract import Contract
from kafka_forge.values.model import Artifact, Cell, Environment


def main() -> None:
    cell = Cell("python-confluent-kafka", platforms.current(), None, "python-confluent-kafka", "0", "0", False)
    made = Environment(Artifact(cell, Path("none"), "0" * 64, 0), Path(sys.prefix), Path(sys.executable), ())
    contract = Contract(version=1, promises={"roundtrip-share-group": {"modes": ["default"]}})
    with brokers.start(brokers.DEFAULT, Cache.default(), Silent()) as broker:
        seen = roundtrip.run(made, contract, broker, Silent())
    kept = [dataclasses.asdict(step) for step in seen.steps if step.action == "share"]
    text = json.dumps({"steps": kept, "shares": seen.shares})
    Path(__file__).with_name("roundtrip_share_group.json").write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
