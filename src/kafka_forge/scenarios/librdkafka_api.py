"""The few functions and structures of librdkafka's C API (``rdkafka.h``, stable since 1.0) that a round trip needs.

Standard library only. It binds the shared library that it is given, and nothing else: what is tried here is that file.
"""

from __future__ import annotations

import ctypes as c
from typing import Any

PRODUCER, CONSUMER = 0, 1
OFFSET_INVALID = -1001
PURGE_ALL = 0x1 | 0x2
"""What is queued and what is in flight (``RD_KAFKA_PURGE_F_QUEUE``, ``RD_KAFKA_PURGE_F_INFLIGHT``)."""

_END, _TOPIC, _PARTITION, _VALUE, _KEY, _MSGFLAGS, _TIMESTAMP, _HEADERS = 0, 1, 3, 4, 5, 7, 8, 10
_COPY = 0x2

StatisticsCallback = c.CFUNCTYPE(c.c_int, c.c_void_p, c.c_void_p, c.c_size_t, c.c_void_p)


class Message(c.Structure):
    """``rd_kafka_message_t``."""

    _fields_ = (
        ("err", c.c_int),
        ("rkt", c.c_void_p),
        ("partition", c.c_int32),
        ("payload", c.c_void_p),
        ("len", c.c_size_t),
        ("key", c.c_void_p),
        ("key_len", c.c_size_t),
        ("offset", c.c_int64),
        ("private", c.c_void_p),
    )


DeliveryCallback = c.CFUNCTYPE(None, c.c_void_p, c.POINTER(Message), c.c_void_p)


class TopicPartition(c.Structure):
    """``rd_kafka_topic_partition_t``."""

    _fields_ = (
        ("topic", c.c_char_p),
        ("partition", c.c_int32),
        ("offset", c.c_int64),
        ("metadata", c.c_void_p),
        ("metadata_size", c.c_size_t),
        ("opaque", c.c_void_p),
        ("err", c.c_int),
        ("private", c.c_void_p),
    )


class TopicPartitionList(c.Structure):
    """``rd_kafka_topic_partition_list_t``."""

    _fields_ = (("cnt", c.c_int), ("size", c.c_int), ("elems", c.POINTER(TopicPartition)))


class _Memory(c.Structure):
    _fields_ = (("mem", c.c_void_p), ("size", c.c_size_t))


class _Union(c.Union):
    _fields_ = (
        ("cstr", c.c_char_p),
        ("i", c.c_int),
        ("i32", c.c_int32),
        ("i64", c.c_int64),
        ("mem", _Memory),
        ("ptr", c.c_void_p),
        ("pad", c.c_char * 64),
    )


class _Vu(c.Structure):
    """``rd_kafka_vu_t``: one argument of ``rd_kafka_produceva``."""

    _fields_ = (("vtype", c.c_int), ("u", _Union))


_List = c.POINTER(TopicPartitionList)
_SIGNATURES: dict[str, tuple[Any, list[Any]]] = {
    "version_str": (c.c_char_p, []),
    "err2str": (c.c_char_p, [c.c_int]),
    "error_string": (c.c_char_p, [c.c_void_p]),
    "error_destroy": (None, [c.c_void_p]),
    "conf_new": (c.c_void_p, []),
    "conf_set": (c.c_int, [c.c_void_p, c.c_char_p, c.c_char_p, c.c_char_p, c.c_size_t]),
    "conf_set_stats_cb": (None, [c.c_void_p, StatisticsCallback]),
    "conf_set_dr_msg_cb": (None, [c.c_void_p, DeliveryCallback]),
    "new": (c.c_void_p, [c.c_int, c.c_void_p, c.c_char_p, c.c_size_t]),
    "destroy": (None, [c.c_void_p]),
    "poll": (c.c_int, [c.c_void_p, c.c_int]),
    "flush": (c.c_int, [c.c_void_p, c.c_int]),
    "purge": (c.c_int, [c.c_void_p, c.c_int]),
    "poll_set_consumer": (c.c_int, [c.c_void_p]),
    "consumer_poll": (c.POINTER(Message), [c.c_void_p, c.c_int]),
    "consumer_close": (c.c_int, [c.c_void_p]),
    "message_destroy": (None, [c.POINTER(Message)]),
    "message_timestamp": (c.c_int64, [c.POINTER(Message), c.POINTER(c.c_int)]),
    "message_headers": (c.c_int, [c.POINTER(Message), c.POINTER(c.c_void_p)]),
    "header_get_all": (
        c.c_int,
        [c.c_void_p, c.c_size_t, c.POINTER(c.c_char_p), c.POINTER(c.c_void_p), c.POINTER(c.c_size_t)],
    ),
    "headers_new": (c.c_void_p, [c.c_size_t]),
    "headers_destroy": (None, [c.c_void_p]),
    "header_add": (c.c_int, [c.c_void_p, c.c_char_p, c.c_ssize_t, c.c_char_p, c.c_ssize_t]),
    "produceva": (c.c_void_p, [c.c_void_p, c.POINTER(_Vu), c.c_size_t]),
    "topic_partition_list_new": (_List, [c.c_int]),
    "topic_partition_list_add": (c.POINTER(TopicPartition), [_List, c.c_char_p, c.c_int32]),
    "topic_partition_list_destroy": (None, [_List]),
    "assign": (c.c_int, [c.c_void_p, _List]),
    "subscribe": (c.c_int, [c.c_void_p, _List]),
    "commit": (c.c_int, [c.c_void_p, _List, c.c_int]),
}


class LibrdkafkaError(Exception):
    """An error code or message of the library."""


class Library:
    """One librdkafka, bound; its functions are called without their ``rd_kafka_`` prefix."""

    def __init__(self, path: str) -> None:
        self._dll = c.CDLL(path)
        for name, (result, arguments) in _SIGNATURES.items():
            function = getattr(self._dll, f"rd_kafka_{name}")
            function.restype, function.argtypes = result, arguments

    def call(self, name: str, *arguments: Any) -> Any:
        """Call ``rd_kafka_<name>`` and return what it returns."""
        return getattr(self._dll, f"rd_kafka_{name}")(*arguments)

    def check(self, name: str, *arguments: Any) -> None:
        """Call a function that returns a ``rd_kafka_resp_err_t``.

        Raises:
            LibrdkafkaError: it returned another code than 0.
        """
        code = self.call(name, *arguments)
        if code:
            raise LibrdkafkaError(f"rd_kafka_{name}: {self.explain(code)}")

    def explain(self, code: int) -> str:
        """Return an error code in words."""
        return bytes(self.call("err2str", code)).decode()

    def configuration(self, settings: dict[str, str]) -> Any:
        """Return a new ``rd_kafka_conf_t`` with these settings.

        Raises:
            LibrdkafkaError: the library does not take one of them.
        """
        conf, why = self.call("conf_new"), c.create_string_buffer(512)
        for key, value in settings.items():
            if self.call("conf_set", conf, key.encode(), value.encode(), why, len(why)):
                raise LibrdkafkaError(why.value.decode())
        return conf

    def handle(self, kind: int, conf: Any) -> Any:
        """Return a new ``rd_kafka_t``; it owns ``conf``.

        Raises:
            LibrdkafkaError: the library cannot make one of this configuration.
        """
        why = c.create_string_buffer(512)
        made = self.call("new", kind, conf, why, len(why))
        if not made:
            raise LibrdkafkaError(why.value.decode())
        return made

    def partitions(self, topic: str, offsets: dict[int, int]) -> Any:
        """Return a new list of a topic's partitions at these offsets; the caller destroys it."""
        made = self.call("topic_partition_list_new", len(offsets))
        for partition, offset in offsets.items():
            self.call("topic_partition_list_add", made, topic.encode(), partition).contents.offset = offset
        return made

    def produce(
        self,
        handle: Any,
        topic: str,
        partition: int,
        key: bytes | None,
        value: bytes | None,
        headers: tuple[tuple[str, bytes], ...],
        timestamp: int,
    ) -> None:
        """Queue one message (``rd_kafka_produceva``); the library copies everything.

        Raises:
            LibrdkafkaError: the library does not take it.
        """
        arguments = [
            _Vu(_TOPIC, _Union(cstr=topic.encode())),
            _Vu(_PARTITION, _Union(i32=partition)),
            _Vu(_KEY, _Union(mem=_memory(key))),
            _Vu(_VALUE, _Union(mem=_memory(value))),
            _Vu(_TIMESTAMP, _Union(i64=timestamp)),
            _Vu(_MSGFLAGS, _Union(i=_COPY)),
        ]
        listed = self._headers(headers) if headers else None
        if listed:
            arguments.append(_Vu(_HEADERS, _Union(ptr=listed)))
        error = self.call("produceva", handle, (_Vu * len(arguments))(*arguments), len(arguments))
        if error:
            message = bytes(self.call("error_string", error)).decode()
            self.call("error_destroy", error)
            if listed:
                self.call("headers_destroy", listed)  # the library owns them only where it took the message
            raise LibrdkafkaError(message)

    def headers_of(self, message: Any) -> list[tuple[str, bytes | None]]:
        """Return a message's headers, in order."""
        listed = c.c_void_p()
        if self.call("message_headers", message, c.byref(listed)):
            return []
        found: list[tuple[str, bytes | None]] = []
        name, value, size = c.c_char_p(), c.c_void_p(), c.c_size_t()
        while not self.call("header_get_all", listed, len(found), c.byref(name), c.byref(value), c.byref(size)):
            found.append(((name.value or b"").decode(), _bytes(value.value, size.value)))
        return found

    def _headers(self, headers: tuple[tuple[str, bytes], ...]) -> Any:
        made = self.call("headers_new", len(headers))
        for name, value in headers:
            self.check("header_add", made, name.encode(), -1, value, len(value))
        return made


def content(message: Message) -> tuple[bytes | None, bytes | None]:
    """Return a message's key and value; None where the pointer is NULL."""
    return _bytes(message.key, message.key_len), _bytes(message.payload, message.len)


def _memory(data: bytes | None) -> _Memory:
    # c_char_p keeps the bytes alive no longer than the call needs: `data` is held by the caller's message.
    return _Memory(None if data is None else c.cast(c.c_char_p(data), c.c_void_p), 0 if data is None else len(data))


def _bytes(pointer: int | None, size: int) -> bytes | None:
    return None if pointer is None else c.string_at(pointer, size)
