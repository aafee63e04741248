"""Runs of ``bench clients`` as its tests want them."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from kafka_forge.bench import clients, results, workloads
from kafka_forge.bench.results import Key, Results, Sample
from kafka_forge.bench.setup import Setup

if TYPE_CHECKING:
    from kafka_forge.brokers import Broker

A = Key("confluent_kafka", "produce", 100)
B = Key("pykafka_rdkafka", "produce", 100)
C = Key("pykafka", "consume", 100)
CEILING = Key(results.CEILING, "produce", 100)


class Kafka:
    """What `clients.conditions` wants to know of a broker."""

    version = "4.2.0"
    owned = True


CONDITIONS = {
    **clients.conditions(
        Setup(1000), cast("Broker", Kafka()), [100, 1000], "embedded", "3.12", workloads.choose(["all"])
    ),
    "machine": {**clients.machine(), "cpu": "a <fast> one", "usable_cores": 2},
    "load_average": [[0.5, 0.25, 0.1]],
}


def a_run(rates: dict[Key, list[float]], failures: dict[Key, str] | None = None) -> Results:
    found = Results(tuple({**rates, **(failures or {})}), dict(CONDITIONS), 7, 10)
    for key, values in rates.items():
        found.samples.append(Sample(key, 0, 1000, 1000.0, 9.0))  # the warm-up: very slow, and not counted
        found.samples += [Sample(key, n, 1000, 1000 / rate, 2.0) for n, rate in enumerate(values, 1)]
    for key, reason in (failures or {}).items():
        found.samples.append(Sample(key, 1, error=reason))
    return found


# --- statistics -----------------------------------------------------------------------------------------------
