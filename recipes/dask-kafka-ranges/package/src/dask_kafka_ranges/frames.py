"""Reading a range into a pandas dataframe, on a worker, and what its columns are."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pandas

from dask_kafka_ranges import reading
from dask_kafka_ranges.errors import MessageNotDecodable

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from dask_kafka_ranges.codecs import Avro
    from dask_kafka_ranges.reading import Reading
    from dask_kafka_ranges.values import Record

_OWN = {"partition": "int32", "offset": "int64", "timestamp": "datetime64[ms, UTC]", "key": "object"}
_OF_AVRO = {
    "int": "Int64",
    "long": "Int64",
    "float": "Float64",
    "double": "Float64",
    "boolean": "boolean",
    "string": "string",
}


@dataclass(frozen=True)
class FrameReading:
    """One task. ``fields``: name → dtype of what each value has; None leaves values whole, in the column ``value``."""

    reading: Reading
    fields: tuple[tuple[str, str], ...] | None = None


def run(task: FrameReading) -> pandas.DataFrame:
    """Read a range; its rows are its messages in the order of their offsets. Raises what `reading.run` raises."""
    return _frame(reading.run(task.reading), task.fields)


def empty(fields: tuple[tuple[str, str], ...] | None) -> pandas.DataFrame:
    """Return a dataframe without rows, with the columns of one that is read."""
    return _frame([], fields)


def fields_of(avro: Avro) -> dict[str, str]:
    """Return name → dtype of an Avro record's fields; ``object`` for what pandas has no type for.

    Raises:
        ValueError: the schema is no record's.
    """
    schema = json.loads(avro.schema)
    if not isinstance(schema, dict) or schema.get("type") != "record":
        raise ValueError("the schema is no record's, so it has no fields to make columns of")
    return {field["name"]: _OF_AVRO.get(_primitive(field["type"]), "object") for field in schema["fields"]}


def checked(fields: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    """Return fields as a task has them.

    Raises:
        ValueError: one has the name of a column that is there anyway.
    """
    if twice := sorted(fields.keys() & _OWN.keys()):
        raise ValueError(f"columns of these names are there anyway: {', '.join(twice)}; rename them in `value`")
    return tuple(fields.items())


def _primitive(kind: Any) -> str:
    if isinstance(kind, list):  # a union; one of them may be null
        kinds = [each for each in kind if each != "null"]
        return _primitive(kinds[0]) if len(kinds) == 1 else ""
    if isinstance(kind, dict):  # a logical type is another Python type, such as datetime
        return "" if "logicalType" in kind else _primitive(kind["type"])
    return str(kind)


def _frame(records: Sequence[Record], fields: tuple[tuple[str, str], ...] | None) -> pandas.DataFrame:
    columns = {
        "partition": _series([each.partition for each in records], _OWN["partition"]),
        "offset": _series([each.offset for each in records], _OWN["offset"]),
        "timestamp": pandas.to_datetime(
            pandas.Series([each.timestamp for each in records], dtype="Int64"), unit="ms", utc=True
        ).astype(_OWN["timestamp"]),
        "key": _series([each.key for each in records], _OWN["key"]),
    }
    if fields is None:
        columns["value"] = _series([each.value for each in records], "object")
    for name, dtype in fields or ():
        columns[name] = _column(records, name, dtype)
    return pandas.DataFrame(columns)


def _series(values: list[Any], dtype: str) -> pandas.Series[Any]:
    return pandas.Series(values, dtype=dtype)


def _column(records: Sequence[Record], name: str, dtype: str) -> pandas.Series[Any]:
    try:
        # a tombstone has none of the fields
        return _series([None if each.value is None else each.value.get(name) for each in records], dtype)
    except Exception as error:
        for each in records if len(records) > 1 else ():
            _column([each], name, dtype)  # raises for the one that it is
        first = records[0]
        said = f"the field {name!r} is no {dtype}: {type(error).__name__}: {error}"
        raise MessageNotDecodable(said, first.topic, first.partition, first.offset) from None
