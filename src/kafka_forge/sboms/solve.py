"""What the engine's solver chose for a build, as its ``rendered_recipe.yaml`` tells it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from kafka_forge.sboms.facts import Role, Solved

if TYPE_CHECKING:
    from collections.abc import Iterator

_PARTS = {"build": Role.BUILD, "host": Role.HOST}
_TOP = re.compile(r"^(?=\S)", re.MULTILINE)
_KEEP = ("finalized_dependencies:", "system_tools:")
_ENGINE = "rattler-build"


def read(rendered: str) -> tuple[str, tuple[Solved, ...]]:
    """Return the engine's version, and the packages of the environments for build and host, by name.

    Args:
        rendered: ``rendered_recipe.yaml`` of rattler-build 0.73: ``finalized_dependencies`` has for each of the two
            ``resolved``, a list of records as a channel's index has them, or null.

    Raises:
        KeyError, TypeError, AttributeError: it is of another form.
    """
    from ruamel.yaml import YAML

    # a long file, of which two parts are needed, and no parser of YAML is quick
    text = "".join(part for part in _TOP.split(rendered) if part.startswith(_KEEP))
    data = YAML(typ="safe").load(text)
    found = sorted(_records(data["finalized_dependencies"]), key=lambda each: (each.name, each.subdir, each.role))
    return str(data["system_tools"][_ENGINE]), tuple(found)


def _records(parts: dict[str, Any]) -> Iterator[Solved]:
    for part, role in _PARTS.items():
        for each in (parts.get(part) or {}).get("resolved") or ():
            yield Solved(
                name=each["name"],
                version=str(each["version"]),
                build=each["build"],
                subdir=each["subdir"],
                sha256=each["sha256"],
                url=each["url"],
                license=str(each.get("license") or ""),
                role=role,
            )
