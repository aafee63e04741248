"""streamz's sources of Kafka as the recipe makes them; what is tried is `kafka_forge.scenarios.use_streamz`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from kafka_forge import platforms

from .streamz_sources import require

if TYPE_CHECKING:
    from kafka_forge.brokers import Broker

pytestmark = [
    pytest.mark.integration,
    pytest.mark.first,
    pytest.mark.timeout(1800),  # it builds what is not built yet
    pytest.mark.skipif(platforms.current() != "linux-64", reason="bootstrap/python/beside.json is for linux-64"),
]


def test_a_short_run_has_its_first_message(broker: Broker) -> None:
    require(broker, "first")


def test_tombstones_and_empty_values_are_emitted(broker: Broker) -> None:
    require(broker, "kept")


def test_an_offset_is_committed_when_its_message_is_done(broker: Broker) -> None:
    require(broker, "after")


def test_a_message_that_failed_is_not_committed(broker: Broker) -> None:
    require(broker, "failed")


def test_batches_end_where_there_is_nothing_to_be_read(broker: Broker) -> None:
    require(broker, "markers")


def test_offsets_are_committed_in_order_when_their_batches_are_done(broker: Broker) -> None:
    require(broker, "ordered")


def test_the_callers_settings_stay_as_they_are(broker: Broker) -> None:
    require(broker, "settings")


def test_batches_on_dask_lose_nothing(broker: Broker) -> None:
    require(broker, "dask")


def test_a_batch_on_dask_is_committed_when_a_worker_is_done_with_it(broker: Broker) -> None:
    require(broker, "dask-after")
