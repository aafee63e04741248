"""The checks: one a file, each with an id, the schema of its arguments, and a judgement over evidence.

A module here defines ``CHECK``, an object that fits `Check`. Its id is the promise's name in ``contract.yaml`` and
the file's name with dashes. Adding a kind of promise is adding a file.
"""

from __future__ import annotations

import functools
import importlib
import pkgutil
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pydantic import BaseModel

    from kafka_forge.values.model import CheckResult


class Check(Protocol):
    """One kind of promise.

    One that is judged by what a program showed has ``shown_by``, too: the name of that evidence, which may have been
    kept of an earlier run (`judging.judge`).
    """

    @property
    def id(self) -> str:
        """The promise's name in contracts and reports."""

    @property
    def title(self) -> str:
        """What is promised, in one sentence."""

    @property
    def remedy(self) -> str:
        """What to do where it is not kept, in one sentence: it ends a failure's summary (`judging.judge`)."""

    @property
    def stage(self) -> str:
        """Whose evidence it judges: ``inspect``, ``extras``, ``roundtrip`` or ``survives`` (`InspectEvidence`…)."""

    @property
    def arguments(self) -> type[BaseModel]:
        """The model of the promise's value."""

    def judge(self, arguments: Any, evidence: Any) -> Sequence[CheckResult]:
        """Conclude from the evidence of the check's stage; one result a case.

        None at all only where the check is about machines of another kind than this one.
        """


@functools.cache
def by_id() -> Mapping[str, Check]:
    """Return every check of this package by its id."""
    found: dict[str, Check] = {}
    for info in sorted(pkgutil.iter_modules(__path__), key=lambda module: module.name):
        if info.name.startswith("_") or info.name == "judging":
            continue
        check: Check = importlib.import_module(f"{__name__}.{info.name}").CHECK
        found[check.id] = check
    return found
