"""``contract.yaml``: what an artifact promises, as data.

Each promise is named by the check that judges it; its value is that check's arguments. A promise that no check
judges, and a check that no contract uses, are errors: so nothing is promised in vain, and no check is dead.
"""

from __future__ import annotations

import re
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, field_validator


class Model(BaseModel):
    """The base of everything that is read from YAML: unknown keys are errors, values are frozen."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Refusal(Model):
    """Something that the artifact is known not to do, and why.

    A refusal never turns a check off: the check runs, fails, and its failure must show ``when``. A check that passes
    where a refusal stands makes the refusal stale, which is a failure of its own.
    """

    check: str
    """A `fnmatch` pattern over result ids, for example ``roundtrip[rdkafka/consume/*]``."""
    when: str
    """A regular expression that must be found in the failure's summary or evidence (as JSON text)."""
    reason: str
    """One sentence for the report."""
    see: str
    """The public source: an upstream issue, a KIP, a documentation key."""
    brokers: str | None = None
    """A version specifier such as ``>=4.0``; None means every broker."""
    pythons: str | None = None
    """A version specifier such as ``>=3.12``; None means every Python."""

    @field_validator("when")
    @classmethod
    def _compiles(cls, value: str) -> str:
        re.compile(value)
        return value


class Surroundings(Model):
    """What stands beside the artifact in its fresh environment, and why."""

    python: str | None = None
    """The Python to install where the artifact serves every Python (noarch)."""
    extras: tuple[str, ...] = ()
    """Match specs of optional dependencies that a promise needs, for example ``python-snappy``."""


class Contract(Model):
    """All that one recipe's artifacts promise."""

    version: int = Field(1, ge=1, le=1)
    """The version of this file's format."""
    environment: Surroundings = Surroundings()
    promises: dict[str, dict[str, Any]]
    """Check id → that check's arguments."""
    refusals: tuple[Refusal, ...] = ()
