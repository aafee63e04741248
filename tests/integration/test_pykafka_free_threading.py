"""pykafka on a free-threaded Python: pure Python leaves the GIL off, and the extension says that it needs it."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import lief
import pytest

from kafka_forge.bases import sdists
from kafka_forge.bases.python_locks import Interpreters, load
from kafka_forge.bases.workshop import Workshop
from kafka_forge.bases.zig import TARGETS
from kafka_forge.ground.paths import Cache, project_root
from kafka_forge.ground.progress import Silent
from tests import zig

from .pykafka_tree import patched

if TYPE_CHECKING:
    from kafka_forge.brokers import Broker

    from .pykafka_env import PykafkaEnv

pytestmark = pytest.mark.integration

AS_IF_FREE_THREADED = "import sysconfig; sysconfig.get_config_vars()['Py_GIL_DISABLED'] = 1; "
LATE = """
import sys, pykafka, pykafka.topic, pykafka.rdkafka
assert pykafka.topic.rdkafka is pykafka.rdkafka
before = "pykafka.rdkafka._rd_kafka" in sys.modules
from pykafka.rdkafka import RdKafkaProducer, RdKafkaSimpleConsumer, _rd_kafka
from pykafka.utils import fork
print(before, "pykafka.rdkafka._rd_kafka" in sys.modules, RdKafkaProducer.__name__,
      fork._callbacks.count(_rd_kafka._forget_parents))
"""


def said(env: PykafkaEnv, *arguments: str) -> str:
    command = [str(env.python), "-X", "faulthandler", *arguments]
    done = subprocess.run(command, env=env.variables, capture_output=True, text=True, check=False, timeout=240)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_a_free_threaded_python_imports_the_extension_when_it_is_used(pykafka_env: PykafkaEnv) -> None:
    assert said(pykafka_env, "-c", AS_IF_FREE_THREADED + LATE) == "False True RdKafkaProducer 1\n"
    assert said(pykafka_env, "-c", LATE) == "True True RdKafkaProducer 1\n", "as before, where nothing depends on it"


def test_what_the_package_does_not_have_is_an_attribute_error_as_ever(pykafka_env: PykafkaEnv) -> None:
    code = AS_IF_FREE_THREADED + "import pykafka.rdkafka; print(hasattr(pykafka.rdkafka, 'nonsense'))"
    assert said(pykafka_env, "-c", code) == "False\n"


@pytest.mark.parametrize("mode", ["pure", "rdkafka"])
def test_eight_threads_of_one_client_pass_every_message_once(
    pykafka_env: PykafkaEnv, broker: Broker, mode: str
) -> None:
    """On a free-threaded Python (``--python 3.14t``) pure Python does so with the GIL off from first to last."""
    program = Path(__file__).with_name("inside_threads.py")
    arguments = [broker.address, f"eight-threads-{mode}", "1" if mode == "rdkafka" else "0", "5000"]
    answer = json.loads(said(pykafka_env, str(program), *arguments).splitlines()[-1])
    assert answer["errors"] == []
    assert (answer["absent"], answer["twice"], answer["strange"]) == (0, 0, [])
    assert answer["after"] is (answer["before"] or mode == "rdkafka")


def test_the_extension_declares_to_a_free_threaded_python_that_it_needs_the_gil(
    pykafka_env: PykafkaEnv, tmp_path: Path
) -> None:
    """Compiled as for one, of which there is none at hand: the module's start calls what declares it."""
    lock = load(Interpreters, project_root())
    jar = next(each for each in lock.interpreters if each.python == "3.14").source("linux-64")
    sdists._headers(
        Workshop("linux-64", project_root(), Cache.default(), Silent()).obtain(jar), tmp_path / "include", "3.14"
    )
    source = patched(tmp_path) / "pykafka" / "rdkafka" / "_rd_kafkamodule.c"
    named = {}
    for flag in ("-DPy_GIL_DISABLED=1", "-DWITH_THE_GIL"):
        target = tmp_path / f"{flag}.o"
        folders = [f"-I{tmp_path / 'include'}", f"-I{pykafka_env.python.parents[1] / 'include'}"]
        done = zig.cc("-target", TARGETS["linux-64"], "-c", "-fPIC", flag, *folders, source, "-o", target)
        assert done.returncode == 0, done.stderr
        compiled = lief.ELF.parse(str(target))
        assert compiled is not None
        named[flag] = {str(symbol.name) for symbol in compiled.symbols}
    assert "PyUnstable_Module_SetGIL" in named["-DPy_GIL_DISABLED=1"]
    assert "PyUnstable_Module_SetGIL" not in named["-DWITH_THE_GIL"]
