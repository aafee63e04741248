"""pykafka's C sources are C that Microsoft's compiler takes, too: that compiler cannot be had here.

So they are held against the standard: against the headers of Python for Windows, without GNU's extensions and without
what C11 leaves to the compiler (arrays of variable length), and they call no function that only POSIX has.
"""

from __future__ import annotations

import tarfile
import zipfile
from pathlib import Path, PurePosixPath

import lief
import pytest
from ruamel.yaml import YAML

from kafka_forge.bases.python_locks import Interpreters, load
from kafka_forge.ground.files import Store
from kafka_forge.ground.paths import Cache, project_root
from kafka_forge.ground.progress import Silent
from kafka_forge.sources import Source, load_hints, obtain
from tests import zig

from .pykafka_tree import patched

pytestmark = pytest.mark.integration

STRICT = ["-std=c11", "-Wall", "-Wextra", "-Wpedantic", "-Wvla", "-Wgnu", "-Wdate-time", "-Wimplicit-fallthrough"]
# Members of a structure that are left out of its initialiser are zero in every C.
STRICT += ["-Wno-missing-field-initializers"]
PYTHONS_OWN = "converts between void pointer and function pointer"
"""What PyType_Slot wants of every extension; all compilers for Windows take it."""
C_AND_WINDOWS = {"memset", "strlen", "GetSystemTimeAsFileTime", "GetTickCount64"}


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return patched(tmp_path_factory.mktemp("pykafka"))


@pytest.fixture(scope="module")
def librdkafka(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with librdkafka's header where it is once installed."""
    folder = project_root() / "recipes" / "librdkafka"
    recipe = YAML(typ="safe").load((folder / "recipe.yaml").read_text(encoding="utf-8"))
    sha256 = recipe["source"]["sha256"]
    hints = load_hints(folder / "sources.yaml")[sha256]
    archive = obtain(Source("librdkafka", sha256, (), hints), Store(Cache.default().store), Silent())
    headers = tmp_path_factory.mktemp("librdkafka")
    (headers / "librdkafka").mkdir()
    with tarfile.open(archive) as tar:
        member = tar.extractfile(f"librdkafka-{recipe['context']['version']}/src/rdkafka.h")
        assert member is not None
        (headers / "librdkafka" / "rdkafka.h").write_bytes(member.read())
    return headers


@pytest.fixture(scope="module", params=["3.11", "3.14"])
def python(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The headers of a Python for Windows."""
    (found,) = [each for each in load(Interpreters, project_root()).interpreters if each.python == request.param]
    jar = obtain(found.source("win-64"), Store(Cache.default().store), Silent())
    headers = tmp_path_factory.mktemp("python")
    with zipfile.ZipFile(jar) as archive:
        for name in archive.namelist():
            place = PurePosixPath(name).parts[4:]  # org/bytedeco/cpython/windows-x86_64/include/…
            if place[:1] == ("include",) and name.endswith(".h"):
                target = headers.joinpath(*place[1:])
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_bytes(archive.read(name))
    return headers


def compiled(sources: list[Path], includes: list[Path], room: Path) -> tuple[list[str], set[str], set[str]]:
    """Return what the compiler says, the names that the objects define, and those that they want."""
    options = ["-target", "x86_64-windows-gnu", "-DNDEBUG", "-fno-sanitize=undefined", "-fno-stack-protector"]
    headers = [flag for folder in includes for flag in ("-isystem", str(folder))]
    said: list[str] = []
    defined, wanted = set[str](), set[str]()
    for source in sources:
        file = room / f"{source.stem}.obj"
        done = zig.cc(*options, *STRICT, *headers, "-c", source, "-o", file, folder=room)
        said += [line for line in done.stderr.splitlines() if ": warning: " in line or "error: " in line]
        made = lief.COFF.parse(str(file)) if file.is_file() else None
        for symbol in made.symbols if made else ():
            (wanted if symbol.is_undefined else defined).add(str(symbol.name))
    return said, defined, wanted - defined


def test_the_sources_are_standard_c(tree: Path, librdkafka: Path, python: Path, tmp_path: Path) -> None:
    sources = sorted((tree / "pykafka" / "rdkafka").glob("*.c"))
    said, defined, wanted = compiled(sources, [python, librdkafka], tmp_path)
    assert [line for line in said if PYTHONS_OWN not in line] == []
    assert "PyInit__rd_kafka" in defined
    libraries = ("Py", "_Py", "rd_kafka_")
    names = {name.removeprefix("__imp_") for name in wanted}
    assert {name for name in names if not name.startswith(libraries)} <= C_AND_WINDOWS


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("int f(int n) { int a[n]; a[0] = n; return a[0]; }", "variable length array"),
        ("int f(int n) { return ({ int m = n; m; }); }", "statement expression"),
        ("struct s { int n, a[0]; }; int f(struct s *s) { return s->n; }", "zero size array"),
        ("int f(int n) { return n ?: 1; }", "omitting middle operand"),
        ("int f(int n) { switch (n) { case 1 ... 3: return 1; default: return 0; } }", "case range"),
    ],
)
def test_what_is_not_would_be_seen(text: str, said: str, tmp_path: Path) -> None:
    (tmp_path / "wrong.c").write_text(f"{text}\n", encoding="utf-8")
    lines, _, _ = compiled([tmp_path / "wrong.c"], [], tmp_path)
    assert any(said in line for line in lines), lines


def test_a_function_of_posix_would_be_seen(tmp_path: Path) -> None:
    (tmp_path / "wrong.c").write_text("#include <unistd.h>\nint f(int n) { return usleep(n); }\n", encoding="utf-8")
    _, _, wanted = compiled([tmp_path / "wrong.c"], [], tmp_path)
    assert "usleep" in wanted
