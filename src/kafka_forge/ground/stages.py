"""Where the time of a run goes."""

from __future__ import annotations

import time
from collections import defaultdict
from dataclasses import dataclass, field


@dataclass(slots=True)
class Stages:
    """Wall seconds by stage, added up over cells that may run side by side."""

    seconds: dict[str, float] = field(default_factory=lambda: defaultdict(float))

    def add(self, stage: str, begun: float) -> None:
        """Add the time since ``begun`` (seconds, ``time.monotonic``) to a stage."""
        self.seconds[stage] = round(self.seconds[stage] + time.monotonic() - begun, 3)
