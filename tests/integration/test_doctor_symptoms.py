"""What the table says of the newest client by its version is so: each symptom is brought about, and seen or not seen.

The other entries end with a release whose changes say so. Here are those whose end only a try can tell: the
newest release of the index that this was tried with is 2.16.1.
"""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

import pytest

from kafka_forge import platforms
from kafka_forge.doctor import known, looking
from tests.doctor_environments import make

from . import inside_symptoms

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

pytestmark = [
    pytest.mark.integration,
    pytest.mark.long,
    pytest.mark.skipif(platforms.current() != "linux-64", reason="the environments are made of the embedded base"),
]
FAULTS = (
    "confluent-kafka-poll-waits-on",
    "confluent-kafka-aio-headers",
    "confluent-kafka-aio-waits-twice",
    "confluent-kafka-close-while-polling",
    "librdkafka-offsets-of-a-moved-coordinator",
)


@pytest.fixture(scope="module")
def pythons(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Path]:
    """The newest client that has all of them, and the newest of all."""
    folder = tmp_path_factory.mktemp("symptoms")
    return {name: make(name, folder / name) for name in ("three", "confluent-2.16.1")}


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("name", ["three", "confluent-2.16.1"])
def test_the_symptom_is_there_where_the_table_says_so_and_nowhere_else(
    pythons: Mapping[str, Path], name: str, fault: str
) -> None:
    told = {finding.id for finding in known.found(looking.look(pythons[name], {}))}
    program = [str(pythons[name]), "-B", inside_symptoms.__file__, fault]
    done = subprocess.run(program, capture_output=True, text=True, timeout=180, check=False)
    ended = done.returncode < 0 or done.stdout.splitlines()[-1] == "had"
    assert ended is (fault in told), done.stderr[-2000:]
