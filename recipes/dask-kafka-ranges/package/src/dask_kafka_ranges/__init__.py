"""Kafka topics as Dask bags and dataframes, by ranges of offsets, and back again exactly once.

>>> from dask_kafka_ranges import plan_ranges, read_kafka, to_kafka
>>> kafka = {"bootstrap.servers": "localhost:9092"}
>>> ranges = plan_ranges("orders", kafka, group="totals")  # doctest: +SKIP
>>> orders = read_kafka("orders", kafka, ranges=ranges, value="json")  # doctest: +SKIP
>>> totals = orders.map(lambda order: order.value["price"])  # doctest: +SKIP
>>> to_kafka(totals, "totals", kafka, value="json", ranges=ranges, group="totals").compute()  # doctest: +SKIP
"""

from dask_kafka_ranges.codecs import Avro
from dask_kafka_ranges.errors import (
    BrokerNotThere,
    Cause,
    CheckpointMoved,
    KafkaRangesError,
    MessageNotDecodable,
    MessageNotEncodable,
    NotWritten,
    OffsetOutOfRange,
    RangeNotReadable,
    TopicNotThere,
)
from dask_kafka_ranges.graph import read_kafka, read_kafka_dataframe, to_kafka
from dask_kafka_ranges.planning import plan_ranges
from dask_kafka_ranges.reading import close_consumers
from dask_kafka_ranges.values import OffsetRange, Outgoing, Record, Written

__all__ = [
    "Avro",
    "BrokerNotThere",
    "Cause",
    "CheckpointMoved",
    "KafkaRangesError",
    "MessageNotDecodable",
    "MessageNotEncodable",
    "NotWritten",
    "OffsetOutOfRange",
    "OffsetRange",
    "Outgoing",
    "RangeNotReadable",
    "Record",
    "TopicNotThere",
    "Written",
    "close_consumers",
    "plan_ranges",
    "read_kafka",
    "read_kafka_dataframe",
    "to_kafka",
]
