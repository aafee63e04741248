"""What a scenario of survival has put down, read as it grows."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(slots=True)
class Ledger:
    """One ledger; `kafka_forge.scenarios.surviving` says what its lines mean.

    Attributes:
        path: the file.
        sent: partition → how many messages.
        acked: partition → the numbers of those that were acknowledged, in the order of their acknowledgement.
        failed: partition, number, error.
        reads: member, partition, offset, number, in the order of reading.
        commits: member, partition → offset.
        errors: where, what.
        told: event → its data, in the order of their first coming; those that come again are numbered.
    """

    path: Path
    sent: dict[int, int] = field(default_factory=dict)
    acked: dict[int, list[int]] = field(default_factory=dict)
    failed: list[tuple[int, int, str]] = field(default_factory=list)
    reads: list[tuple[int, int, int, int]] = field(default_factory=list)
    commits: list[tuple[int, dict[int, int]]] = field(default_factory=list)
    errors: list[tuple[str, str]] = field(default_factory=list)
    told: dict[str, Any] = field(default_factory=dict)
    _at: int = 0

    def update(self) -> Ledger:
        """Read what has been added; a line that is not finished yet is left for the next time."""
        if self.path.exists():
            with self.path.open("rb") as file:
                file.seek(self._at)
                whole = file.read().rpartition(b"\n")[0]
            self._at += len(whole) + bool(whole)
            for line in whole.splitlines():
                kind, *rest = json.loads(line)
                getattr(self, f"_{_KINDS[kind]}")(*rest)
        return self

    def _sent(self, partition: int, number: int) -> None:
        self.sent[partition] = number + 1

    def _acked(self, partition: int, number: int) -> None:
        self.acked.setdefault(partition, []).append(number)

    def _failed(self, partition: int, number: int, error: str) -> None:
        self.failed.append((partition, number, error))

    def _read(self, member: int, partition: int, offset: int, number: int) -> None:
        self.reads.append((member, partition, offset, number))

    def _committed(self, member: int, offsets: dict[str, int]) -> None:
        self.commits.append((member, {int(partition): offset for partition, offset in offsets.items()}))

    def _error(self, where: str, what: str) -> None:
        self.errors.append((where, what))

    def _told(self, what: str, data: Any) -> None:
        again = sum(name.split("#")[0] == what for name in self.told)
        self.told[f"{what}#{again + 1}" if again else what] = data


_KINDS = {"s": "sent", "a": "acked", "f": "failed", "r": "read", "c": "committed", "x": "error", "t": "told"}
