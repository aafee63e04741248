"""``contract.yaml``: what an artifact promises, as data.

Each promise is named by the check that judges it; its value is that check's arguments. A promise that no check
judges, and a check that no contract uses, are errors: so nothing is promised in vain, and no check is dead.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator
from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError

from kafka_forge import selectors
from kafka_forge.errors import ContractInvalid

if TYPE_CHECKING:
    from pathlib import Path


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


def load_contract(path: Path, platform: str | None = None, python: str | None = None) -> Contract:
    """Read and validate one ``contract.yaml``, as it is for a platform and a Python.

    What an artifact promises on some of them only is written as in a recipe: ``if: linux``, ``then: …``, and
    ``else: …`` (see `kafka_forge.selectors`).

    Args:
        path: the file.
        platform: the conda subdir; None is this machine's.
        python: ``"3.12"``; None where the artifact serves every Python, and conditions on it do not hold.

    The arguments of each promise are validated against the model of the check that it names.

    Raises:
        ContractInvalid: the file is missing, is no YAML (names the line), breaks the schema, or makes a promise that
            no check judges.
    """
    from kafka_forge import checks, platforms

    try:
        data = YAML(typ="safe").load(path.read_text(encoding="utf-8"))
        contract = Contract.model_validate(selectors.resolve(data, platform or platforms.current(), python))
        known = checks.by_id()
        for name, arguments in contract.promises.items():
            if name not in known:
                raise ContractInvalid(
                    f"the contract promises {name!r}, and no check judges that",
                    where=str(path),
                    details=[f"checks: {', '.join(sorted(known))}"],
                    todo=f"name one of the checks, or add src/kafka_forge/checks/{name.replace('-', '_')}.py.",
                )
            known[name].arguments.model_validate(arguments)
    except OSError as error:
        raise ContractInvalid(
            "the recipe has no readable contract.yaml",
            where=str(path),
            todo="write one; CONTRIBUTING.md says how.",
        ) from error
    except MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise ContractInvalid(
            f"the contract is no valid YAML: {error.problem}",
            where=f"{path}:{line}",
            todo="mend the file at that line.",
        ) from error
    except selectors.SelectorError as error:
        raise ContractInvalid(
            f"a condition of the contract cannot be understood: {error}",
            where=str(path),
            todo=f"use these words with and, or, not: {', '.join(selectors.words('linux-64'))}, "
            'match(python, ">=3.14").',
        ) from error
    except ValidationError as error:
        raise ContractInvalid(
            "the contract breaks its schema",
            where=str(path),
            details=[f"{'.'.join(map(str, e['loc'])) or '(top)'}: {e['msg']}" for e in error.errors()],
            todo="mend the keys named above; src/kafka_forge/contract.schema.json describes them.",
        ) from error
    return contract
