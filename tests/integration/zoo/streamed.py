"""Streams and collections that lose or repeat messages, though the client below them does neither."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .animal import Animal

if TYPE_CHECKING:
    from .trees import Tree


def _drops_empty_values(tree: Tree) -> None:
    """As upstream has it: see the recipe's first patch."""
    file = tree.one("**/streamz/sources.py")
    tree.replace(
        file,
        "if msg is not None and msg.error() is None:\n                return msg",
        "if msg and msg.value():\n                return msg",
    )


def _never_done(tree: Tree) -> None:
    tree.append("**/dask_kafka_ranges/writing.py", "\n_is_done = lambda *_, **__: False\n")


STREAMED = (
    Animal(
        "source-that-drops-empty-values",
        "streamz",
        "StarRocks/starrocks#8536",
        "the source passes over tombstones and empty values",
        "roundtrip-streamz[sources/kept]",
        "came through, not",
        "compare what the sources",
        _drops_empty_values,
        broker=True,
    ),
    Animal(
        "job-that-writes-again",
        "dask-kafka-ranges",
        "koeninger/kafka-exactly-once#6",
        "a task that is run again does not ask whether its range has been written",
        "roundtrip-dask",
        "800 messages",
        "compare what the partitions' tasks read and write",
        _never_done,
        broker=True,
    ),
)
