"""What was seen of each animal when it was last looked at: docs/zoo.md is made of this alone."""

from __future__ import annotations

import hashlib
import inspect
import json
import re
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from kafka_forge.ground.files import write_text_atomic

from . import keeping

if TYPE_CHECKING:
    from kafka_forge.report.model import CheckReport
    from kafka_forge.values.model import Artifact

    from .animal import Animal

FILE = Path(__file__).with_name("seen.json")


@dataclass(frozen=True)
class Seen:
    """One look at one animal.

    Attributes:
        animal: the digest of what it is made by, see `digest`.
        of: the file name of the good artifact that it was made from.
        caught: as `keeping.caught` has it.
        says: the summaries of what was reported; several cases of one check often say the same.
    """

    animal: str
    of: str
    caught: bool
    says: tuple[str, ...]


def digest(animal: Animal) -> str:
    """Return what changes with an animal: its words, and the functions that make it."""
    makers = [animal.make, *([animal.beside[1]] if animal.beside else [])]
    words = [animal.of, animal.caught_by, animal.says, animal.remedy, *map(inspect.getsource, makers)]
    return hashlib.sha256("\0".join(words).encode()).hexdigest()[:16]


def of(animal: Animal, artifact: Artifact, checks: list[CheckReport]) -> Seen:
    """Put down one look."""
    says = tuple(dict.fromkeys(anywhere(check.summary) for check in keeping.failures(checks)))
    return Seen(digest(animal), artifact.path.name, keeping.caught(animal, checks), says[:3])


def anywhere(summary: str) -> str:
    """Return a summary without the place where the environment stood on this machine."""
    return re.sub(r"/[^\s:;,'\"]*/prefix/", "PREFIX/", summary)


def read() -> dict[str, Seen]:
    """Return animal → what was seen of it."""
    raw = json.loads(FILE.read_text(encoding="utf-8")) if FILE.is_file() else {}
    return {name: Seen(**{**each, "says": tuple(each["says"])}) for name, each in raw.items()}


def keep(name: str, seen: Seen) -> None:
    """Keep what was seen of one animal beside what is known of the others."""
    known = {**read(), name: seen}
    text = json.dumps({each: asdict(known[each]) for each in sorted(known)}, indent=1, ensure_ascii=False)
    write_text_atomic(FILE, text + "\n")
