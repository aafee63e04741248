"""`new`: what a recipe, a contract and hints are made of, from sdists as they are on the index."""

from __future__ import annotations

import io
import shutil
import tarfile
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest
from ruamel.yaml import YAML

from kafka_forge.contracts.loading import load_contract
from kafka_forge.errors import ChecksumMismatch, PackageInvalid, RecipeThere, SourceUnreachable, UnknownPackage
from kafka_forge.ground.paths import Cache, project_root
from kafka_forge.ground.progress import Silent
from kafka_forge.sketching import sketch
from kafka_forge.sources import http, load_hints, python_index
from kafka_forge.sources.python_index import PipSettings
from tests.upstreams import Upstreams, serving

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.enable_socket

INFO = """\
Metadata-Version: 2.4
Name: Small.Client
Version: {version}
Summary: Something "small" for Kafka.
License-Expression: MIT
License-File: LICENSE
Project-URL: Source, http://example.com/small
Project-URL: Documentation, https://example.com/docs
Requires-Python: >=3.12
Requires-Dist: packaging>=24
Requires-Dist: Typing_Extensions>=4.10,<5
Requires-Dist: tomli; python_version < "3.11"
Requires-Dist: newer; python_version >= "3.14"
Requires-Dist: six==1.*; extra == "six"
Requires-Dist: lz4; extra == "lz4"

Text.
"""
PYPROJECT = '[build-system]\nrequires = ["setuptools>=77"]\n[project]\nname = "Small.Client"\n'
PURE = {
    "PKG-INFO": INFO,
    "pyproject.toml": PYPROJECT,
    "LICENSE": "MIT",
    "src/small_client/__init__.py": "",
    "src/small_client.egg-info/top_level.txt": "_hidden\nsmall_client\ntests\n",
    "src/small_client.egg-info/entry_points.txt": "[console_scripts]\nSmall = small_client:main\n",
}
COMPILED = {
    **PURE,
    "pyproject.toml": '[build-system]\nrequires = ["setuptools>=77", "Cython>=3"]\n',
    "src/small_client/_fast.pyx": 'cdef extern from "zlib.h":\n    pass\n',
    "src/small_client/own.h": '#include <lz4.h>\n#include "own.h"\n',
}


@dataclass(frozen=True, slots=True)
class House:
    """A checkout with the real lists, and an index."""

    root: Path
    cache: Cache
    site: Upstreams

    def sdist(self, version: str, files: dict[str, str], **entry: object) -> str:
        made = io.BytesIO()
        with tarfile.open(fileobj=made, mode="w:gz") as tar:
            for name, text in files.items():
                data = text.replace("{version}", version).encode()
                member = tarfile.TarInfo(f"small_client-{version}/{name}")
                member.size = len(data)
                tar.addfile(member, io.BytesIO(data))
        file = f"small_client-{version}.tar.gz"
        return self.site.release("small-client", file, made.getvalue(), **entry)

    def new(self, spec: str = "pypi:small-client", *maintainers: str) -> sketch.Sketched:
        python_index._page.cache_clear()
        return sketch.new(spec, maintainers, self.root, self.cache, Silent())

    def read(self, file: str = "recipe.yaml") -> Any:
        path = self.root / "recipes" / "small-client" / file
        return YAML(typ="safe").load(path.read_text(encoding="utf-8"))


@pytest.fixture
def house(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[House]:
    recipes = tmp_path / "checkout" / "recipes"
    shutil.copytree(project_root() / "recipes" / "kafka-python", recipes / "kafka-python")
    for name in ("variants.yaml", "names.yaml"):
        shutil.copy(project_root() / "recipes" / name, recipes)
    monkeypatch.setattr(http, "_BACK_OFF_SECONDS", 0.001)
    http.forget_silent_hosts()
    with serving(tmp_path / "upstream") as site:
        monkeypatch.setattr(python_index, "pip_settings", lambda: PipSettings((site.index,), None))
        yield House(tmp_path / "checkout", Cache(tmp_path / "cache"), site)
    http.forget_silent_hosts()


def test_a_pure_project_becomes_a_noarch_recipe_that_is_ready(house: House) -> None:
    house.sdist("1.0.0", PURE)
    sha256 = house.sdist("1.2.0", PURE)
    house.sdist("1.3.0", PURE, yanked=True)
    house.sdist("2.0.0rc1", PURE)
    done = house.new("pypi:small-client", "somebody")
    assert (done.name, done.version, done.scenario) == ("small-client", "1.2.0", False)
    assert done.unknown == ("small-client", "newer")
    assert {each.rule for each in done.findings} == {"R-051"}
    recipe = house.read()
    assert recipe["context"] == {"version": "1.2.0", "python_min": "3.12"}
    assert recipe["source"]["url"].endswith("/source/s/Small.Client/small_client-${{ version }}.tar.gz")
    assert recipe["source"]["sha256"] == sha256
    assert recipe["build"]["noarch"] == "python"
    assert recipe["build"]["python"]["entry_points"] == ["Small = small_client:main"]
    assert recipe["requirements"] == {
        "host": ["python ${{ python_min }}.*", "pip", "setuptools >=77"],
        "run": ["python >=${{ python_min }}", "newer", "packaging >=24", "typing_extensions >=4.10,<5"],
        "run_constraints": ["six 1.*"],
    }
    about = recipe["about"]
    assert (about["homepage"], about["license"], about["summary"]) == (
        "https://example.com/small",
        "MIT",
        'Something "small" for Kafka',
    )
    (hints,) = load_hints(house.root / "recipes/small-client/sources.yaml").items()
    assert hints[0] == sha256
    contract = load_contract(house.root / "recipes/small-client/contract.yaml")
    assert contract.promises["imports"] == {"modules": ["small_client"]}


def test_an_extension_module_makes_a_recipe_for_each_python_with_its_libraries(house: House) -> None:
    house.sdist("1.0.0", COMPILED)
    done = house.new()
    assert {each.rule for each in done.findings} == {"R-051", "CF-001"}  # a maintainer is still to be named
    recipe = house.read()
    assert "noarch" not in recipe["build"]
    assert recipe["requirements"]["build"][:2] == ['${{ compiler("c") }}', '${{ stdlib("c") }}']
    assert recipe["requirements"]["build"][2]["then"][-1] == "cython >=3"  # for the Python that runs, not the host's
    assert recipe["requirements"]["host"] == ["python", "pip", "setuptools >=77", "cython >=3", "lz4-c", "zlib"]
    assert recipe["requirements"]["run"][0] == "python"
    promises = house.read("contract.yaml")["promises"]
    assert "fits-its-python" in promises
    fast = "*site-packages/small_client/_fast"  # a stub or a source of that name is no extension module
    assert promises["package-contents"]["has"][1] == {"if": "win", "then": f"{fast}*.pyd", "else": f"{fast}*.so"}
    assert house.read("conda-forge.yml")["build_platform"]["linux_aarch64"] == "linux_64"


def test_what_audits_hold_a_client_to_a_package_of_it_promises_too(
    house: House, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    audited = tmp_path / "small-client.yaml"
    audited.write_text(
        "# For audits.\nversion: 1\nenvironment:\n  python: '3.12'\n  extras: [lz4]  # why\npromises:\n"
        "  imports: {modules: [small_client.deep]}\n  pip-check: {}\n  # why\n  roundtrip-order: {modes: [default]}\n"
    )
    monkeypatch.setattr(sketch, "contracts", lambda _root: {"small-client": audited})
    house.sdist("1.0.0", COMPILED)
    house.new()
    written = (house.root / "recipes/small-client/contract.yaml").read_text(encoding="utf-8")
    assert "For audits" not in written
    assert "extras: [lz4]  # why" in written
    assert "  # why\n  roundtrip-order:" in written
    promised = YAML(typ="safe").load(written)
    assert "python" not in promised["environment"]  # each cell has one
    assert promised["promises"]["imports"] == {"modules": ["small_client.deep"]}
    assert {"sbom", "recipe-tests", "fits-its-python", "package-contents"} <= set(promised["promises"])


def test_a_version_may_be_named_and_a_recipe_is_never_written_over(house: House) -> None:
    house.sdist("1.0.0", PURE)
    house.sdist("1.2.0", PURE)
    assert house.new("pypi:small-client==1.0.0").version == "1.0.0"
    with pytest.raises(RecipeThere, match="there is a recipe small-client"):
        house.new()


@pytest.mark.parametrize("spec", ["small-client", "pypi:", "pypi:small client", "pypi:absent", "pypi:small-client==9"])
def test_what_is_no_project_is_told(house: House, spec: str) -> None:
    house.sdist("1.0.0", PURE)
    with pytest.raises(UnknownPackage):
        house.new(spec)


@pytest.mark.parametrize(
    "files",
    [{"LICENSE": "x"}, {**PURE, "PKG-INFO": "Name: a\n"}, {**PURE, "pyproject.toml": "[build-system\n"}],
)
def test_an_sdist_that_does_not_say_what_it_is_leaves_nothing(house: House, files: dict[str, str]) -> None:
    house.sdist("1.0.0", files)
    with pytest.raises(PackageInvalid):
        house.new()
    assert [path.name for path in (house.root / "recipes").iterdir() if path.is_dir()] == ["kafka-python"]


def test_an_sdist_that_is_not_what_the_index_states_or_is_gone(house: House) -> None:
    house.sdist("1.0.0", PURE)
    file = house.site.folder / "files" / "small_client-1.0.0.tar.gz"
    file.write_bytes(b"other")
    with pytest.raises(ChecksumMismatch):
        house.new()
    file.unlink()
    with pytest.raises(SourceUnreachable):
        house.new()


def test_a_project_of_one_module_promises_that_file(house: House) -> None:
    listing = "src/small_client.egg-info/top_level.txt"
    files = {name: text for name, text in PURE.items() if not name.startswith("src/small_client/")}
    house.sdist("1.0.0", {**files, "small_client.py": "", listing: "small_client\n"})
    house.new()
    assert house.read("contract.yaml")["promises"]["package-contents"]["has"] == ["*site-packages/small_client.py"]


def test_metadata_that_name_no_spdx_licence_leave_it_to_the_rules(house: House) -> None:
    info = INFO.replace(
        "License-Expression: MIT\n", "License: some words\nClassifier: License :: OSI Approved :: BSD\n"
    )
    house.sdist("1.0.0", {**PURE, "PKG-INFO": info})
    assert "R-007" in {each.rule for each in house.new().findings}
