"""What the integration tests share: one real broker for all of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from kafka_forge import brokers
from kafka_forge.paths import Cache
from kafka_forge.progress import Silent

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kafka_forge.brokers import Broker


@pytest.fixture(scope="session")
def broker() -> Iterator[Broker]:
    """A Kafka of the default version, started once; use topics of your own."""
    with brokers.start(brokers.DEFAULT, Cache.default(), Silent()) as started:
        yield started
