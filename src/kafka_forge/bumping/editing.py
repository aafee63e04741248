"""Values of a recipe's YAML changed in place, so that every comment and every other byte stays.

conda-recipe-manager does this for v1 recipes, and is in no package registry but conda's; the engine has nothing of it.
"""

from __future__ import annotations

import io
import re
from typing import TYPE_CHECKING, Any

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from kafka_forge.bumping import versions
from kafka_forge.errors import RecipeInvalid

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

Path_ = tuple[str | int, ...]
"""The keys that lead to a value."""

_REFERENCE = re.compile(r"\$\{\{\s*(\w+)\s*\}\}")
VERSION: Path_ = ("package", "version")
SHA256: Path_ = ("source", "sha256")
NUMBER: Path_ = ("build", "number")


def value(text: str, path: Path_, where: str) -> str:
    """Return a value as it stands; one that is a reference to the context is that of the context.

    Raises:
        RecipeInvalid: there is none.
    """
    data = _load(text, where)
    return str(_at(data, _place(data, path, where), where))


def changed(text: str, values: Mapping[Path_, str], where: str) -> str:
    """Return YAML with other values; one that is a reference to the context is changed there.

    Args:
        text: the file.
        values: path → the new value, which keeps the old one's quotes.
        where: the file's name, for errors.

    Raises:
        RecipeInvalid: there is no such value, or it is spelled in a way that is not known here.
    """
    data = _load(text, where)
    places = {_place(data, path, where): new for path, new in values.items()}
    lines = text.splitlines(keepends=True)
    spots = sorted(((_spot(data, path), path) for path in places), reverse=True)
    for (line, column), path in spots:
        lines[line] = _put(lines[line], column, str(_at(data, path, where)), places[path], where)
    new = "".join(lines)
    _must_differ_in(_load(new, where), data, places, where)
    return new


def bounds_moved(text: str, package: str, old: str, new: str, where: str) -> str:
    """Return a contract whose bounds for a package are tried with the versions around another one.

    Args:
        text: ``contract.yaml``.
        package: whose versions ``admits`` and ``refuses`` name.
        old, new: its version, before and after.
        where: the file's name, for errors.
    """
    values = {path: versions.moved(bound, old, new) for path, bound in _bounds(_load(text, where), package, ())}
    return changed(text, values, where) if values else text


def _bounds(data: Any, package: str, path: Path_) -> Iterator[tuple[Path_, str]]:
    pairs = data.items() if isinstance(data, dict) else enumerate(data) if isinstance(data, list) else ()
    for key, inner in pairs:
        here = (*path, key)
        if key == package and isinstance(inner, dict):
            for word in ("admits", "refuses"):
                for number, bound in enumerate(inner.get(word) or ()):
                    yield (*here, word, number), str(bound)
        else:
            yield from _bounds(inner, package, here)


def _place(data: Any, path: Path_, where: str) -> Path_:
    """Return where a value really stands: a source may be a list of one, a value may be the context's."""
    if path[0] == "source" and isinstance(data.get("source"), list):
        path = ("source", 0, *path[1:])
    reference = _REFERENCE.fullmatch(str(_at(data, path, where)))
    return ("context", reference[1]) if reference else path


def _at(data: Any, path: Path_, where: str) -> Any:
    try:
        for key in path:
            data = data[key]
    except (KeyError, IndexError, TypeError) as error:
        raise RecipeInvalid(
            f"it has no {'.'.join(map(str, path))}", where=where, todo="write it into the file, as the others have it."
        ) from error
    return data


def _spot(data: Any, path: Path_) -> tuple[int, int]:
    for key in path[:-1]:
        data = data[key]
    line, column = data.lc.item(path[-1]) if isinstance(path[-1], int) else data.lc.value(path[-1])
    return int(line), int(column)


def _put(line: str, column: int, old: str, new: str, where: str) -> str:
    quote = line[column] if line[column] in "\"'" else ""
    spelled = f"{quote}{old}{quote}"
    if not line.startswith(spelled, column):
        raise RecipeInvalid(
            "a value is spelled in a way that cannot be changed here",
            where=where,
            details=[line.strip()],
            todo="write it in one line, plain or in quotes.",
        )
    return f"{line[:column]}{quote}{new}{quote}{line[column + len(spelled) :]}"


def _must_differ_in(new: Any, old: Any, places: Mapping[Path_, str], where: str) -> None:
    for path, wanted in places.items():
        if str(_at(new, path, where)) != wanted:
            raise RecipeInvalid(
                f"{'.'.join(map(str, path))} cannot be changed to {wanted}",
                where=where,
                todo="write it in one line, plain or in quotes.",
            )
        inner = old
        for key in path[:-1]:
            inner = inner[key]
        inner[path[-1]] = _at(new, path, where)
    if new != old:
        raise RecipeInvalid("more than was meant would change", where=where, todo="write each value in its own line.")


def _load(text: str, where: str) -> Any:
    try:
        return YAML().load(io.StringIO(text))
    except YAMLError as error:
        raise RecipeInvalid(
            f"this is no valid YAML: {str(error).splitlines()[0]}", where=where, todo="mend the file."
        ) from error
