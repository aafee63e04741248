"""``python -m tests.integration.zoo.page`` looks at every animal, and writes docs/zoo.md: the mutation score.

With names it looks at these alone, with ``stale`` at those that have changed since they were looked at. What was seen
of the others is in seen.json.
"""

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

from . import keeping, records
from .animals import ANIMALS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from .animal import Animal
    from .records import Seen

PAGE = project_root() / "docs" / "zoo.md"
_SHOWN = 260
_WHY = {
    "gil-stays-off": "no registry has a free-threaded Python for the base (bootstrap/python/README.md)",
    "roundtrip-share-group": "the recipe's client is older than share groups; tests/unit/test_roundtrip_share_group.py "
    "breaks what a real one told",
    "survives": "it takes a cluster; tests/integration/test_survival.py has clients lie to it there",
}
"""Why there is no animal for a check."""
_HEAD = """# The zoo

<!-- made by `python -m tests.integration.zoo.page`, which makes every animal and has it judged -->

Bad packages, each made of one of our good artifacts with one fault, and judged as `verify` judges an artifact
(`tests/integration/zoo/`). An animal is caught where one check reports it, with the cause and what to do in its
summary, and nothing else is reported; failures that only follow from that one say so.

"""


def caught(seen: Mapping[str, Seen]) -> set[str]:
    """Return the names of the animals that were caught when they were last looked at."""
    return {each.name for each in ANIMALS if each.name in seen and seen[each.name].caught}


def score(seen: Mapping[str, Seen]) -> str:
    """Return the sentence that README shows."""
    return f"{len(caught(seen))} of {len(ANIMALS)} animals are caught"


def text(seen: Mapping[str, Seen]) -> str:
    """Return the page."""
    found = caught(seen)
    lines = ["| animal | made from | what is wrong | public thread | caught by |", "|---|---|---|---|---|"]
    for each in ANIMALS:
        repository, _, number = each.met.partition("#")
        thread = f"[{each.met}](https://github.com/{repository}/issues/{number})"
        by = f"`{each.caught_by}`" if each.name in found else f"**missed** by `{each.caught_by}`"
        lines.append(f"| {each.name} | {each.of} | {each.wrong} | {thread} | {by} |")
    made = Counter(each.caught_by.partition("[")[0] for each in ANIMALS)
    right = Counter(each.caught_by.partition("[")[0] for each in ANIMALS if each.name in found)
    table = [
        "| check | caught | made |",
        "|---|---:|---:|",
        *(f"| `{name}` | {right[name]} | {made[name]} |" for name in made),
    ]
    idle = "; ".join(f"`{name}`{_why(name)}" for name in checks.by_id() if name not in made)
    rest = f"No animal here is for these checks: {idle or 'none'}."
    said = ["## What each check says", "", *(_said(each, seen) for each in ANIMALS if each.name in seen)]
    parts = [f"**{score(seen)}.**", "\n".join(table), rest, "\n".join(lines), "\n".join(said)]
    return _HEAD + "\n\n".join(parts) + "\n"


def _why(name: str) -> str:
    return f" ({_WHY[name]})" if name in _WHY else ""


def _said(animal: Animal, seen: Mapping[str, Seen]) -> str:
    first = seen[animal.name].says[0] if seen[animal.name].says else "nothing"
    cause, _, remedy = first.rpartition("; ")
    shown = cause if len(cause) <= _SHOWN else cause[:_SHOWN].rstrip() + " …"
    return f"- {animal.name}: {shown}; *{remedy}*".replace("|", "\\|")


def chosen(names: Sequence[str], seen: Mapping[str, Seen]) -> list[Animal]:
    """Return the animals to look at: the named ones, those that have changed for ``stale``, all for no name."""
    if list(names) == ["stale"]:
        return [each for each in ANIMALS if each.name not in seen or seen[each.name].animal != records.digest(each)]
    unknown = set(names) - {each.name for each in ANIMALS}
    if unknown:
        raise SystemExit(f"no such animal: {', '.join(sorted(unknown))}")
    return [each for each in ANIMALS if not names or each.name in names]


def look(animals: Sequence[Animal]) -> dict[str, Seen]:
    """Make animals and have them judged; what was seen is kept as soon as it is, and returned with that of others."""
    with tempfile.TemporaryDirectory(prefix="zoo-") as room, keeping.keeper(Path(room)) as keeper:
        for animal in animals:
            seen = records.of(animal, keeper.origin(animal)[0], keeper.look(animal))
            records.keep(animal.name, seen)
            sys.stdout.write(f"{animal.name}: {'caught' if seen.caught else 'MISSED'}\n")
            sys.stdout.flush()
    return records.read()


if __name__ == "__main__":
    found = look(chosen(sys.argv[1:], records.read()))
    write_text_atomic(PAGE, text(found))
    sys.stdout.write(f"{score(found)}\n")
    leaving.leave(0 if len(caught(found)) == len(ANIMALS) else 1)
