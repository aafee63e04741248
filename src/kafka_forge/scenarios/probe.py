"""Looks from inside a fresh environment; runs on its Python with the standard library and the artifact only.

Usage: ``python -I probe.py REQUEST``. REQUEST is JSON: ``modules`` to import, in order; ``library``, a librdkafka to
load where no module does; ``prefix``. One line of its output is the answer, JSON too, with ``imports``,
``librdkafka`` and ``mapped`` as `evidence.InspectEvidence` describes them; modules may print what they like around it.

Which files are loaded is asked of the system (see loaded.py beside this script), and which of them are librdkafka of
their bytes: a copy that is renamed, bundled in a wheel's way or linked into an extension counts like any other.
"""

from __future__ import annotations

import contextlib
import ctypes
import importlib
import importlib.util
import json
import mmap
import os
import re
import sys
import sysconfig
import time
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

# The text of RD_KAFKA_RESP_ERR__BAD_MSG in rdkafka.c: only an implementation holds it, a program that links one not.
MARK = b"Local: Bad message format"
_LIBRARY = re.compile(r"(?i)\.so\b|\.(dll|pyd)$")


def lock_is_on() -> bool | None:
    """Return whether a free-threaded Python has its global interpreter lock on; None of a Python that always has."""
    asked: Any = getattr(sys, "_is_gil_enabled", None)
    return bool(asked()) if asked and sysconfig.get_config_var("Py_GIL_DISABLED") else None


@contextlib.contextmanager
def told_of_the_lock() -> Iterator[list[str]]:
    """Give a list that holds afterwards what a free-threaded Python says about its lock; other warnings go on."""
    told: list[str] = []
    shown = warnings.showwarning

    def note(message: Warning | str, *place: Any, **more: Any) -> None:
        if "global interpreter lock" in str(message):
            told.append(str(message))
        else:
            shown(message, *place, **more)

    warnings.showwarning = note
    try:
        yield told
    finally:
        warnings.showwarning = shown


@contextlib.contextmanager
def told_of_the_network() -> Iterator[list[str]]:
    """Give a list that holds afterwards where Python's sockets were asked to go, beyond this machine.

    The interpreter says so itself (``socket.connect``, ``socket.getaddrinfo`` of the audit events' table). Sockets of a
    C library are not seen.
    """
    _asked.clear()
    if not _asked_by_hook:
        sys.addaudithook(_note_network)
        _asked_by_hook.append(True)
    yield _asked
    _asked.clear()


_asked: list[str] = []
_asked_by_hook: list[bool] = []


def _note_network(event: str, arguments: tuple[Any, ...]) -> None:
    if event in {"socket.getaddrinfo", "socket.gethostbyname"}:
        _keep(arguments[0])
    elif event in ("socket.connect", "socket.sendto") and isinstance(arguments[1], tuple):
        _keep(arguments[1][0])


def _keep(host: Any) -> None:
    name = host.decode(errors="replace") if isinstance(host, bytes) else str(host or "localhost")
    if name not in ("localhost", "::1") and not name.startswith("127.") and name not in _asked:
        _asked.append(name)


def import_one(name: str) -> dict[str, Any]:
    """Import a module; return whether it worked, from where, which version, or which error."""
    begun = time.perf_counter()
    answer: dict[str, Any] = {"ok": False, "file": None, "version": None, "error": None}
    before = lock_is_on()
    try:
        with told_of_the_lock() as told, told_of_the_network() as asked:
            module = importlib.import_module(name)
            answer["network"] = list(asked)
    except (Exception, SystemExit) as error:  # noqa: BLE001  (whatever an import raises is evidence)
        answer["error"] = f"{type(error).__name__}: {error}"
    else:
        version = getattr(module, "__version__", None)
        answer.update(ok=True, file=module.__file__, version=version if isinstance(version, str) else None)
        if before is not None:
            answer["gil"] = {"before": before, "after": lock_is_on(), "said": "; ".join(told)}
    answer["seconds"] = round(time.perf_counter() - begun, 4)
    return answer


def mapped_files() -> list[str]:
    """Return every file that this process has mapped, sorted."""
    # isolated mode (-I) keeps this script's folder off the path, and what stands there must not hide a module
    spec: Any = importlib.util.spec_from_file_location("_loaded", Path(__file__).with_name("loaded.py"))
    loaded: Any = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(loaded)
    found: list[str] = loaded.files()
    return found


def is_librdkafka(path: str) -> bool:
    """Return whether a file holds an implementation of librdkafka."""
    try:
        with Path(path).open("rb") as stream, mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ) as data:
            return data[:4].startswith((b"\x7fELF", b"MZ")) and data.find(MARK) >= 0
    except (OSError, ValueError):  # a device, an empty file, or one that has been deleted
        return False


def ask(path: str) -> dict[str, Any]:
    """Ask a loaded librdkafka for its version and features (``builtin.features`` in CONFIGURATION.md).

    One that is linked into an extension and keeps its functions to itself cannot be asked: the answer is empty.
    """
    library = ctypes.CDLL(path)
    if not hasattr(library, "rd_kafka_version_str"):
        return {}
    library.rd_kafka_version_str.restype = ctypes.c_char_p
    library.rd_kafka_conf_new.restype = ctypes.c_void_p
    library.rd_kafka_conf_destroy.argtypes = [ctypes.c_void_p]
    size_pointer = ctypes.POINTER(ctypes.c_size_t)
    library.rd_kafka_conf_get.argtypes = [ctypes.c_void_p, ctypes.c_char_p, ctypes.c_char_p, size_pointer]
    conf = library.rd_kafka_conf_new()
    text = ctypes.create_string_buffer(4096)
    size = ctypes.c_size_t(len(text))
    status = library.rd_kafka_conf_get(conf, b"builtin.features", text, ctypes.byref(size))
    library.rd_kafka_conf_destroy(conf)
    if status != 0:
        raise RuntimeError(f"rd_kafka_conf_get answers {status}")
    version: bytes = library.rd_kafka_version_str()
    number: int = library.rd_kafka_version() & 0xFFFFFFFF
    return {"version": version.decode(), "number": number, "features": text.value.decode().split(",")}


def _load(path: str) -> str | None:
    """Load a library; return what the system's loader says where it cannot."""
    try:
        ctypes.CDLL(path)
    except OSError as error:
        return str(error)
    return None


def client_says() -> str | None:
    """Return which librdkafka the client itself believes in, where it has a way to say so."""
    client: Any = sys.modules.get("confluent_kafka")
    return str(client.libversion()[0]) if hasattr(client, "libversion") else None


def look(request: dict[str, Any]) -> dict[str, Any]:
    """Do what the request asks for, and return the answer."""
    prefix = os.path.realpath(request["prefix"])

    def inside(path: str | None) -> str | None:
        real = os.path.realpath(path) if path else ""
        if not os.path.normcase(real).startswith(os.path.normcase(prefix + os.sep)):
            return path
        return Path(real[len(prefix) + 1 :]).as_posix()

    imports = {name: import_one(name) for name in request["modules"]}
    for answer in imports.values():
        answer["file"] = inside(answer["file"])
    refused = _load(request["library"]) if request.get("library") else None
    mapped = mapped_files()
    loaded = [path for path in mapped if is_librdkafka(path)]
    seen: dict[str, Any] = {"path": None, "version": None, "number": None, "features": None}
    if len(loaded) == 1:
        seen.update(ask(loaded[0]), path=inside(loaded[0]))
    seen.update(loaded=[inside(path) for path in loaded], client=client_says(), refused=refused)
    libraries = sorted(str(inside(path)) for path in mapped if _LIBRARY.search(Path(path).name))
    return {"imports": imports, "librdkafka": seen, "mapped": libraries}


if __name__ == "__main__":
    print("\n" + json.dumps(look(json.loads(sys.argv[1]))))
