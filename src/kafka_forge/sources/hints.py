"""``sources.yaml``: other places for the bytes that a recipe's upstream URL names, by their sha256."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import Field, RootModel, StringConstraints, ValidationError
from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError

from kafka_forge.errors import LockInvalid
from kafka_forge.sources.crate import Crate
from kafka_forge.sources.debian_binary import DebianBinary
from kafka_forge.sources.debian_source import DebianSource
from kafka_forge.sources.maven import Maven
from kafka_forge.sources.python_index import PythonIndex

if TYPE_CHECKING:
    from pathlib import Path

AnyProvider = Annotated[PythonIndex | DebianSource | DebianBinary | Maven | Crate, Field(discriminator="kind")]
"""Every kind of place that YAML can name."""

Sha256 = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]

Hints = Mapping[str, tuple[AnyProvider, ...]]
"""sha256 → the places to look, in order."""


class _File(RootModel[dict[Sha256, tuple[AnyProvider, ...]]]):
    pass


def load_hints(path: Path) -> Hints:
    """Read a ``sources.yaml``; a file that does not exist gives no hints.

    Raises:
        LockInvalid: it is no valid YAML or breaks the schema; ``where`` is ``file:line``.
    """
    if not path.is_file():
        return {}
    yaml = YAML(typ="rt")
    try:
        data = yaml.load(path.read_text(encoding="utf-8"))
        return _File.model_validate(data or {}).root
    except MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise LockInvalid(
            f"this is no valid YAML: {error.problem}", where=f"{path}:{line}", todo="mend the file at that line."
        ) from error
    except ValidationError as error:
        # a misspelt key gives two errors; the one that stands in the file says more than the one that is missing
        first = min(error.errors(), key=lambda found: found["type"] != "extra_forbidden")
        raise LockInvalid(
            "this file of sources breaks its schema",
            where=f"{path}:{line_of(data, first['loc'])}",
            details=[f"{'.'.join(map(str, e['loc'])) or '(top)'}: {e['msg']}" for e in error.errors()],
            todo="mend the keys named above.",
        ) from error


def line_of(data: Any, loc: tuple[int | str, ...]) -> int:
    """Return the line (from 1) of a schema error's place in what ruamel.yaml's round-trip loader read.

    Args:
        data: the loaded document.
        loc: pydantic's path into it; parts that are not in the document (a union's tag) are passed over.
    """
    line = 1
    for part in loc:
        with contextlib.suppress(AttributeError, KeyError, IndexError, TypeError):
            line = (data.lc.item(part) if isinstance(part, int) else data.lc.key(part))[0] + 1
            data = data[part]
    return line
