"""The two modes of pykafka differ where docs/pykafka-modes.md says so, and nowhere else that is looked at here."""

from __future__ import annotations

import ast
import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from kafka_forge.brokers import Broker

    from .pykafka_env import PykafkaEnv

pytestmark = pytest.mark.integration

HERE = Path(__file__).parent
TABLE = (HERE.parents[1] / "docs" / "pykafka-modes.md").read_text(encoding="utf-8")
CLASSES = (("producer.py", "Producer"), ("simpleconsumer.py", "SimpleConsumer"))
IN_C = (("rdkafka/producer.py", "RdKafkaProducer"), ("rdkafka/simple_consumer.py", "RdKafkaSimpleConsumer"))


def defaults(path: Path, name: str) -> dict[str, str]:
    """The defaults of a class's constructor, as they are written, but for arithmetic."""
    module = ast.parse(path.read_text(encoding="utf-8"))
    (found,) = (node for node in module.body if isinstance(node, ast.ClassDef) and node.name == name)
    (init,) = (node for node in found.body if isinstance(node, ast.FunctionDef) and node.name == "__init__")
    names = [each.arg for each in init.args.args][-len(init.args.defaults) :]
    return {each: ast.unparse(value) for each, value in zip(names, init.args.defaults, strict=True)}


def test_the_defaults_differ_where_the_table_says_so(pykafka_source: Path) -> None:
    different = {}
    for pure, c in zip(CLASSES, IN_C, strict=True):
        theirs, ours = (defaults(pykafka_source / "pykafka" / path, name) for path, name in (pure, c))
        assert set(theirs) == set(ours)
        different.update({name: (value, ours[name]) for name, value in theirs.items() if value != ours[name]})
    rows = re.findall(r"^\| default of `(\w+)` \| ([\d,]+) \| ([\d,]+) \|", TABLE, re.MULTILINE)
    said = {name: tuple(int(number.replace(",", "")) for number in numbers) for name, *numbers in rows}
    assert said == {name: tuple(map(worked_out, values)) for name, values in different.items()}


def worked_out(value: str) -> int:
    """The number that a default like 10 ** 5 is."""
    base, _, exponent = value.partition(" ** ")
    return int(int(base) ** int(exponent or 1))


def test_every_row_names_a_test_that_there_is() -> None:
    rows = [line.rsplit("|", 2)[1] for line in TABLE.splitlines() if line.startswith("| ") and "---" not in line][1:]
    assert len(rows) > 5
    written = "\n".join(path.read_text(encoding="utf-8") for path in HERE.glob("test_pykafka_*.py"))
    for row in rows:
        tests = re.findall(r"`(test_\w+)`", row)
        assert tests, row
        assert all(f"def {name}(" in written for name in tests), row
    for path in re.findall(r"\]\(\.\./(tests/[^)]+)\)", TABLE):
        assert (HERE.parents[1] / path).is_file()


@pytest.mark.parametrize("use_rdkafka", [False, True])
def test_a_synchronous_producer_is_of_the_mode_that_is_asked_for(
    pykafka_env: PykafkaEnv, broker: Broker, use_rdkafka: bool
) -> None:
    made, offset = pykafka_env.run("produced_in_turn", broker.address, use_rdkafka=use_rdkafka)
    assert (made, offset) == ("RdKafkaProducer" if use_rdkafka else "Producer", 0)
