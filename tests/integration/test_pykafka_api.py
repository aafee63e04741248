"""What callers and subclasses of pykafka 2.8.0 have names for is there in the patched one, in the same order.

Both are read as source, since the unpatched one cannot be imported: it wants pkg_resources.
"""

from __future__ import annotations

import ast
import itertools
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from . import pykafka_tree

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from .pykafka_wire import Wire

pytestmark = pytest.mark.integration

MEANT = {
    "pykafka.producer:OwnedBroker": "what sends is pykafka.sender's; it was never made by callers, and the name stays",
    "pykafka.simpleconsumer:OwnedPartition": "an Event says that messages arrived, no Semaphore; consumers make it",
    "pykafka.utils:VERSIONS_CACHE": "each broker has the versions that it told",
    "pykafka.utils:msg_protocol_version": "the message format follows from what a broker told",
}
"""What is different on purpose, and why."""


@dataclass(frozen=True, slots=True)
class Function:
    """How a function is called.

    Attributes:
        positional: the names of its arguments, in order.
        required: how many of them have no default.
        rest: whether it takes any others, by position and by name.
    """

    positional: tuple[str, ...]
    required: int
    rest: tuple[bool, bool]

    @classmethod
    def of(cls, node: ast.FunctionDef) -> Function:
        taken = node.args
        names = tuple(each.arg for each in [*taken.posonlyargs, *taken.args])
        return cls(names, len(names) - len(taken.defaults), (taken.vararg is not None, taken.kwarg is not None))

    def takes_what(self, older: Function) -> bool:
        """Whether every call of the older one is a call of this."""
        same = self.positional[: len(older.positional)] == older.positional
        return same and self.required <= older.required and all(map(int.__ge__, self.rest, older.rest))


def names(tree: Path) -> dict[str, Function | None]:
    """Every public name, ``MODULE:NAME`` or ``MODULE:CLASS.NAME``; functions with how they are called."""
    found: dict[str, Function | None] = {}
    for path in sorted((tree / "pykafka").rglob("*.py")):
        parts = path.relative_to(tree).with_suffix("").parts
        if "test" not in parts:
            module = ".".join(part for part in parts if part != "__init__")
            found.update(visited(ast.parse(path.read_text(encoding="utf-8")).body, f"{module}:"))
    return found


def visited(body: list[ast.stmt], prefix: str) -> Iterator[tuple[str, Function | None]]:
    for node in body:
        if isinstance(node, ast.FunctionDef) and (not node.name.startswith("_") or node.name == "__init__"):
            yield prefix + node.name, Function.of(node)
        elif isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
            yield prefix + node.name, None
            yield from visited(node.body, f"{prefix}{node.name}.")
        elif isinstance(node, ast.Assign):
            for target in itertools.chain.from_iterable(map(ast.walk, node.targets)):
                if isinstance(target, ast.Name) and not target.id.startswith("_"):
                    yield prefix + target.id, None
        elif isinstance(node, ast.ImportFrom) and node.level:  # of pykafka's own
            yield from ((prefix + (alias.asname or alias.name), None) for alias in node.names)
        elif isinstance(node, (ast.Try, ast.If)):
            yield from visited([*node.body, *node.orelse], prefix)


def meant(name: str) -> bool:
    return any(name == each or name.startswith(f"{each}.") for each in MEANT)


def test_no_name_is_lost_and_every_call_of_2_8_0_is_still_one(
    pykafka_source: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Names that a module merely imports from another are not its own, but they may be where one has gone."""
    older, newer = names(pykafka_tree.unpatched(tmp_path_factory.mktemp("unpatched"))), names(pykafka_source)
    assert len(older) > 500
    own = {
        name: taken for name, taken in older.items() if taken is not None or name in newer or not imported(name, older)
    }
    assert [name for name in own if name not in newer and not meant(name)] == []
    calls = {name: (taken, newer[name]) for name, taken in own.items() if taken is not None and name in newer}
    changed = [name for name, (was, now) in calls.items() if now is not None and not now.takes_what(was)]
    assert [name for name in changed if not meant(name)] == []
    assert [name for name in MEANT if name not in older] == []


def imported(name: str, found: dict[str, Function | None]) -> bool:
    """Whether another module defines the name too."""
    module, _, tail = name.partition(":")
    return any(other.endswith(f":{tail}") and not other.startswith(f"{module}:") for other in found)


@pytest.mark.parametrize("captured", ["none", "gzip", "zstd"])
def test_what_was_fetched_is_a_sequence(wire: Wire, captured: str) -> None:
    """`FetchPartitionResponse.messages` was a list in 2.8.0: it had an index, slices and a length."""
    messages = wire.fetched(captured)
    listed = list(messages)
    assert len(messages) == len(listed) > 2
    assert [each.offset for each in messages[1:]] == [each.offset for each in listed[1:]]
    assert [messages[number].offset for number in (0, -1)] == [listed[0].offset, listed[-1].offset]
    assert [each.offset for each in reversed(messages)] == [each.offset for each in listed[::-1]]
    with pytest.raises(IndexError):
        messages[len(listed)]


def test_a_message_set_takes_the_version_that_it_once_took(wire: Wire) -> None:
    compression = wire.protocol.message.CompressionType
    assert wire.protocol.MessageSet(compression.NONE, [], "0.9.0").messages == []
