"""``python -m tests.integration.zoo.page`` looks at every animal, and writes docs/zoo.md: the mutation score."""

from __future__ import annotations

import sys
import tempfile
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

from kafka_forge import checks
from kafka_forge.ground import leaving
from kafka_forge.ground.files import write_text_atomic
from kafka_forge.ground.paths import project_root

from . import keeping
from .animals import ANIMALS

if TYPE_CHECKING:
    from collections.abc import Collection

PAGE = project_root() / "docs" / "zoo.md"
_HEAD = """# The zoo

<!-- made by `python -m tests.integration.zoo.page`, which makes every animal and has it judged -->

Bad packages, each made of one of our good artifacts with one fault, and judged as `verify` judges an artifact
(`tests/integration/zoo/`). An animal is caught where one check reports it, with the cause in its summary, and nothing
else is reported; failures that only follow from that one say so.

"""


def score(caught: Collection[str]) -> str:
    """Return the sentence that README shows, from the names of the animals that were caught."""
    return f"{len(caught)} of {len(ANIMALS)} animals are caught"


def text(caught: Collection[str]) -> str:
    """Return the page, from the names of the animals that were caught."""
    lines = ["| animal | made from | what is wrong | public thread | caught by |", "|---|---|---|---|---|"]
    for each in ANIMALS:
        repository, _, number = each.met.partition("#")
        thread = f"[{each.met}](https://github.com/{repository}/issues/{number})"
        by = f"`{each.caught_by}`" if each.name in caught else f"**missed** by `{each.caught_by}`"
        lines.append(f"| {each.name} | {each.of} | {each.wrong} | {thread} | {by} |")
    made = Counter(each.caught_by.partition("[")[0] for each in ANIMALS)
    seen = Counter(each.caught_by.partition("[")[0] for each in ANIMALS if each.name in caught)
    table = [
        "| check | caught | made |",
        "|---|---:|---:|",
        *(f"| `{name}` | {seen[name]} | {made[name]} |" for name in made),
    ]
    idle = ", ".join(f"`{name}`" for name in checks.by_id() if name not in made)
    rest = f"No animal here is for these checks: {idle}.\n"
    return _HEAD + f"**{score(caught)}.**\n\n" + "\n".join(table) + f"\n\n{rest}\n" + "\n".join(lines) + "\n"


def caught() -> set[str]:
    """Make every animal; return the names of those that were caught."""
    found = set()
    with tempfile.TemporaryDirectory(prefix="zoo-") as room, keeping.keeper(Path(room)) as keeper:
        for animal in ANIMALS:
            if keeping.caught(animal, keeper.look(animal)):
                found.add(animal.name)
            sys.stdout.write(f"{animal.name}: {'caught' if animal.name in found else 'MISSED'}\n")
            sys.stdout.flush()
    return found


if __name__ == "__main__":
    seen = caught()
    write_text_atomic(PAGE, text(seen))
    sys.stdout.write(f"{score(seen)}\n")
    leaving.leave(0 if len(seen) == len(ANIMALS) else 1)
