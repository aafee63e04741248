"""A Python out of Debian's packages: laid out as all others, whole, and built with, under the real emulator."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

from kafka_forge import emulators, platforms
from kafka_forge.bases import embedded, frozen
from kafka_forge.bases.python_locks import Interpreters, load
from kafka_forge.bases.zig import TARGETS
from kafka_forge.environment import link
from kafka_forge.paths import Cache, project_root
from kafka_forge.progress import Silent
from kafka_forge.solving import solve

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from kafka_forge.runner import Runner

pytestmark = [
    pytest.mark.integration,
    pytest.mark.timeout(1800),  # it compiles what the base of another platform lacks
    pytest.mark.skipif(platforms.current() != "linux-64", reason="the embedded base's tools are for linux-64"),
]

CELLS = [
    (platform, interpreter.python)
    for interpreter in load(Interpreters, project_root()).interpreters
    for platform in interpreter.debian
]

PROBE = """
import importlib, json, pathlib, site, ssl, sys, sysconfig
failed = {}
for path in sorted(pathlib.Path(sysconfig.get_path("platstdlib"), "lib-dynload").glob("*.so")):
    name = path.name.split(".")[0]
    try:
        importlib.import_module(name)
    except Exception as error:
        failed[name] = repr(error)
import bz2, ctypes, ensurepip, lzma, pyexpat, six, sqlite3, zlib
if sys.version_info < (3, 12):
    import distutils.sysconfig
if sys.version_info < (3, 13):
    import lib2to3.pygram
data = bytes(range(256)) * 99
assert all(module.decompress(module.compress(data)) == data for module in (bz2, lzma, zlib))
assert sqlite3.connect(":memory:").execute("select 41 + 1").fetchone() == (42,)
assert ctypes.CDLL(None).getpid() == __import__("os").getpid()
print(json.dumps({
    "failed": failed, "prefix": sys.prefix, "path": sys.path[1:], "six": six.__file__, "site": site.__file__,
    "scheme": sysconfig.get_default_scheme(), "sites": site.getsitepackages(), "pip": ensurepip.version(),
    "variables": sysconfig.get_config_vars(), "ssl": ssl.OPENSSL_VERSION, "ca": ssl.get_default_verify_paths()[2:],
}))
"""

EXTENSION = """
#include <Python.h>
static struct PyModuleDef module = {PyModuleDef_HEAD_INIT, "yesno", 0, -1, 0};
PyMODINIT_FUNC PyInit_yesno(void) {
    PyObject *made = PyModule_Create(&module);
    PyModule_AddIntConstant(made, "answer", 42);
    return made;
}
"""

EMBEDDING = """
#include <Python.h>
int main(void) {
    Py_Initialize();
    int status = PyRun_SimpleString("import site, sys; print(site.__file__, sys.path[-1])");
    Py_Finalize();
    return status;
}
"""

TABLE = """
#include <stdio.h>
#include <string.h>
struct _frozen {
    const char *name; const unsigned char *code; int size; int is_package;
#ifdef BEFORE_3_13
    void *get_code;
#endif
};
static const struct _frozen table[] = {{"os", 0, 1}, {"site", 0, 2}, {"stat", 0, 3}, {0}};
__attribute__((visibility("default"))) const struct _frozen *_PyImport_FrozenStdlib = table;
int main(void) {
    for (const struct _frozen *row = _PyImport_FrozenStdlib; row->name; row++) printf("%s %d\\n", row->name, row->size);
    return 0;
}
"""


def compiled(target: str, source: str, output: Path, *flags: str | Path) -> Path:
    text = output.with_suffix(".c")
    text.write_text(source, encoding="utf-8")
    command: list[str | Path] = [
        sys.executable,
        "-m",
        "ziglang",
        "cc",
        "-target",
        target,
        "-fno-sanitize=undefined",
        text,
    ]
    subprocess.run(
        [*command, *flags, "-o", output], check=True, env={"ZIG_GLOBAL_CACHE_DIR": str(Cache.default().compiler)}
    )
    return output


@dataclass(frozen=True)
class Installed:
    """A Python in a fresh prefix, and what runs it here."""

    platform: str
    python: str
    prefix: Path
    runner: Runner

    @property
    def library(self) -> Path:
        return self.prefix / "lib" / f"python{self.python}"

    @property
    def suffix(self) -> str:
        triplet = {"linux-aarch64": "aarch64-linux-gnu", "linux-ppc64le": "powerpc64le-linux-gnu"}[self.platform]
        return f".cpython-{self.python.replace('.', '')}-{triplet}.so"


@pytest.fixture(scope="module", params=CELLS, ids="-".join)
def installed(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Installed:
    platform, python = request.param
    needed = [f"{platform}/{name}" for name in ("pythons", "libzlib", "openssl")]
    base, folder = embedded.ensure(platform, Cache.default(), Silent(), only=needed), tmp_path_factory.mktemp("debian")
    records = solve([f"python {python}.*", "six"], [base.channel], platform, what="the test's environment")
    link(records, platform, Cache.default(), folder / "prefix")
    runner = emulators.runner(platform, Cache.default(), Silent())
    assert runner is not None
    return Installed(platform, python, folder / "prefix", runner)


def run(runner: Runner, command: Sequence[str | Path], **environment: str) -> str:
    done = subprocess.run(
        runner.command([*command]), env=environment, capture_output=True, text=True, check=False, timeout=300
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_it_is_whole_and_knows_nothing_of_debians_layout(installed: Installed) -> None:
    prefix, library = installed.prefix, installed.library
    seen: dict[str, Any] = json.loads(run(installed.runner, [prefix / "bin" / "python", "-c", PROBE], LD_BIND_NOW="1"))
    assert seen["failed"] == {}
    assert seen["prefix"] == str(prefix)
    assert seen["site"] == str(library / "site.py"), "not the one that Debian has frozen into the binary"
    assert seen["sites"] == [str(library / "site-packages")]
    assert seen["path"][1:] == [str(library), str(library / "lib-dynload"), str(library / "site-packages")]
    assert seen["six"] == str(library / "site-packages" / "six.py")
    assert seen["scheme"] == "posix_prefix"
    assert seen["ssl"].startswith("OpenSSL 3.5")
    assert str(prefix / "ssl" / "cert.pem") in seen["ca"]
    variables = seen["variables"]
    assert variables["EXT_SUFFIX"] == installed.suffix
    assert variables["LDSHARED"].startswith(variables["CC"]), "setuptools puts $CC in its place only then"
    assert variables["LIBDIR"] == str(prefix / "lib")
    flags = " ".join(str(variables[name]) for name in ("CC", "CFLAGS", "LDFLAGS", "LDSHARED", "CPPFLAGS"))
    assert not {"-g", "-Wl,-z,relro", "-Wl,-Bsymbolic-functions", "-fstack-protector-strong"} & set(flags.split())


def test_no_file_tells_of_debians_layout(installed: Installed) -> None:
    prefix = installed.prefix
    (record,) = (prefix / "conda-meta").glob("python-3*.json")
    texts = {name: (prefix / name).read_bytes() for name in json.loads(record.read_text(encoding="utf-8"))["files"]}
    marks = (b"/build/reproducible", b"/usr/bin/python3", b"posix_local", b"-linux-gnu-gcc")
    found = [name for name, text in texts.items() if any(mark in text for mark in marks) and not name.endswith(".pyc")]
    assert found == []
    assert not (installed.library / "EXTERNALLY-MANAGED").exists()


def test_an_extension_and_a_program_are_built_with_it(installed: Installed, tmp_path: Path) -> None:
    prefix, python, runner, target = installed.prefix, installed.python, installed.runner, TARGETS[installed.platform]
    headers = [f"-I{prefix}/include/python{python}"]
    if installed.platform == "linux-ppc64le":
        headers.append("-mabi=ibmlongdouble")
    module = tmp_path / f"yesno{installed.suffix}"
    compiled(target, EXTENSION, tmp_path / "yesno", "-shared", "-fPIC", *headers).rename(module)
    code = "import yesno; print(yesno.answer)"
    assert run(runner, [prefix / "bin" / "python", "-c", code], PYTHONPATH=str(tmp_path)) == "42\n"

    # the library's glibc is newer than the one that we link for
    libraries = [f"-L{prefix}/lib", f"-lpython{python}", f"-Wl,-rpath,{prefix}/lib", "-Wl,--allow-shlib-undefined"]
    program = compiled(target, EMBEDDING, tmp_path / "embedding", *headers, *libraries)
    answer = run(runner, [program], PYTHONHOME=str(prefix))
    assert answer == f"{installed.library / 'site.py'} {installed.library / 'site-packages'}\n"


@pytest.mark.parametrize(("python", "layout"), [("3.11", "-DBEFORE_3_13"), ("3.13", "-DSINCE_3_13")])
@pytest.mark.parametrize("flags", [("-no-pie",), ("-pie", "-fPIC")])
def test_a_module_leaves_the_table_of_frozen_ones(
    flags: tuple[str, ...], python: str, layout: str, tmp_path: Path
) -> None:
    """Where the pointers stand in the data, and where the loader makes them out of relocations."""
    program = compiled("x86_64-linux-gnu.2.17", TABLE, tmp_path / "table", *flags, layout, "-rdynamic")
    size = program.stat().st_size
    assert program.read_bytes()[16] == (2 if "-no-pie" in flags else 3), "ET_EXEC or ET_DYN, elf(5)"
    frozen.thaw(program, "site", python)
    done = subprocess.run([program], capture_output=True, text=True, check=True)
    assert done.stdout == "os 1\nos 2\nstat 3\n"
    assert program.stat().st_size == size
