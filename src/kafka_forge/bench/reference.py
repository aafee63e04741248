"""The comparison of 2016 whose tables these are, for reference: figures as published, of another machine and Kafka 0.9.

One million messages of 100 bytes, one partition, acks 1; MB are 1024² bytes. The post is kept in its authors'
repository (see `SOURCE`); its text says how they were measured.
"""

from __future__ import annotations

from dataclasses import dataclass

SOURCE = (
    "https://github.com/ActivisionGameScience/ActivisionGameScience.github.io/blob/"
    "54b0ffe946554a1351852dcca3b13aa936af94b3/_posts/2016-06-15-Kafka%20Client%20Benchmarking.html"
)
TITLE = "Python Kafka Client Benchmarking (Activision Game Science, 2016)"
MESSAGE_BYTES = 100


@dataclass(frozen=True, slots=True)
class Published:
    """One row of a published table: seconds for a million messages, MB/s and messages/s."""

    client: str
    seconds: float
    megabytes_per_second: float
    messages_per_second: float


TABLES: dict[str, tuple[Published, ...]] = {
    "produce": (
        Published("confluent_kafka", 5.450890, 17.495754, 183456.277455),
        Published("pykafka_rdkafka", 15.724413, 6.064928, 63595.378094),
        Published("pykafka", 57.318527, 1.663815, 17446.365994),
        Published("kafka_python", 67.855882, 1.405441, 14737.115900),
    ),
    "consume": (
        Published("confluent_kafka", 3.825439, 24.929801, 261407.908007),
        Published("pykafka_rdkafka", 6.086001, 15.669966, 164311.503412),
        Published("pykafka", 29.431728, 3.240293, 33976.938217),
        Published("kafka_python", 26.547753, 3.592298, 37667.971237),
    ),
}
"""Direction → rows, with the names that this project gives the clients (``kafka_python`` is ``python_kafka`` there)."""
