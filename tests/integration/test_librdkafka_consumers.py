"""Who builds on our librdkafka: what C and C++ clients get as requirements, beside what they can be installed, and how
they find it."""

from __future__ import annotations

import json
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from kafka_forge import platforms
from kafka_forge.bases.packing import Package, pack
from kafka_forge.building import build
from kafka_forge.channels import channel, solving
from kafka_forge.checks.c_project import CHECK, Arguments
from kafka_forge.contracts.loading import load_contract
from kafka_forge.engine import engine
from kafka_forge.environments import environment
from kafka_forge.errors import SolveFailed
from kafka_forge.ground.paths import Cache, project_root
from kafka_forge.ground.progress import Silent
from kafka_forge.inspection import c_project
from kafka_forge.values.evidence import InspectEvidence
from kafka_forge.values.model import Verdict
from kafka_forge.values.selection import Selection
from tests import names

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from contextlib import AbstractContextManager

    from kafka_forge.values.model import Artifact, CheckResult, Environment

pytestmark = [pytest.mark.integration, pytest.mark.first, pytest.mark.timeout(1800)]  # it builds what is not built yet

CLIENTS = ("pykafka", "python-confluent-kafka")

C = """
package: {name: c-client, version: "1"}
source: {path: src}
build:
  dynamic_linking: {overlinking_behavior: error, overdepending_behavior: error}
  script: |
    mkdir -p $PREFIX/bin
    $CC $CPPFLAGS $CFLAGS $LDFLAGS -o $PREFIX/bin/c-client client.c -lrdkafka
requirements:
  build: ["${{ compiler('c') }}", "${{ stdlib('c') }}"]
  host: [librdkafka]
"""
TOLERANT = """
  run: ["${{ pin_compatible('librdkafka', upper_bound='x') }}"]
  ignore_run_exports: {by_name: [librdkafka]}
"""
CXX = """
package: {name: cxx-client, version: "1"}
source: {path: src}
build:
  dynamic_linking: {overlinking_behavior: error, overdepending_behavior: error}
  script: |
    mkdir -p $PREFIX/bin
    $CXX $CPPFLAGS $CXXFLAGS $LDFLAGS -o $PREFIX/bin/cxx-client client.cpp -lrdkafka++
requirements:
  build: ["${{ compiler('c') }}", "${{ compiler('cxx') }}", "${{ stdlib('c') }}"]
  host: [librdkafka]
"""
SOURCES = {
    "client.c": """\
#include <librdkafka/rdkafka.h>
#include <stdio.h>
int main(void) { puts(rd_kafka_version_str()); return 0; }
""",
    # a class with virtual functions, and a string of the C++ standard library through the interface
    "client.cpp": """\
#include <librdkafka/rdkafkacpp.h>
#include <iostream>
int main() {
    std::string error;
    RdKafka::Conf *conf = RdKafka::Conf::create(RdKafka::Conf::CONF_GLOBAL);
    if (conf->set("client.id", "probe", error) != RdKafka::Conf::CONF_OK) return 1;
    delete conf;
    std::cout << RdKafka::version_str() << std::endl;
    return 0;
}
""",
}


@dataclass(frozen=True)
class Ours:
    """What the recipes make, and where it stands."""

    artifacts: dict[str, Artifact]
    channels: tuple[str, ...]
    variants: tuple[Path, ...]

    @property
    def version(self) -> str:
        return self.artifacts["librdkafka"].cell.version

    @property
    def exactly(self) -> str:
        """The requirement of this very build: a channel may have older ones, too."""
        return f"librdkafka =={self.version} {self.artifacts['librdkafka'].cell.build}"

    def pin(self, parts: int) -> str:
        """The requirement from our version on, below the next release of its first ``parts`` numbers."""
        numbers = [int(number) for number in self.version.split(".")[:parts]]
        beyond = ".".join(map(str, [*numbers[:-1], numbers[-1] + 1]))
        return f"librdkafka >={self.version},<{beyond}.0a0"


@pytest.fixture(scope="module")
def ours() -> Ours:
    """Librdkafka and both clients that link with it, as `verify` leaves them in the channel."""
    root = project_root()
    made = build.build(
        Selection(recipes=("librdkafka", *CLIENTS), pythons=("3.14",)),
        root=root,
        base="embedded",
        output=root / "output",
        cache=Cache.default(),
        jobs=2,
        progress=Silent(),
    )
    return Ours(
        {each.cell.name: each for each in made.artifacts},
        ((root / "output").as_uri(), made.base.channel),
        made.base.variants,
    )


@pytest.fixture(scope="module")
def room(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("built") / "channel"
    channel.prepare(folder)
    return folder


def entry(folder: Path, package: Path) -> dict[str, Any]:
    """What a package's index.json says, as the channel's index repeats it."""
    index = json.loads((folder / package.parent.name / "repodata.json").read_text(encoding="utf-8"))
    found: dict[str, Any] = index["packages.conda"][package.name]
    return found


def depends(folder: Path, package: Path) -> set[str]:
    return set(entry(folder, package)["depends"])


@pytest.fixture(scope="module")
def requirements(ours: Ours, room: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, set[str]]:
    """Client → its requirements and its constraints, each built from a recipe of its own by the engine."""
    found = {}
    for name, recipe in (("careless", C.replace("c-client,", "careless,")), ("c", C + TOLERANT), ("cxx", CXX)):
        folder = tmp_path_factory.mktemp(name) / name
        (folder / "src").mkdir(parents=True)
        (folder / "recipe.yaml").write_text(recipe, encoding="utf-8")
        for file, text in SOURCES.items():
            (folder / "src" / file).write_text(text, encoding="utf-8")
        (rendered,) = engine.render(folder, ours.variants, platforms.current())
        made = engine.build(
            rendered,
            channels=[room.as_uri(), *ours.channels],
            channel_dir=room,
            log=folder / "build.log",
            cache=Cache.default(),
            hints={},
            progress=Silent(),
        )
        found[name] = depends(room, made) | set(entry(room, made).get("constrains", ()))
    return found


def test_a_cxx_client_is_bound_to_the_minor_release_that_it_was_built_on(
    ours: Ours, requirements: dict[str, set[str]]
) -> None:
    assert {spec for spec in requirements["cxx"] if spec.startswith("librdkafka ")} == {ours.pin(2)}


def test_a_c_client_that_says_so_takes_every_later_release_of_the_major(
    ours: Ours, requirements: dict[str, set[str]]
) -> None:
    assert {spec for spec in requirements["c"] if spec.startswith("librdkafka ")} == {ours.pin(1)}
    assert {spec for spec in requirements["careless"] if spec.startswith("librdkafka ")} == {ours.pin(2)}


@pytest.mark.parametrize("client", CLIENTS)
def test_our_clients_take_every_release_of_the_major_from_the_one_that_they_were_built_on(
    ours: Ours, client: str
) -> None:
    asked = depends(project_root() / "output", ours.artifacts[client].path)
    assert {spec for spec in asked if spec.startswith("librdkafka ")} == {ours.pin(1)}


@pytest.fixture(scope="module")
def later(ours: Ours, tmp_path_factory: pytest.TempPathFactory) -> tuple[str, Path]:
    """Our librdkafka called the next minor release, in a channel of its own."""
    major, minor, *_ = ours.version.split(".")
    version = f"{major}.{int(minor) + 1}.0"
    folder = tmp_path_factory.mktemp("later") / "channel"
    channel.prepare(folder)
    with installed(ours) as made:
        record = json.loads(next(made.prefix.glob("conda-meta/librdkafka-*.json")).read_text(encoding="utf-8"))
        tree = folder.parent / "tree"
        for name in record["files"]:
            (tree / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(made.prefix / name, tree / name, follow_symlinks=False)
        needs = tuple(record["depends"])
    subdir = platforms.current()
    pack(Package("librdkafka", version, "h0_0", subdir, depends=needs), tree, folder / subdir)
    channel.index(folder)
    return version, folder


def installed(ours: Ours) -> AbstractContextManager[Environment]:
    contract = load_contract(project_root() / "recipes" / "librdkafka" / "contract.yaml")
    return environment.fresh(
        ours.artifacts["librdkafka"], contract, channels=ours.channels, cache=Cache.default(), progress=Silent()
    )


def solve(specs: Sequence[str], channels: Sequence[str]) -> dict[str, str]:
    """Return name → version of what is installed for these specs."""
    records = solving.solve(specs, channels, platforms.current(), what="a test")
    return {record.name.normalized: str(record.version) for record in records}


def test_both_clients_are_installed_together_and_on_a_later_minor_release(
    ours: Ours, later: tuple[str, Path], tmp_path: Path
) -> None:
    here = platforms.current()
    for version, channels in ((ours.version, ours.channels), (later[0], (later[1].as_uri(), *ours.channels))):
        specs = ["python 3.14.*", f"librdkafka =={version}", *CLIENTS]
        records = solving.solve(specs, channels, here, what="both clients")
        prefix = tmp_path / version
        environment.link(records, here, Cache.default(), prefix, "both clients")
        program = "import confluent_kafka, pykafka.rdkafka; print(confluent_kafka.libversion()[0])"
        command = [str(prefix / "bin" / "python"), "-c", program]
        assert subprocess.run(command, check=True, capture_output=True, text=True).stdout.split() == [ours.version]


def test_a_cxx_client_is_not_installed_on_a_later_minor_release(
    ours: Ours, later: tuple[str, Path], room: Path, requirements: dict[str, set[str]]
) -> None:
    assert requirements
    channels = (room.as_uri(), later[1].as_uri(), *ours.channels)
    assert solve(["c-client"], channels)["librdkafka"] == later[0]
    with pytest.raises(SolveFailed) as caught:
        solve(["cxx-client"], channels)
    assert ours.pin(2) in "\n".join(caught.value.details)


@pytest.fixture(scope="module")
def compilers(tmp_path_factory: pytest.TempPathFactory) -> str:
    """conda-forge's names of GNU's compilers, with what they need of each other (conda-forge/ctng-compilers-feedstock,
    recipe/recipe.yaml); empty, for no solver looks into them."""
    folder = tmp_path_factory.mktemp("compilers") / "channel"
    channel.prepare(folder)
    here = platforms.current()
    tree = folder.parent / "tree"
    tree.mkdir()
    needs = {
        f"gcc_impl_{here}": (),
        f"gcc_{here}": (f"gcc_impl_{here}",),
        f"gxx_impl_{here}": (f"gcc_impl_{here}",),
        f"gxx_{here}": (f"gcc_{here}", f"gxx_impl_{here}"),
        "gxx": (f"gxx_impl_{here}",),
    }
    for name, asked in needs.items():
        pack(Package(name, "15.2.0", "h0_0", here, depends=asked), tree, folder / here)
    channel.index(folder)
    return folder.as_uri()


@pytest.mark.parametrize("compiler", ["gxx", "gxx_{here}", "gxx_impl_{here}"])
def test_who_asks_for_gxx_beside_our_librdkafka_of_the_embedded_base_is_told(
    ours: Ours, compilers: str, compiler: str
) -> None:
    """Its librdkafka++ has the C++ interface of zig's libc++, so a program of g++ could not be linked with it."""
    name = compiler.format(here=platforms.current())
    with pytest.raises(SolveFailed) as caught:
        solve([ours.exactly, name], (*ours.channels, compilers))
    said = "\n".join(caught.value.details)
    assert f"{name} <0.0a0" in said
    assert "librdkafka" in said


def test_gcc_stands_beside_our_librdkafka(ours: Ours, compilers: str) -> None:
    assert "librdkafka" in solve([ours.exactly, f"gcc_{platforms.current()}"], (*ours.channels, compilers))


def test_only_what_has_a_cxx_interface_says_which(ours: Ours, requirements: dict[str, set[str]]) -> None:
    assert "gxx <0.0a0" in requirements["cxx"]
    assert "gxx <0.0a0" not in requirements["c"]
    base = Path(ours.channels[1].removeprefix("file://")) / platforms.current() / "repodata.json"
    packages = json.loads(base.read_text(encoding="utf-8"))["packages.conda"].values()
    (zstd,) = [each for each in packages if each["name"] == "zstd"]  # it is compiled beside a C++ compiler
    assert "gxx <0.0a0" not in zstd.get("constrains", ())


def test_all_that_our_librdkafka_depends_on_is_called_as_in_conda_forge(ours: Ours) -> None:
    """So an artifact of the embedded base can be installed from conda-forge's channel, too."""
    asked = {spec.split()[0] for spec in depends(project_root() / "output", ours.artifacts["librdkafka"].path)}
    assert asked <= names.load().names.keys() | {"__glibc"}


def judged(made: Environment) -> dict[str, CheckResult]:
    """Return what the check c-project says of an environment."""
    seen = c_project.build(made, pc="rdkafka", cmake="RdKafka", progress=Silent())
    evidence = InspectEvidence(made, (), (), {}, (), {}, 0.0, c_project=seen)
    results = CHECK.judge(Arguments(pc="rdkafka", cmake="RdKafka"), evidence)
    return {result.id: result for result in results}


def write(made: Environment, name: str, text: str) -> None:
    """Replace a file of the environment, which is a link into the package cache."""
    file = made.prefix / "lib" / "cmake" / "RdKafka" / name
    file.unlink()
    file.write_text(text, encoding="utf-8")


@pytest.fixture
def prefix(ours: Ours) -> Iterator[Environment]:
    with installed(ours) as made:
        yield made


def test_c_and_cxx_projects_are_built_with_the_oldest_cmake_and_the_newest(prefix: Environment) -> None:
    results = judged(prefix)
    assert {result.verdict for result in results.values()} == {Verdict.PASS}, results
    assert "CMake 3.6" in results["c-project[cmake-oldest]"].summary


CACHED = """
cmake_policy(VERSION 3.6...4.0)
get_filename_component(_prefix "${CMAKE_CURRENT_LIST_DIR}/../../.." ABSOLUTE)
foreach(_name rdkafka rdkafka++)
  if(NOT TARGET RdKafka::${_name})
    find_library(_file NAMES ${_name} PATHS "${_prefix}/lib" NO_DEFAULT_PATH NO_CMAKE_FIND_ROOT_PATH NO_CACHE REQUIRED)
    add_library(RdKafka::${_name} SHARED IMPORTED)
    set_target_properties(RdKafka::${_name} PROPERTIES IMPORTED_LOCATION "${_file}"
                          INTERFACE_INCLUDE_DIRECTORIES "${_prefix}/include")
    unset(_file)
  endif()
endforeach()
set_property(TARGET RdKafka::rdkafka++ PROPERTY INTERFACE_LINK_LIBRARIES RdKafka::rdkafka)
"""
ENDLESS = """
set(PACKAGE_VERSION "{version}")
if(NOT PACKAGE_FIND_VERSION VERSION_GREATER PACKAGE_VERSION)
  set(PACKAGE_VERSION_COMPATIBLE TRUE)
  if(PACKAGE_FIND_VERSION VERSION_EQUAL PACKAGE_VERSION)
    set(PACKAGE_VERSION_EXACT TRUE)
  endif()
endif()
"""


def test_what_is_right_with_the_newest_cmake_only_is_seen(ours: Ours, prefix: Environment) -> None:
    """A find result that old CMakes keep for the second library; a version file that knows of no ranges."""
    write(prefix, "RdKafkaConfig.cmake", CACHED)
    write(prefix, "RdKafkaConfigVersion.cmake", ENDLESS.format(version=ours.version))
    results = judged(prefix)
    assert results["c-project[pkg-config]"].verdict is Verdict.PASS
    oldest, newest = results["c-project[cmake-oldest]"], results["c-project[cmake-newest]"]
    assert (oldest.verdict, newest.verdict) == (Verdict.FAIL, Verdict.FAIL)
    assert "C++ with rdkafka++ was not built" in oldest.summary
    assert "was not built" not in newest.summary
    assert "is found" in newest.summary
