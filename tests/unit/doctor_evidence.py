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
