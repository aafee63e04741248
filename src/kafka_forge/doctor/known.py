"""The faults that are known of clients and their versions: ``known.yaml``, read, checked, and held against evidence."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from pydantic import BaseModel, ConfigDict, Field
from ruamel.yaml import YAML

from kafka_forge.doctor.conditions import Condition  # noqa: TC001  (pydantic reads it)
from kafka_forge.doctor.findings import Finding, Level

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kafka_forge.doctor.seen import Seen

TABLE = Path(__file__).with_name("known.yaml")
OURS = 100
"""The lowest build number of this project's conda packages, so that none has the name of one of conda-forge's."""
_Name = Literal["confluent-kafka", "pykafka", "kafka-python", "aiokafka", "streamz", "faust"]


class Fault(BaseModel):
    """An entry of the table.

    Attributes:
        id: a name that stays.
        clients: whom it can befall; each that is there is asked.
        level: as `Finding` has it.
        when: all of these must hold.
        symptom: what its user meets.
        remedy: what to do.
        issue: a public page that says so.
        mended: the conda package whose builds of this project have it mended.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str = Field(pattern=r"^[a-z0-9-]+$")
    clients: tuple[_Name, ...] = Field(min_length=1)
    level: Level
    when: tuple[Condition, ...] = Field(min_length=1)
    symptom: str
    remedy: str
    issue: str = Field(pattern=r"^https://")
    mended: str | None = None

    def shown_by(self, seen: Seen, client: str) -> tuple[str, ...]:
        """Return what shows that a client of the environment has it; nothing where it has not."""
        if client not in seen.present or (self.mended and self._is_mended(seen, client)):
            return ()
        evidence = [condition.holds(seen, client) for condition in self.when]
        shown = tuple(line for line in evidence if line is not None)
        return shown if len(shown) == len(evidence) else ()

    def _is_mended(self, seen: Seen, client: str) -> bool:
        """Return whether what the client runs on is this project's package, and no wheel that lies over it."""
        if not any(each.name == self.mended and (each.number or 0) >= OURS for each in seen.conda):
            return False
        imported = seen.clients.get(client)
        loaded = [library.path for library in imported.librdkafka] if imported else []
        return not any(".libs" in path for path in loaded)


class Table(BaseModel):
    """The table, as the file has it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    faults: tuple[Fault, ...]


@cache
def table() -> tuple[Fault, ...]:
    """Return the known faults, in the file's order."""
    return Table.model_validate(YAML(typ="safe", pure=True).load(TABLE.read_text(encoding="utf-8"))).faults


def found(seen: Seen) -> Iterator[Finding]:
    """Give a finding for each known fault that the environment has; one for all clients that share it."""
    for fault in table():
        shown = {client: evidence for client in fault.clients if (evidence := fault.shown_by(seen, client))}
        if shown:
            yield Finding(
                id=fault.id,
                level=fault.level,
                client=", ".join(shown),
                what=fault.symptom,
                evidence=tuple(dict.fromkeys(line for evidence in shown.values() for line in evidence)),
                next=fault.remedy,
                source=fault.issue,
            )
