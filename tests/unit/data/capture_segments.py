"""How ``segments.json`` was captured: ``python tests/unit/data/capture_segments.py`` writes it anew.

A fresh broker, one topic of one partition a codec, two batches of two records each by confluent-kafka, and then the
segment's bytes as the broker left them on its disk.
"""

from __future__ import annotations

import base64
import json
from pathlib import Path

from confluent_kafka import Producer

from kafka_forge import brokers
from kafka_forge.brokers import admin, disk
from kafka_forge.ground.paths import Cache
from kafka_forge.ground.progress import Silent

VALUE = b"the same words again and again, " * 8


def main() -> None:
    with brokers.start(brokers.DEFAULT, Cache.default(), Silent()) as broker:
        admin.create_topics(broker.address, {f"codec-{codec}": 1 for codec in disk.CODECS})
        for codec in disk.CODECS:
            producer = Producer({"bootstrap.servers": broker.address, "compression.type": codec, "linger.ms": 500})
            for batch in range(2):
                for record in range(2):
                    producer.produce(f"codec-{codec}", VALUE, key=f"{batch}.{record}", partition=0)
                producer.flush(10)
        log_dir = broker.log_dir
        assert log_dir is not None
        segments = {
            codec: base64.b64encode((log_dir / f"codec-{codec}-0" / f"{0:020}.log").read_bytes()).decode("ascii")
            for codec in disk.CODECS
        }
    captured = {"kafka": broker.version, "batches": 2, "records": 4, "segments": segments}
    Path(__file__).with_name("segments.json").write_text(json.dumps(captured, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
