"""The rooms of `kafka_forge`, from the ground up, and the table of them in CONTRIBUTING.md.

``python -m tests.floors``, in the checkout, writes the table anew; a room's line is the first paragraph of its
``__init__.py``.
"""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING

from kafka_forge.ground.paths import project_root

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

FLOORS: tuple[tuple[str, ...], ...] = (
    ("errors", "scenarios"),
    ("ground",),
    ("macho",),
    ("values",),
    ("platforms", "sboms", "sources"),
    ("attesting", "channels"),
    ("engine",),
    ("bases", "planning"),
    ("brokers", "emulators", "feedstocks", "patching", "report"),
    ("building", "doctor", "environments", "faults", "locks", "publishing"),
    ("inspection", "reproducing"),
    ("checks",),
    ("contracts", "roundtrips"),
    ("bench", "survival"),
    ("examining",),
    ("auditing", "bumping"),
    ("comparing", "sketching"),
    ("schemas",),
    ("cli",),
)
"""What a room imports stands on a floor below its own; ``scenarios`` run without the toolkit, so they need none."""
PACKAGE = project_root() / "src" / "kafka_forge"
_TABLE = re.compile(r"(?<=<!-- rooms -->\n).*?(?=<!-- /rooms -->)", re.DOTALL)


def modules() -> dict[str, Path]:
    """Return every module of the package by its dotted name."""
    found = {}
    for path in sorted(PACKAGE.rglob("*.py")):
        parts = ("kafka_forge", *path.relative_to(PACKAGE).with_suffix("").parts)
        found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


def imports(path: Path, known: dict[str, Path]) -> Iterator[str]:
    """Give the modules of the package that a module imports anywhere, be it for its types only or within a function."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (each.name for each in node.names if each.name in known)
        elif isinstance(node, ast.ImportFrom) and node.module in known:
            for each in node.names:
                name = f"{node.module}.{each.name}"
                yield name if name in known else node.module


def room(module: str) -> str:
    """Return the folder that a module stands in; empty for the package itself."""
    return module.partition(".")[2].partition(".")[0]


def table() -> str:
    """Return the table as CONTRIBUTING.md has it."""
    lines = ["| floor | folder | |", "|---:|---|---|"]
    for number, rooms in enumerate(FLOORS):
        for name in rooms:
            text = ast.get_docstring(ast.parse((PACKAGE / name / "__init__.py").read_text(encoding="utf-8"))) or ""
            first = " ".join(text.partition("\n\n")[0].split()).replace("``", "`")
            lines.append(f"| {number} | `{name}/` | {first} |")
    return "\n".join(lines) + "\n"


def written(text: str) -> str:
    """Return the text of CONTRIBUTING.md with the table as it is now."""
    return _TABLE.sub(lambda _: table(), text)


if __name__ == "__main__":
    page = project_root() / "CONTRIBUTING.md"
    page.write_text(written(page.read_text(encoding="utf-8")), encoding="utf-8")
