"""From bytes to values and back: ``"bytes"``, ``"json"``, `Avro`, or a function of your own. None stays None."""

from __future__ import annotations

import functools
import io
import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias


@dataclass(frozen=True)
class Avro:
    """Avro's binary encoding of one value a message, by fastavro.

    Args:
        schema: as JSON text (https://avro.apache.org/docs/1.12.0/specification/).
        prefix: what each message begins with, such as the five bytes by which Confluent's serialisers name a schema.
            It is written, and skipped when reading: it is not asked whether it names this schema.
    """

    schema: str
    prefix: bytes = b""


Codec: TypeAlias = Literal["bytes", "json"] | Avro | Callable[[Any], Any]
"""A function gets bytes when reading and returns bytes when writing; it is not called with None."""


def decoder(codec: Codec) -> Callable[[bytes | None], Any]:
    """Return the function that reads a codec.

    Raises:
        ValueError: the name is no codec's.
    """
    return _keeping_none(_DECODERS, codec)


def encoder(codec: Codec) -> Callable[[Any], bytes | None]:
    """Return the function that writes a codec. With ``"bytes"``, text is written as UTF-8.

    Raises:
        ValueError: the name is no codec's.
    """
    return _keeping_none(_ENCODERS, codec)


def schema_of(avro: Avro) -> Any:
    """Return a schema as fastavro takes it."""
    return _parsed(avro.schema)


def _keeping_none(named: dict[str, Callable[..., Any]], codec: Codec) -> Callable[[Any], Any]:
    if isinstance(codec, Avro):
        function: Callable[[Any], Any] = functools.partial(named["avro"], codec)
    elif callable(codec):
        function = codec
    elif codec in ("bytes", "json"):
        function = named[codec]
    else:
        raise ValueError(f"{codec!r} is no codec; there are 'bytes', 'json', Avro(schema), and functions")
    if codec == "bytes" and named is _DECODERS:
        return lambda data: data  # they are that already
    return lambda data: None if data is None else function(data)


def _bytes(data: Any) -> bytes:
    if isinstance(data, str):
        return data.encode()
    if isinstance(data, (bytes, bytearray, memoryview)):
        return bytes(data)
    raise TypeError(f"{type(data).__name__} is neither bytes nor text; name another codec")


@functools.lru_cache(maxsize=64)
def _parsed(schema: str) -> Any:
    import fastavro

    return fastavro.parse_schema(json.loads(schema))


def _read_avro(avro: Avro, data: bytes) -> Any:
    import fastavro

    stream = io.BytesIO(data)
    stream.seek(len(avro.prefix))
    value = fastavro.schemaless_reader(stream, schema_of(avro), None)
    if rest := stream.read():
        raise ValueError(f"{len(rest)} bytes are left behind the value")
    return value


def _write_avro(avro: Avro, value: Any) -> bytes:
    import fastavro

    stream = io.BytesIO()
    stream.write(avro.prefix)
    fastavro.schemaless_writer(stream, schema_of(avro), value)
    return stream.getvalue()


_DECODERS: dict[str, Callable[..., Any]] = {"bytes": bytes, "json": json.loads, "avro": _read_avro}
_ENCODERS: dict[str, Callable[..., Any]] = {
    "bytes": _bytes,
    "json": lambda value: json.dumps(value, separators=(",", ":")).encode(),
    "avro": _write_avro,
}
