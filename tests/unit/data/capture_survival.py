"""Makes survival.json: what a whole client does while a cluster suffers, with the confluent-kafka of this Python.

Run as ``python -m tests.unit.data.capture_survival`` from the checkout.
"""

from __future__ import annotations

import dataclasses
import json
import sys
from pathlib import Path

from kafka_forge import brokers
from kafka_forge.ground.paths import Cache
from kafka_forge.ground.progress import Silent
from kafka_forge.survival import schedules, stage, trials
from kafka_forge.values.model import Artifact, Cell, Environment

CELL = Cell("python-confluent-kafka", "linux-64", None, "python-confluent-kafka", "0", "0", False)


def main() -> None:
    made = Environment(Artifact(CELL, Path("none"), "0" * 64, 0), Path(sys.prefix), Path(sys.executable), ())
    with stage.opened(brokers.DEFAULT, Cache.default(), Silent()) as (cluster, links):
        seen = [
            dataclasses.asdict(trial)
            for name in ("cut-after", schedules.STOP_UNHEARD)
            for trial in trials.run(cluster, links, [trials.Entrant(made, "default")], schedules.directed(name))
        ]
    Path(__file__).with_name("survival.json").write_text(json.dumps(seen) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
