"""What was seen comes in; findings go out: what `known.yaml` lists, and what any version can suffer, a kind a file."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kafka_forge.doctor import known
from kafka_forge.doctor.findings import Finding, worst_first
from kafka_forge.doctor.judging import broker, imports, installed, linked, security, shadows

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from kafka_forge.doctor.seen import Seen


def judge(seen: Seen, settings: Mapping[str, str], folder: Path) -> list[Finding]:
    """Return what is wrong with an environment, worst first.

    Args:
        seen: what was seen of it.
        settings: librdkafka's, as its user has them; empty where none were given.
        folder: where its user works, whose modules come before the installed ones.
    """
    listed = list(known.found(seen))
    return worst_first(
        [
            *imports.found(seen, listed),
            *installed.found(seen),
            *linked.found(seen),
            *shadows.found(seen, folder),
            *security.found(seen, settings),
            *broker.found(seen, settings),
            *listed,
        ]
    )
