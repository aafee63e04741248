"""What differs between platforms and Pythons in our own YAML, written as in recipes: ``if``, ``then``, ``else``.

A mapping that has exactly these keys stands for its ``then`` where the condition holds, else for its ``else``, else for
nothing. In a list, a list that it stands for takes its place item by item; as a value, nothing takes the key away, too.
Words and ``match(python, ">=3.14")`` are the recipes' (CEP 13 and 14); ``is_freethreading`` is conda-forge's variant,
and ``match(version, ">=2.15")`` asks for what a recipe has no need to ask: the version of the artifact itself.

>>> resolve({"has": ["a", {"if": "linux", "then": ["b", "c"]}], "floor": {"if": "win", "then": {}}}, "linux-64")
{'has': ['a', 'b', 'c']}
"""

from __future__ import annotations

import ast
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, TypeAlias

from packaging.specifiers import InvalidSpecifier, SpecifierSet

from kafka_forge.values import python_names

if TYPE_CHECKING:
    from collections.abc import Mapping

_NOTHING = object()
_NO_WORDS: Mapping[str, bool] = MappingProxyType({})

Versions: TypeAlias = "Mapping[str, str | None]"
"""What ``match`` can compare → its version; None where none is known."""


class SelectorError(ValueError):
    """A condition uses words that do not exist, or is no condition."""


def words(platform: str, python: str | None = None) -> dict[str, bool]:
    """Return the words of conditions and whether each is true of a platform and a Python; they are the recipes' own.

    >>> [word for word, true in words("osx-arm64").items() if true]
    ['unix', 'osx', 'arm64']
    """
    system, _, cpu = platform.partition("-")
    cpu = {"64": "x86_64"}.get(cpu, cpu)
    systems = {"unix": system != "win", **{each: system == each for each in ("linux", "osx", "win")}}
    processors = {each: cpu == each for each in ("x86_64", "aarch64", "arm64", "ppc64le")}
    return {**systems, **processors, "is_freethreading": python_names.is_free_threaded(python)}


def resolve(
    data: Any,
    platform: str,
    python: str | None = None,
    more: Mapping[str, bool] = _NO_WORDS,
    version: str | None = None,
) -> Any:
    """Return the data as it is for a platform and a Python, with every selector resolved.

    Args:
        data: what YAML gave: mappings, lists and plain values.
        platform: the conda subdir.
        python: ``"3.12"``; None where the data are for every Python, and no condition on it holds.
        more: words that conditions may use besides, and whether each is true.
        version: of the artifact; None where the data are for every version, and no condition on it holds.

    Raises:
        SelectorError: a condition cannot be understood.
    """
    resolved = _resolve(data, {**words(platform, python), **more}, _versions(python, version))
    return None if resolved is _NOTHING else resolved


def _versions(python: str | None, version: str | None = None) -> Versions:
    return {"python": python and python_names.version(python), "version": version}


def _resolve(data: Any, known: Mapping[str, bool], versions: Versions) -> Any:
    if isinstance(data, dict):
        if _is_selector(data):
            branch = "then" if _holds(str(data["if"]), known, versions) else "else"
            return _resolve(data[branch], known, versions) if branch in data else _NOTHING
        pairs = ((key, _resolve(value, known, versions)) for key, value in data.items())
        return {key: value for key, value in pairs if value is not _NOTHING}
    if isinstance(data, list):
        items: list[Any] = []
        for item in data:
            value = _resolve(item, known, versions)
            spliced = isinstance(value, list) and isinstance(item, dict)
            items += value if spliced else [] if value is _NOTHING else [value]
        return items
    return data


def _is_selector(data: dict[str, Any]) -> bool:
    return {"if", "then"} <= data.keys() <= {"if", "then", "else"}


def holds(condition: str, platform: str, python: str | None = None) -> bool:
    """Tell whether a condition is true of a platform and a Python; of a version, it can tell nothing.

    >>> holds("linux and not ppc64le", "linux-aarch64"), holds("osx or win", "linux-64")
    (True, False)
    >>> holds('match(python, ">=3.14") and is_freethreading', "linux-64", "3.14t")
    True

    Raises:
        SelectorError: it cannot be understood.
    """
    return _holds(condition, words(platform, python), _versions(python))


def _holds(condition: str, known: Mapping[str, bool], versions: Versions) -> bool:
    try:
        return _value(ast.parse(condition.strip(), mode="eval").body, known, versions)
    except (SyntaxError, InvalidSpecifier) as error:
        raise SelectorError(condition) from error


def _value(node: ast.expr, known: Mapping[str, bool], versions: Versions) -> bool:
    if isinstance(node, ast.BoolOp):
        parts = [_value(each, known, versions) for each in node.values]
        return all(parts) if isinstance(node.op, ast.And) else any(parts)
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
        return not _value(node.operand, known, versions)
    if isinstance(node, ast.Name) and node.id in known:
        return known[node.id]
    if isinstance(node, ast.Call) and ast.unparse(node.func) == "match":
        return _matches(node, versions)
    raise SelectorError(ast.unparse(node))


def _matches(node: ast.Call, versions: Versions) -> bool:
    """Tell whether a version is one that ``match(python, ">=3.14")`` names."""
    match node.args:
        case [ast.Name(id=name), ast.Constant(value=str(specifier))] if name in versions and not node.keywords:
            wanted, version = SpecifierSet(specifier), versions[name]
            return version is not None and wanted.contains(version, prereleases=True)
    raise SelectorError(ast.unparse(node))
