"""Reading ``contract.yaml``: each promise is named by the check that judges it; its value is that check's arguments."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import ValidationError
from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError

from kafka_forge import checks, platforms
from kafka_forge.errors import ContractInvalid
from kafka_forge.values import selectors
from kafka_forge.values.contract import Contract
from kafka_forge.values.model import Kind

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from kafka_forge.values.model import Cell

_OURS = "ours"


def load_contract(
    path: Path,
    platform: str | None = None,
    python: str | None = None,
    kind: Kind = Kind.CONDA,
    version: str | None = None,
    *,
    ours: bool = True,
) -> Contract:
    """Read and validate one ``contract.yaml``, as it is for a platform, a Python, a kind of package and a version.

    What an artifact promises on some of them only is written as in a recipe: ``if: linux``, ``then: …``, and
    ``else: …`` (see `kafka_forge.values.selectors`); ``conda`` and ``wheel`` are words here, too, and so is ``ours``.

    Args:
        path: the file.
        platform: the conda subdir; None is this machine's.
        python: ``"3.12"``; None where the artifact serves every Python, and conditions on it do not hold.
        kind: what the artifact is packed as.
        version: the artifact's; None where the contract is asked for without one, and conditions on it do not hold.
        ours: whether it was built here, and promises what only this toolkit puts into a conda package.

    The arguments of each promise are validated against the model of the check that it names.

    Raises:
        ContractInvalid: the file is missing, is no YAML (names the line), breaks the schema, or makes a promise that
            no check judges.
    """
    try:
        data = YAML(typ="safe").load(path.read_text(encoding="utf-8"))
        words = {each.value: each is kind for each in Kind} | {_OURS: ours and kind is Kind.CONDA}
        resolved = selectors.resolve(data, platform or platforms.current(), python, words, version)
        contract = Contract.model_validate(resolved)
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
            todo=f"use these words with and, or, not: {', '.join([*selectors.words('linux-64'), *Kind, _OURS])}, "
            'match(python, ">=3.14"), match(version, "<2.15").',
        ) from error
    except ValidationError as error:
        raise ContractInvalid(
            "the contract breaks its schema",
            where=str(path),
            details=[f"{'.'.join(map(str, e['loc'])) or '(top)'}: {e['msg']}" for e in error.errors()],
            todo="mend the keys named above; src/kafka_forge/schemas/contract.schema.json describes them.",
        ) from error
    return contract


def contracts_of(cells: Iterable[Cell], root: Path) -> dict[str, Contract]:
    """Return cell id → contract for these cells: what a recipe promises can differ between them.

    Raises:
        ContractInvalid: one of them is missing or wrong.
    """
    return {
        cell.id: load_contract(
            root / "recipes" / cell.recipe / "contract.yaml", cell.platform, cell.python, version=cell.version
        )
        for cell in cells
    }
