"""What the checks of bounds have in common: which versions a match spec admits, tried rather than read."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import Field

from kafka_forge.values.contract import Model

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence


class Bounds(Model):
    """``admits``: versions that must fit; ``refuses``: versions that must not."""

    admits: tuple[str, ...] = Field(min_length=1)
    refuses: tuple[str, ...] = Field(min_length=1)


class Arguments(Model):
    """``each``: a package's name → its bounds."""

    each: dict[str, Bounds] = Field(min_length=1)


def problems(specs: Sequence[str], each: dict[str, Bounds], says: str) -> Iterator[str]:
    """Yield what is wrong with the bounds of each package; ``says`` is what a spec does, for the sentence."""
    for name, bounds in each.items():
        own = [spec for spec in specs if spec.split(" ")[0] == name]
        if not own:
            yield f"{says} no {name}"
            continue
        wrong = [version for version in bounds.admits if not _fits(own, version)]
        if wrong:
            yield f"{says} {', '.join(own)}, which is too tight: it refuses {', '.join(wrong)}, which works"
        wrong = [version for version in bounds.refuses if _fits(own, version)]
        if wrong:
            yield f"{says} {', '.join(own)}, which is too loose: it admits {', '.join(wrong)}, which does not work"


def _fits(specs: Sequence[str], version: str) -> bool:
    """Tell whether a version fits all of some specs, of which only the versions count."""
    import rattler

    asked = [spec.split(" ")[1] for spec in specs if " " in spec]
    return all(rattler.VersionSpec(text).matches(rattler.Version(version)) for text in asked)
