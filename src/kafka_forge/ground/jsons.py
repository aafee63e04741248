"""JSON that others wrote: whatever is wrong with it is one kind of error."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable


def parsed(text: str | bytes, pairs: Callable[[list[tuple[str, Any]]], dict[str, Any]] | None = None) -> Any:
    """Return what a text of JSON says.

    Args:
        text: the text; bytes are UTF-8, -16 or -32.
        pairs: makes an object of its names and values; None for a plain one.

    Raises:
        ValueError: it is no JSON, or nested deeper than Python's own parser goes, which tells that in its own way.
    """
    try:
        return json.loads(text, object_pairs_hook=pairs)
    except RecursionError as error:
        raise ValueError("it is nested too deeply") from error


def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Make an object of its names and values: of two with one name, readers differ in which one they take.

    Raises:
        ValueError: it has a name twice.

    >>> parsed('{"a": 1, "a": 2}', once)
    Traceback (most recent call last):
    ValueError: it has a name twice
    """
    made = dict(pairs)
    if len(made) != len(pairs):
        raise ValueError("it has a name twice")
    return made
