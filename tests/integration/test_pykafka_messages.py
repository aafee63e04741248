"""What pykafka says: no text of an exception or of the log has a place that nobody filled in."""

from __future__ import annotations

import ast
import string
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.integration

LOGS = {"debug", "info", "warning", "error", "exception", "critical"}


def sources(tree: Path) -> Iterator[tuple[Path, ast.Module]]:
    for path in sorted((tree / "pykafka").rglob("*.py")):
        yield path.relative_to(tree), ast.parse(path.read_text(encoding="utf-8"))


def text_of(node: ast.expr) -> str | None:
    """The text of a literal, or None if it is made at run time."""
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else None


def places(text: str) -> int:
    """How many arguments a text takes by %."""
    rest = text.replace("%%", "")
    return rest.count("%") - rest.count("% ")


def braces(text: str) -> int:
    """How many places a text has for format()."""
    try:
        return sum(name is not None for _, name, _, _ in string.Formatter().parse(text))
    except ValueError:
        return 0


def logged(call: ast.Call) -> bool:
    function = call.func
    return (
        isinstance(function, ast.Attribute)
        and function.attr in LOGS
        and isinstance(function.value, ast.Name)
        and function.value.id in {"log", "logger"}
    )


def test_no_exception_is_raised_with_a_text_that_nobody_formatted(pykafka_source: Path) -> None:
    """`raise Error("… %s", value)` is how a log is written to; an exception shows the tuple."""
    wrong = []
    for path, module in sources(pykafka_source):
        calls = [
            node.exc for node in ast.walk(module) if isinstance(node, ast.Raise) and isinstance(node.exc, ast.Call)
        ]
        for call in calls:
            text = text_of(call.args[0]) if call.args else None
            if text is not None and (places(text) or braces(text)):
                wrong.append(f"{path}:{call.lineno}: {text!r}")
    assert not wrong


def test_every_logged_text_has_as_many_places_as_arguments(pykafka_source: Path) -> None:
    wrong = []
    seen = 0
    for path, module in sources(pykafka_source):
        for call in (node for node in ast.walk(module) if isinstance(node, ast.Call) and logged(node)):
            text = text_of(call.args[0]) if call.args else None
            if text is None:
                continue
            seen += 1
            given = len(call.args) - 1
            if places(text) != given or (not given and braces(text)):
                wrong.append(f"{path}:{call.lineno}: {text!r} with {given} arguments")
    assert seen > 100
    assert not wrong
