"""A progress that keeps what it is told, for tests of what users are told."""

from __future__ import annotations

from kafka_forge.ground.progress import Silent


class Told(Silent):
    """Keeps what is said, a line each, in ``lines``."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def say(self, text: str) -> None:
        """See `Progress.say`."""
        self.lines.append(text)
