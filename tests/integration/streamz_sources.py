"""The promise ``roundtrip-streamz`` of the recipe's artifact, tried once for all tests of a session."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING

from kafka_forge.checks import judging
from kafka_forge.ground.progress import Silent
from kafka_forge.roundtrips import roundtrip
from kafka_forge.values.contract import Contract
from kafka_forge.values.model import Verdict

from . import artifacts

if TYPE_CHECKING:
    from kafka_forge.brokers import Broker
    from kafka_forge.values.model import CheckResult

_PROMISE = Contract(version=1, promises={"roundtrip-streamz": {"modes": ["sources"]}})


@functools.cache
def _kept(broker: Broker) -> dict[str, CheckResult]:
    with artifacts.installed("streamz") as made:
        seen = roundtrip.run(made, _PROMISE, broker, Silent())
    return {each.id: each for each in judging.judge(_PROMISE, seen, stage="roundtrip")}


def require(broker: Broker, case: str) -> None:
    """Assert that a case of the promise is kept."""
    result = _kept(broker)[f"roundtrip-streamz[sources/{case}]"]
    assert result.verdict is Verdict.PASS, result
