"""The clients that the doctor knows: what they are called as distributions, modules and conda packages."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Client:
    """One client.

    Attributes:
        name: what the doctor calls it.
        module: its top-level module.
        distributions: the distributions that bring this module, by PEP 503's names; more than one is there to be told
            apart, since they overwrite one another's files.
        conda: the conda packages that it comes in.
        parts: modules of it that can fail where it itself does not.
        importing: whether it is imported to see; frameworks that take a second and more are not.
        native: whether it brings librdkafka into the process; such clients are imported together as well.
    """

    name: str
    module: str
    distributions: tuple[str, ...]
    conda: tuple[str, ...]
    parts: tuple[str, ...] = ()
    importing: bool = True
    native: bool = False

    def as_request(self) -> dict[str, Any]:
        """Return it as ``inside/look.py`` takes it."""
        return {**asdict(self), "import": self.importing}


CLIENTS = (
    Client(
        "confluent-kafka",
        "confluent_kafka",
        ("confluent-kafka",),
        ("python-confluent-kafka",),
        ("confluent_kafka.admin", "confluent_kafka.aio", "confluent_kafka.schema_registry"),
        native=True,
    ),
    Client("pykafka", "pykafka", ("pykafka",), ("pykafka",), native=True),
    Client(
        "kafka-python",
        "kafka",
        ("kafka-python", "kafka-python-ng", "kafka"),
        ("kafka-python", "kafka-python-ng"),
        ("kafka.admin",),
    ),
    Client("aiokafka", "aiokafka", ("aiokafka",), ("aiokafka",), ("aiokafka.admin",)),
    Client("streamz", "streamz", ("streamz",), ("streamz",), importing=False),
    Client("faust", "faust", ("faust-streaming", "faust"), ("faust-streaming",), importing=False),
)
BY_NAME = {client.name: client for client in CLIENTS}
OF_DISTRIBUTION = {name: client for client in CLIENTS for name in client.distributions}
