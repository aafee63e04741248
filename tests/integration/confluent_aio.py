"""Asking a program such as `inside_confluent_aio` in an environment of the recipe's own artifact: no other is asked."""

from __future__ import annotations

import json
import subprocess
import uuid
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kafka_forge.brokers import admin

if TYPE_CHECKING:
    from kafka_forge.brokers import Broker
    from kafka_forge.values.model import Environment

_SECONDS = 600.0


def ask(made: Environment, broker: Broker, case: str, program: str = "inside_confluent_aio.py") -> Any:
    """Return a case's answer; its topic is new and has two partitions. The program is a file beside this one."""
    topic = f"aio-{uuid.uuid4().hex}"
    admin.create_topics(broker.address, {topic: 2}, watch=broker.check)
    command = [
        str(made.interpreter),
        "-E",
        "-s",
        "-B",
        str(Path(__file__).with_name(program)),
        case,
        broker.address,
        topic,
    ]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=_SECONDS, check=False)
    assert ended.returncode == 0, ended.stderr[-4000:]
    return json.loads(ended.stdout.splitlines()[-1])
