"""Which scenario tries which package, and in which modes."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Scenario:
    """One scenario.

    Attributes:
        script: the program; it runs on the environment's Python.
        modes: the words that a contract may use for it.
        survival: the program that shows what the client survives; None where no contract may promise that.
        bare: whether the environment has no Python, so that the program runs on the toolkit's own and loads the
            library of the prefix.
    """

    script: Path
    modes: tuple[str, ...]
    survival: Path | None = None
    bare: bool = False


_HERE = Path(__file__).parent

SCENARIOS = {
    "librdkafka": Scenario(_HERE / "use_librdkafka.py", ("ctypes",), _HERE / "survive_librdkafka.py", bare=True),
    "python-confluent-kafka": Scenario(
        _HERE / "use_confluent_kafka.py", ("default", "asyncio"), _HERE / "survive_confluent_kafka.py"
    ),
    "pykafka": Scenario(
        _HERE / "use_pykafka.py",
        ("rdkafka", "pure", "asyncio-rdkafka", "asyncio-pure"),
        _HERE / "survive_pykafka.py",
    ),
    "dask-kafka-ranges": Scenario(_HERE / "use_dask_kafka_ranges.py", ("dask",)),
    "streamz": Scenario(_HERE / "use_streamz.py", ("sources",)),
    "aiokafka": Scenario(_HERE / "use_aiokafka.py", ("default",)),
    "kafka-python": Scenario(_HERE / "use_kafka_python.py", ("default",), _HERE / "survive_kafka_python.py"),
}
"""The conda package's name → its scenario. A new client is one more line here and one more program beside it."""
