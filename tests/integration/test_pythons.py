"""The embedded base's Pythons, installed by the real solver and linker into fresh prefixes, and run."""

from __future__ import annotations

import asyncio
import json
import os
import re
import subprocess
from typing import TYPE_CHECKING, Any

import pytest
import rattler

from kafka_forge import bases, platforms
from kafka_forge.bases.python_locks import Interpreters, load
from kafka_forge.channels import solving
from kafka_forge.ground.paths import Cache, project_root
from kafka_forge.ground.progress import Silent
from kafka_forge.ground.zig import zig_program

from . import extension_modules

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = [
    pytest.mark.integration,
    pytest.mark.skipif(platforms.current() != "linux-64", reason="the embedded base has Pythons for linux-64"),
]

PYTHONS = [interpreter.python for interpreter in load(Interpreters, project_root()).interpreters]

PROBE = (
    extension_modules.PROBE
    + """import json, six, yesno
print(json.dumps({"failed": failed, "prefix": sys.prefix, "six": six.__file__, "answer": yesno.answer(),
                  "version": "%d.%d" % sys.version_info[:2]}))
"""
)

EXTENSION = """
#include <Python.h>
static PyObject *answer(PyObject *self, PyObject *none) { return PyLong_FromLong(42); }
static PyMethodDef methods[] = {{"answer", answer, METH_NOARGS, ""}, {0}};
static struct PyModuleDef module = {PyModuleDef_HEAD_INIT, "yesno", 0, -1, methods};
PyMODINIT_FUNC PyInit_yesno(void) { return PyModule_Create(&module); }
"""


@pytest.fixture(scope="module")
def channel() -> str:
    return bases.select("embedded", "linux-64", Cache.default(), Silent()).channel


def installed(channel: str, prefix: Path, *specs: str) -> Path:
    records = solving.solve(specs, [channel], "linux-64", what="the test's environment")
    asyncio.run(rattler.install(records=records, target_prefix=prefix, cache_dir=Cache.default().packages))
    return prefix


def run(prefix: Path, *arguments: str, folder: Path | None = None, **extra: str) -> str:
    environment = {"PATH": f"{prefix}/bin:/usr/bin:/bin", "LC_ALL": "C.UTF-8", **extra}
    done = subprocess.run(
        [str(prefix / "bin" / "python"), *arguments],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.mark.parametrize("python", PYTHONS)
def test_a_python_is_whole(python: str, channel: str, tmp_path: Path) -> None:
    """Every extension module imports, a noarch package is found, and setuptools builds an extension with zig."""
    prefix = installed(channel, tmp_path / "prefix", f"python {python}.*", "pip", "setuptools", "six")
    work = tmp_path / "work"
    work.mkdir()
    (work / "yesno.c").write_text(EXTENSION, encoding="utf-8")
    (work / "setup.py").write_text(
        "from setuptools import Extension, setup\n"
        "setup(name='yesno', version='1', ext_modules=[Extension('yesno', ['yesno.c'])])\n",
        encoding="utf-8",
    )
    zig = f"{zig_program(Cache.default().compiler)} cc -target x86_64-linux-gnu.2.17"
    caches = {"ZIG_GLOBAL_CACHE_DIR": str(Cache.default().compiler), "ZIG_LOCAL_CACHE_DIR": str(tmp_path / "zig")}
    run(
        prefix,
        "-m",
        "pip",
        "install",
        "--no-deps",
        "--no-build-isolation",
        "--no-index",
        ".",
        folder=work,
        CC=zig,
        **caches,
    )
    seen: dict[str, Any] = json.loads(run(prefix, "-c", PROBE, folder=tmp_path))
    assert seen["failed"] == {}
    assert seen["answer"] == 42
    assert seen["version"] == python
    assert seen["prefix"] == str(prefix)
    assert seen["six"].startswith(str(prefix / "lib" / f"python{python}" / "site-packages"))
    assert f"python {python}" in run(prefix, str(prefix / "bin" / "pip"), "--version")
    run(prefix, "-m", "venv", "--without-pip", str(tmp_path / "venv"))
    assert traces(prefix) == []


def traces(prefix: Path) -> list[str]:
    """Return the files in which the jars' maker or the packages' own work shop can be seen."""
    seen = re.compile(
        rb"/home/runner|/__w/|javacpp-presets|/opt/anaconda1anaconda2|" + re.escape(os.fsencode(Cache.default().work))
    )
    return [
        str(path.relative_to(prefix))
        for path in prefix.rglob("*")
        if path.is_file() and "conda-meta" not in path.parts and seen.search(path.read_bytes())
    ]


@pytest.mark.parametrize(
    ("python", "zstd", "module"),
    [("3.13", ["zstandard"], "zstandard"), (PYTHONS[-1], [], "compression.zstd")],  # CPython's own since 3.14
)
def test_the_optional_clients_libraries_work_together(
    python: str, zstd: list[str], module: str, channel: str, tmp_path: Path
) -> None:
    """What the contracts may ask for beside a client stands in one environment and imports."""
    specs = [
        "gevent",
        "kazoo",
        "tabulate",
        "httpx",
        "authlib",
        "attrs",
        "cachetools",
        "python-snappy",
        "lz4",
        "python-xxhash",
        "crc32c",
        *zstd,
    ]
    prefix = installed(channel, tmp_path / "prefix", f"python {python}.*", *specs)
    modules = "gevent, kazoo.client, tabulate, httpx, authlib, attr, cachetools, snappy, lz4.frame, xxhash, crc32c"
    run(prefix, "-c", f"import {modules}, {module}")
