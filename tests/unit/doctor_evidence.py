"""What was captured of real environments (data/doctor.json), for the doctor's tests, and ways to falsify it."""

from __future__ import annotations

import functools
import json
from pathlib import Path
from typing import Any

from kafka_forge.doctor.seen import Seen

_FILE = Path(__file__).with_name("data") / "doctor.json"


@functools.cache
def _captured() -> dict[str, dict[str, Any]]:
    everything: dict[str, dict[str, Any]] = json.loads(_FILE.read_text(encoding="utf-8"))
    return everything


def free_threaded() -> Seen:
    """What was seen of CPython 3.13.5 that was compiled with ``--disable-gil``.

    No registry has such a program, so no test makes it anew: its source is Debian's archive of python3.13, and pip put
    kafka-python 3.0.12 and the sdist of confluent-kafka 2.14.2 there, on this project's librdkafka.
    """
    return Seen.model_validate_json(_FILE.with_name("doctor_free_threaded.json").read_text(encoding="utf-8"))


def names() -> list[str]:
    return list(_captured())


def seen(name: str) -> Seen:
    """What was seen of one of tests/doctor_environments.py."""
    return Seen.model_validate(_captured()[name])


def changed(name: str, change: Any) -> Seen:
    """The same, after a function has had its way with a copy of it."""
    value = json.loads(json.dumps(_captured()[name]))
    change(value)
    return Seen.model_validate(value)
