"""What differs between platforms in our own YAML, written as in recipes (CEP 13): ``if``, ``then``, ``else``.

A mapping that has exactly these keys stands for its ``then`` where the condition holds, else for its ``else``, else for
nothing. In a list, a list that it stands for takes its place item by item; as a value, nothing takes the key away, too.

>>> resolve({"has": ["a", {"if": "linux", "then": ["b", "c"]}], "floor": {"if": "win", "then": {}}}, "linux-64")
{'has': ['a', 'b', 'c']}
"""

from __future__ import annotations

import ast
from typing import Any

_NOTHING = object()


class SelectorError(ValueError):
    """A condition uses words that do not exist, or is no condition."""


def words(platform: str) -> dict[str, bool]:
    """Return the words of conditions and whether each is true of a platform; they are the recipes' own.

    >>> [word for word, true in words("osx-arm64").items() if true]
    ['unix', 'osx', 'arm64']
    """
    system, _, cpu = platform.partition("-")
    cpu = {"64": "x86_64"}.get(cpu, cpu)
    systems = {"unix": system != "win", **{each: system == each for each in ("linux", "osx", "win")}}
    return {**systems, **{each: cpu == each for each in ("x86_64", "aarch64", "arm64", "ppc64le")}}


def resolve(data: Any, platform: str) -> Any:
    """Return the data as it is for a platform, with every selector resolved.

    Args:
        data: what YAML gave: mappings, lists and plain values.
        platform: the conda subdir.

    Raises:
        SelectorError: a condition cannot be understood.
    """
    resolved = _resolve(data, platform)
    return None if resolved is _NOTHING else resolved


def _resolve(data: Any, platform: str) -> Any:
    if isinstance(data, dict):
        if _is_selector(data):
            branch = "then" if holds(str(data["if"]), platform) else "else"
            return _resolve(data[branch], platform) if branch in data else _NOTHING
        pairs = ((key, _resolve(value, platform)) for key, value in data.items())
        return {key: value for key, value in pairs if value is not _NOTHING}
    if isinstance(data, list):
        items: list[Any] = []
        for item in data:
            value = _resolve(item, platform)
            spliced = isinstance(value, list) and isinstance(item, dict)
            items += value if spliced else [] if value is _NOTHING else [value]
        return items
    return data


def _is_selector(data: dict[str, Any]) -> bool:
    return {"if", "then"} <= data.keys() <= {"if", "then", "else"}


def holds(condition: str, platform: str) -> bool:
    """Tell whether a condition is true of a platform.

    >>> holds("linux and not ppc64le", "linux-aarch64"), holds("osx or win", "linux-64")
    (True, False)

    Raises:
        SelectorError: it cannot be understood.
    """
    try:
        return _value(ast.parse(condition.strip(), mode="eval").body, words(platform))
    except SyntaxError as error:
        raise SelectorError(condition) from error


def _value(node: ast.expr, known: dict[str, bool]) -> bool:
    if isinstance(node, ast.BoolOp):
        parts = [_value(each, known) for each in node.values]
        return all(parts) if isinstance(node.op, ast.And) else any(parts)
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
        return not _value(node.operand, known)
    if isinstance(node, ast.Name) and node.id in known:
        return known[node.id]
    raise SelectorError(ast.unparse(node))
