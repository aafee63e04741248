"""`confluent_kafka.aio` of the recipe's artifact when it is closed, and its promise ``roundtrip-asyncio`` as a whole.

Closing while others are at work is tried by the promise's scenario, which leaves builds alone that do not stand it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from kafka_forge.checks import judging
from kafka_forge.ground.progress import Silent
from kafka_forge.roundtrips import roundtrip
from kafka_forge.values.contract import Contract
from kafka_forge.values.model import Verdict

from .confluent_aio import ask

if TYPE_CHECKING:
    from kafka_forge.brokers import Broker
    from kafka_forge.values.model import CheckResult, Environment

pytestmark = [pytest.mark.integration, pytest.mark.timeout(1800)]  # it builds what is not built yet

PROMISE = Contract(version=1, promises={"roundtrip-asyncio": {"modes": ["asyncio"]}})


@pytest.fixture(scope="module")
def kept(confluent: Environment, broker: Broker) -> dict[str, CheckResult]:
    seen = roundtrip.run(confluent, PROMISE, broker, Silent())
    return {each.id: each for each in judging.judge(PROMISE, seen, stage="roundtrip")}


@pytest.mark.long  # `verify` proves just that of the same artifact
@pytest.mark.parametrize("case", ["cancel", "close", "heartbeat", "left-over"])
def test_the_promise_holds(kept: dict[str, CheckResult], case: str) -> None:
    result = kept[f"roundtrip-asyncio[asyncio/{case}]"]
    assert result.verdict is Verdict.PASS, result


def test_calls_on_a_closed_producer_raise(confluent: Environment, broker: Broker) -> None:
    assert ask(confluent, broker, "closed_producer") == ["v", *["Producer has been closed"] * 3]


def test_an_executor_stays_its_owners(confluent: Environment, broker: Broker) -> None:
    assert ask(confluent, broker, "owned") == ["v", 7]
