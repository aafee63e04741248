"""How ``roundtrip_transactions.json`` was made: ``python tests/unit/data/capture_roundtrip_transactions.py PREFIX``.

PREFIX holds the recipe's python-confluent-kafka (``kafka-forge install python-confluent-kafka --prefix PREFIX``). A
fresh broker; of what the round trip saw, what the promise ``roundtrip-transactions`` is about is kept,
and the log segment of one partition.
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


def main(prefix: Path) -> None:
    cell = Cell("python-confluent-kafka", platforms.current(), None, "python-confluent-kafka", "0", "0", False)
    made = Environment(Artifact(cell, Path("none"), "0" * 64, 0), prefix, prefix / "bin" / "python", ())
    contract = Contract(version=1, promises={"roundtrip-transactions": {"modes": ["default"]}})
    with brokers.start(brokers.DEFAULT, Cache.default(), Silent()) as broker:
        seen = roundtrip.run(made, contract, broker, Silent())
        (aborted,) = (topic for topic in seen.transactions if topic.endswith("-aborted"))
        assert broker.log_dir is not None
        (segment,) = (broker.log_dir / f"{aborted}-0").glob("*.log")
        raw = segment.read_bytes()
    kept = [dataclasses.asdict(step) for step in seen.steps if step.action == "transactions"]
    logs = {topic: {n: dataclasses.asdict(each) for n, each in of.items()} for topic, of in seen.transactions.items()}
    text = json.dumps({"steps": kept, "groups": seen.groups, "transactions": logs, "segment": raw.hex()})
    Path(__file__).with_name("roundtrip_transactions.json").write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
