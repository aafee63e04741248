"""Imports clients and shows what they load; runs on the environment's Python (see ``__init__.py``).

Usage: ``client.py < REQUEST``, with ``clients``, ``probe`` and ``settings`` as look.py has them. The last line
of its output is the answer, JSON, in the shape of `doctor.seen.Imported`. What is loaded is found as verify finds it,
by scenarios/probe.py.
"""

from __future__ import annotations

import ctypes
import importlib
import importlib.util
import inspect
import json
import os
import re
import sys
from pathlib import Path
from typing import Any, ClassVar

_OLDEST = "0.9.0"
"""KafkaClient's default of broker_version."""


def module_of(path: str) -> Any:
    """Return a script as a module."""
    spec: Any = importlib.util.spec_from_file_location("_kafka_forge_probe", path)
    module: Any = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def libraries(probe: Any, mapped: list[str]) -> list[dict[str, Any]]:
    """Return each librdkafka that this process has loaded, with its version and features where it tells them."""
    found = []
    for path in mapped:
        if probe.is_librdkafka(path):
            try:
                found.append({"path": path, **probe.ask(path)})
            except (OSError, RuntimeError) as error:
                found.append({"path": path, "error": str(error)})
    return found


def openssls(mapped: list[str]) -> list[dict[str, Any]]:
    """Return each OpenSSL that is loaded as a library of its own, with its version."""
    found = []
    for path in mapped:
        if Path(path).name.startswith("libcrypto"):
            library: Any = ctypes.CDLL(path)
            version = None
            if hasattr(library, "OpenSSL_version"):
                library.OpenSSL_version.restype = ctypes.c_char_p
                version = library.OpenSSL_version(0).decode("ascii", "replace")
            found.append({"path": path, "version": version})
    return found


def loaded_libraries() -> list[str]:
    """Return librdkafka's version as the client has it, where the client says so."""
    client: Any = sys.modules.get("confluent_kafka")
    return [str(client.libversion()[0])] if hasattr(client, "libversion") else []


def refused(settings: dict[str, str]) -> str | None:
    """Return why confluent-kafka's librdkafka makes no client of these settings; None where it does.

    There is no broker among them, so nothing is connected to. Values are taken out of the message.
    """
    client: Any = sys.modules.get("confluent_kafka")
    if not settings or client is None:
        return None
    try:
        client.Producer({**settings, "log_level": "0"})
    except (Exception, SystemExit) as error:  # noqa: BLE001  (whatever it raises is evidence)
        text = str(error)
        for key, value in settings.items():
            text = text.replace(value, "…") if value and re.search(r"password|secret|pem$|key$|config$", key) else text
        return text
    return None


class _Nobody:
    """Stands for cluster and topic of a consumer whose settings alone are wanted; with KafkaClient's defaults."""

    name = b"kafka-forge-doctor"
    brokers: ClassVar[dict[int, Any]] = {}
    partitions: ClassVar[dict[int, Any]] = {}
    _socket_timeout_ms = 30000
    _metadata_max_age_ms = 180000
    _broker_version = _OLDEST
    _ssl_config = None
    _sasl_authenticator = None


# What a consumer's __init__ gets from its cluster, or sets for itself.
_OWN = {"broker_version": _OLDEST, "running": False, "partitions_by_id": {}, "partitions": {}}


def c_mode() -> dict[str, Any]:
    """Return whether pykafka's C extension is there, and whether its consumer starts with default arguments.

    The consumer is configured as pykafka 2.8.0 does it, and started on a port of this machine where nobody listens.
    """
    try:
        native: Any = importlib.import_module("pykafka.rdkafka._rd_kafka")
    except (Exception, SystemExit) as error:  # noqa: BLE001  (whatever an import raises is evidence)
        return {"there": False, "error": f"{type(error).__name__}: {error}", "refused": None, "file": None}
    answer: dict[str, Any] = {"there": True, "error": None, "file": native.__file__, "refused": None}
    try:
        kind: Any = importlib.import_module("pykafka.rdkafka").RdKafkaSimpleConsumer
        made = kind.__new__(kind)
        defaults = {
            name: parameter.default
            for cls in reversed(kind.__mro__)
            if "__init__" in vars(cls)
            for name, parameter in inspect.signature(cls.__init__).parameters.items()
            if parameter.default is not inspect.Parameter.empty
        }
        for name, value in {**defaults, **_OWN, "cluster": _Nobody(), "topic": _Nobody()}.items():
            setattr(made, "_" + name, value)
        settings, of_topic = made._mk_rdkafka_config_lists()  # noqa: SLF001  (there is no other way to it)
    except Exception as error:  # noqa: BLE001  (another pykafka than those known: nothing is told of it)
        return {**answer, "untold": f"{type(error).__name__}: {error}"}
    try:
        consumer = native.Consumer()
        consumer.configure(conf=settings)
        consumer.configure(topic_conf=of_topic)
        started = {"brokers": b"127.0.0.1:9", "topic_name": b"kafka-forge-doctor", "partition_ids": [0]}
        consumer.start(**started, start_offsets=[0])
        consumer.stop()
    except TypeError as error:
        answer["untold"] = f"TypeError: {error}"
    except Exception as error:  # noqa: BLE001  (RdKafkaException, and what pykafka makes of it)
        answer["refused"] = f"{type(error).__name__}: {error}"
    return answer


def look(request: dict[str, Any]) -> dict[str, Any]:
    """Do what the request asks for, and return the answer."""
    probe = module_of(request["probe"])
    imports = {}
    for client in request["clients"]:
        for name in [client["module"], *client["parts"]]:
            imports[name] = probe.import_one(name)
            if not imports[name]["ok"] and name == client["module"]:
                break
    answer: dict[str, Any] = {"imports": imports, "c_mode": None, "refused": None}
    if len(request["clients"]) == 1:
        if "pykafka" in sys.modules:
            answer["c_mode"] = c_mode()
        answer["refused"] = refused(request["settings"])
    mapped = probe.mapped_files()
    answer.update(
        told=bool(mapped),
        librdkafka=libraries(probe, mapped),
        says=next(iter(loaded_libraries()), None),
        openssl=openssls(mapped),
    )
    return answer


if __name__ == "__main__":
    here = str(Path(__file__).resolve().parent)
    sys.path[:] = [path for path in sys.path if os.path.realpath(path or ".") != here]
    print("\n" + json.dumps(look(json.loads(sys.stdin.buffer.read().decode("utf-8")))))
    sys.stdout.flush()
    os._exit(0)  # a client's threads and destructors have no say in what was seen
