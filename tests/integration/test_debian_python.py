"""A Python out of Debian's packages: laid out as all others, whole, and built with, on this machine or emulated."""

from __future__ import annotations

import json
import subprocess
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

from kafka_forge import emulators, platforms
from kafka_forge.bases import cpython_debian, elf, embedded, frozen, older_glibc
from kafka_forge.bases.python_locks import Interpreters, load
from kafka_forge.bases.zig import TARGETS
from kafka_forge.channels.solving import solve
from kafka_forge.environments.environment import link
from kafka_forge.errors import BaseBuildFailed
from kafka_forge.ground.paths import Cache, project_root
from kafka_forge.ground.progress import Silent
from tests.zig import compiled

from . import extension_modules

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from kafka_forge.values.runner import Runner

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

PROBE = (
    extension_modules.PROBE
    + """
import gettext, json, pydoc, pyexpat, site, six
if sys.version_info < (3, 15):
    import ensurepip
if sys.version_info < (3, 12):
    import distutils.sysconfig
if sys.version_info < (3, 13):
    import lib2to3.pygram
print(json.dumps({
    "failed": failed, "prefix": sys.prefix, "path": sys.path[1:], "six": six.__file__, "site": site.__file__,
    "scheme": sysconfig.get_default_scheme(), "sites": site.getsitepackages(),
    "variables": sysconfig.get_config_vars(), "ssl": ssl.OPENSSL_VERSION, "ca": ssl.get_default_verify_paths()[2:],
}))
"""
)

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
        cpu = {"linux-64": "x86_64", "linux-aarch64": "aarch64", "linux-ppc64le": "powerpc64le"}[self.platform]
        return f".cpython-{self.python.replace('.', '')}-{cpu}-linux-gnu.so"


def cell(platform: str, python: str) -> Any:
    """One of the parameters; for another platform, its OpenSSL and Kerberos are compiled for this test alone."""
    marks = () if platform == platforms.current() else pytest.mark.long
    return pytest.param((platform, python), marks=marks, id=f"{platform}-{python}")


@pytest.fixture(scope="module", params=[cell(*each) for each in CELLS])
def installed(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Installed:
    platform, python = request.param
    needed = [f"{platform}/{name}" for name in ("pythons", "libzlib", "openssl", "zstd")]
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
    files = {name: (prefix / name).read_bytes() for name in json.loads(record.read_text(encoding="utf-8"))["files"]}
    marks = (b"/usr/bin/python3", b"posix_local", b"-linux-gnu-gcc")
    # in binaries the one is the frozen site, which is in no table any more, the other a compiler's note for debuggers
    of_texts = (*marks, b"dist-packages", b"/build/reproducible")
    found = [
        name
        for name, content in files.items()
        if any(mark in content for mark in (marks if content.startswith(b"\x7fELF") else of_texts))
        and not name.endswith(".pyc")
    ]
    assert found == []
    assert not (installed.library / "EXTERNALLY-MANAGED").exists()


def test_it_runs_with_the_glibc_that_its_package_asks_for(installed: Installed) -> None:
    """Whatever Debian linked it with: 3.15 asks for 2.42 as Debian has it."""
    (record,) = (installed.prefix / "conda-meta").glob("python-3*.json")
    (floor,) = (
        each for each in json.loads(record.read_text(encoding="utf-8"))["depends"] if each.startswith("__glibc")
    )
    asked = tuple(int(part) for part in floor.removeprefix("__glibc >=").partition(",")[0].split("."))
    assert asked <= cpython_debian.NEWEST_GLIBC
    taken = elf.needs(installed.prefix).virtual()
    assert taken <= (f"__glibc >={asked[0]}.{asked[1]},<3.0.a0",)


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


NEWER = """
#include <math.h>
#include <stdio.h>
int answer(const char *text, void **end, int base) __asm__("__isoc23_strtol");
%s
int main(int count, char **arguments) {
    %s
    printf("%%d %%.1f\\n", answer(arguments[1], 0, 10), fmod(atof_like(arguments[1]), 5));
    return 0;
}
"""


@pytest.mark.parametrize("flags", [("-no-pie",), ("-pie", "-fPIC")])
def test_a_program_of_a_newer_glibc_is_led_to_older_symbols(flags: tuple[str, ...], tmp_path: Path) -> None:
    source = NEWER % ("static double atof_like(const char *text) { return text[1] - '0'; }", "(void)count;")
    program = compiled("x86_64-linux-gnu.2.38", source, tmp_path / "newer", *flags, "-lm")
    assert elf.needs(tmp_path).glibc == "2.38"
    size = program.stat().st_size
    older_glibc.lead(program, (2, 36))
    assert program.stat().st_size == size
    assert elf.needs(tmp_path).glibc not in (None, "2.38")
    done = subprocess.run([program, "17"], capture_output=True, text=True, check=True)
    assert done.stdout == "17 2.0\n"


def test_a_symbol_that_no_older_one_stands_for_is_an_error(tmp_path: Path) -> None:
    call = "strlcpy(arguments[0], arguments[1], 2);"
    source = NEWER % ("unsigned long strlcpy(char *, const char *, unsigned long);\n#define atof_like(x) 1.0", call)
    program = compiled("x86_64-linux-gnu.2.38", source, tmp_path / "newer", "-lm")
    before = program.read_bytes()
    with pytest.raises(BaseBuildFailed, match=r"for: strlcpy\b"):
        older_glibc.lead(program, (2, 36))
    assert program.read_bytes() == before


def test_a_symbol_that_reads_powers_long_doubles_is_an_error(tmp_path: Path) -> None:
    """The end of its name, which for all others is the older symbol, is the name of none."""
    source = (
        'int answer(const char *text, const char *format, ...) __asm__("__isoc23_sscanfieee128");\n'
        'int main(void) { long double read; return answer("1", "%Lf", &read); }\n'
    )
    program = compiled("powerpc64le-linux-gnu.2.38", source, tmp_path / "newer")
    before = program.read_bytes()
    with pytest.raises(BaseBuildFailed, match=r"for: __isoc23_sscanfieee128\b"):
        older_glibc.lead(program, (2, 36))
    assert program.read_bytes() == before


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
