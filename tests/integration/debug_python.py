"""A debug build of Python, and the recipe's pykafka with its C extension compiled for it.

Such a Python counts all references that there are, fills freed memory with a pattern, and aborts where an object is
used after its end or without the GIL; compiled against its headers the extension does so, too.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from kafka_forge.emulators import shelf
from kafka_forge.ground.progress import Silent
from tests import zig

from .pykafka_env import PykafkaEnv

if TYPE_CHECKING:
    from kafka_forge.ground.paths import Cache

LOCK = Path(__file__).parent / "data" / "debug_python.yaml"
EXTENSION = "_rd_kafka.cpython-311d-x86_64-linux-gnu.so"


def provided(source: Path, installed: PykafkaEnv, room: Path, cache: Cache) -> PykafkaEnv:
    """Return an environment as `installed` is, but with a debug build of Python 3.11 on linux-64.

    Args:
        source: pykafka's patched source.
        installed: has librdkafka, and pykafka's dependencies, which are written in Python.
        room: an empty folder for the compiled tree.
        cache: has room for the interpreter, which comes there by lock.
    """
    python = shelf.ensure("python-debug", cache, Silent(), lock=LOCK)
    prefix = installed.python.parents[1]
    tree = shutil.copytree(source, room / "pykafka")
    _compile(tree / "pykafka" / "rdkafka", python / "include", prefix, cache)
    (packages,) = (prefix / "lib").glob("python3.*/site-packages")
    variables = {
        **installed.variables,
        "PYTHONHOME": str(python),
        "PYTHONPATH": os.pathsep.join(map(str, (tree, Path(__file__).parent, packages))),
        "PYTHONDONTWRITEBYTECODE": "1",
        "LD_LIBRARY_PATH": os.pathsep.join(map(str, (python / "lib", prefix / "lib"))),
    }
    return PykafkaEnv(python / "bin" / "python3.11d", variables)


def _compile(folder: Path, headers: Path, prefix: Path, cache: Cache) -> None:
    """Compile the extension with its assertions (no ``NDEBUG``), and name its functions in traces.

    With no target it would be for this very processor: valgrind 3.19, say, does not know all of its instructions.
    """
    places = [f"-I{headers}", f"-I{prefix / 'include'}", f"-L{prefix / 'lib'}"]
    files = [*sorted(map(str, folder.glob("*.c"))), "-lrdkafka", "-o", str(folder / EXTENSION)]
    options = ["-target", "x86_64-linux-gnu.2.17", "-shared", "-fPIC", "-g", "-O1"]
    done = zig.cc(*options, *places, *files)
    assert done.returncode == 0, done.stderr
