"""The list of patches in a ``recipe.yaml``: read, and changed in place, so that every other byte of the file stays.

An entry of the list is a path, or a condition (``if``, ``then``, ``else``) over paths. The queue holds all of them, in
the order in which they stand; a condition stays with its patches.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from kafka_forge.errors import QueueInvalid, RecipeInvalid, said

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path


@dataclass(frozen=True, slots=True)
class _Leaf:
    """A path: its value, the line and column that it stands at (from 0), and where its branch's key stands."""

    value: str
    line: int
    column: int
    branch: tuple[int, ...] = ()
    listed: bool = True


@dataclass(slots=True)
class _Entry:
    """An entry of the list: the lines (comments) before it, its own lines from ``first`` on, its paths."""

    first: int
    lead: list[str]
    lines: list[str]
    leaves: list[_Leaf] = field(default_factory=list)
    conditional: bool = False


def read(recipe: Path) -> list[str]:
    """Return the paths of a recipe's patches, those under conditions too, in the order in which they stand.

    Raises:
        RecipeInvalid: the file is no recipe with one source.
    """
    _, source = _load(recipe, _text(recipe))
    return [leaf.value for leaf in _leaves(source)]


def replaced(recipe: Path, paths: Sequence[str], known: Mapping[str, str]) -> str:
    """Return the recipe's text with another list of patches.

    Args:
        recipe: the ``recipe.yaml``.
        paths: the new list, in order.
        known: new path → the path under which the same patch stands now; others are new.

    Raises:
        RecipeInvalid: the file is no recipe with one source, or its list is spelled in a way that is not known here.
        QueueInvalid: patches that stand under one condition are not one after the other any more.
    """
    text = _text(recipe)
    if paths == read(recipe) and all(known.get(path) == path for path in paths):
        return text
    lines = text.splitlines(keepends=True)
    _, source = _load(recipe, text)
    start, end, made = _block(recipe, source, lines, paths, known)
    new = "".join([*lines[:start], *made, *lines[end:]])
    _must_be(recipe, new, text, paths)
    return new


def _block(
    recipe: Path, source: Any, lines: list[str], paths: Sequence[str], known: Mapping[str, str]
) -> tuple[int, int, list[str]]:
    """The lines from start to end are to be replaced by these."""
    margin = " " * int(source.lc.col)
    line_end = "\r\n" if lines[0].endswith("\r\n") else "\n"
    fresh = [f"{margin}patches:{line_end}", *(f"{margin}  - {path}{line_end}" for path in paths)] if paths else []
    if "patches" not in source:
        after = int(source.lc.key("sha256" if "sha256" in source else next(iter(source)))[0]) + 1
        return after, after, fresh
    key = int(source.lc.key("patches")[0])
    if not _leaves(source):
        return key, key + 1, fresh
    value = source["patches"]
    if isinstance(value, str) or value.fa.flow_style():
        rest = lines[key].split("#")[0].rstrip()
        if not rest.endswith("]") and not isinstance(value, str):
            raise RecipeInvalid(
                "the list of patches is spelled in a way that cannot be changed here",
                where=f"{recipe}:{key + 1}",
                todo="write it with one `- PATH` a line.",
            )
        return key, key + 1, fresh
    entries = _entries(value, lines, key)
    end = entries[-1].first + len(entries[-1].lines)
    made = _arranged(entries, paths, known, line_end)
    return key, end, [lines[key], *made] if paths else []


def _arranged(entries: list[_Entry], paths: Sequence[str], known: Mapping[str, str], line_end: str) -> list[str]:
    first = entries[0].lines[0]
    margin = first[: len(first) - len(first.lstrip())]
    where = {leaf.value: entry for entry in entries for leaf in entry.leaves}
    new_of = {old: new for new, old in known.items() if old in where}
    kept = [entry for entry in entries if any(leaf.value in new_of for leaf in entry.leaves)]
    tail = _hand_on_comments(entries, kept)
    made: list[str] = []
    done: list[_Entry] = []
    for path in paths:
        entry = where.get(known.get(path, ""))
        if entry is None:
            made.append(f"{margin}- {path}{line_end}")
        elif entry not in done:
            done.append(entry)
            if entry.conditional:
                _must_be_together(entry, paths, new_of)
            made += [*entry.lead, *_renamed(entry, new_of)]
    return [*made, *tail]


def _hand_on_comments(entries: list[_Entry], kept: list[_Entry]) -> list[str]:
    """A comment before a patch that goes stands before the next that stays; return those after the last."""
    waiting: list[str] = []
    for entry in entries:
        if entry in kept:
            entry.lead = [*waiting, *entry.lead]
            waiting = []
        else:
            waiting += entry.lead
    return waiting


def _must_be_together(entry: _Entry, paths: Sequence[str], new_of: Mapping[str, str]) -> None:
    wanted = [new_of[leaf.value] for leaf in entry.leaves if leaf.value in new_of]
    begin = list(paths).index(wanted[0])
    if list(paths[begin : begin + len(wanted)]) != wanted:
        raise QueueInvalid(
            "patches that the recipe lists under one condition are not one after the other any more",
            details=wanted,
            todo="put their commits together again, or give each a condition of its own in recipe.yaml first.",
        )


def _renamed(entry: _Entry, new_of: Mapping[str, str]) -> list[str]:
    lines = list(entry.lines)
    for leaf in entry.leaves:
        number = leaf.line - entry.first
        before, after = lines[number][: leaf.column], lines[number][leaf.column :]
        quote = after[0] if after[0] in "\"'" else ""
        rest = after[len(leaf.value) + 2 * len(quote) :]
        if leaf.value in new_of:
            lines[number] = f"{before}{quote}{new_of[leaf.value]}{quote}{rest}"
        else:
            lines[number] = "" if leaf.listed else f"{before}[]{rest}"
    for branch in {leaf.branch for leaf in entry.leaves if leaf.listed and leaf.branch}:
        if not any(leaf.branch == branch and leaf.value in new_of for leaf in entry.leaves):
            number = branch[0] - entry.first
            lines[number] = lines[number].replace(":", ": []", 1)
    return [line for line in lines if line]


def _entries(value: Any, lines: list[str], key: int) -> list[_Entry]:
    starts = [int(value.lc.item(number)[0]) for number in range(len(value))]
    entries = []
    before = key + 1
    for number, start in enumerate(starts):
        leaves = list(_walk(value, number, ()))
        conditional = not isinstance(value[number], str)
        last = max([_last_line(value[number]), *(leaf.line for leaf in leaves)]) if conditional else start
        entries.append(_Entry(start, lines[before:start], lines[start : last + 1], leaves, conditional))
        before = last + 1
    return entries


def _last_line(mapping: Any) -> int:
    return max(int(mapping.lc.value(key)[0]) for key in mapping)


def _leaves(source: Any) -> list[_Leaf]:
    value = source.get("patches")
    if isinstance(value, str):
        line, column = map(int, source.lc.value("patches"))
        return [_Leaf(value, line, column)]
    return [leaf for number in range(len(value or ())) for leaf in _walk(value, number, ())]


def _walk(sequence: Any, number: int, branch: tuple[int, ...]) -> Iterator[_Leaf]:
    item = sequence[number]
    if isinstance(item, str):
        line, column = map(int, sequence.lc.item(number))
        yield _Leaf(item, line, column, branch)
        return
    for name in ("then", "else"):
        inner = item.get(name)
        if isinstance(inner, str):
            line, column = map(int, item.lc.value(name))
            yield _Leaf(inner, line, column, listed=False)
        elif inner:
            place = tuple(map(int, item.lc.key(name)))
            for each in range(len(inner)):
                yield from _walk(inner, each, place)


def _must_be(recipe: Path, new: str, old: str, paths: Sequence[str]) -> None:
    """The text says what it was meant to, and nothing else has changed."""
    data, source = _load(recipe, new)
    before, their_source = _load(recipe, old)
    found = [leaf.value for leaf in _leaves(source)]
    source.pop("patches", None)
    their_source.pop("patches", None)
    if found != list(paths) or data != before:
        raise RecipeInvalid(
            "the list of patches is spelled in a way that cannot be changed here",
            where=str(recipe),
            todo="write it with one `- PATH` a line.",
        )


def _text(recipe: Path) -> str:
    try:
        return recipe.read_bytes().decode("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise RecipeInvalid(
            f"it cannot be read: {said(error)}", where=str(recipe), todo="name another recipe."
        ) from error


def _load(recipe: Path, text: str) -> tuple[Any, Any]:
    """Return the recipe and its one source."""
    try:
        data = YAML().load(text)
        sources = data["source"]
        mappings = [sources] if isinstance(sources, dict) else [each for each in sources if "url" in each]
        (source,) = mappings
    except (YAMLError, KeyError, TypeError, ValueError) as error:
        raise RecipeInvalid(
            "the queue is for a recipe with one source",
            where=str(recipe),
            details=[str(error)],
            todo="name a recipe whose recipe.yaml has a `source` with a `url`.",
        ) from error
    return data, source
