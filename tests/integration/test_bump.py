"""`bump` by the command: a real release from the real index, and the C pair from a server that stands for upstream."""

from __future__ import annotations

import gzip
import io
import json
import os
import re
import shutil
import subprocess
import sys
import tarfile
from typing import TYPE_CHECKING, Any

import pytest

from kafka_forge.bumping.versions import key
from kafka_forge.ground.files import Store
from kafka_forge.ground.paths import Cache, project_root
from kafka_forge.ground.progress import Silent
from kafka_forge.patching import source
from kafka_forge.sources import PythonIndex
from tests.upstreams import commit_all, serving

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.integration

OLD = "3.0.9"
OLD_SHA256 = "703c00a59d9853494a9821f8665d99e9443951dabe657a0b2a24e9e50a70703d"
"""Of kafka-python's sdist."""


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A copy of this checkout, as far as recipes need it."""
    for name in ("recipes", "bootstrap", "docs"):
        ignored = shutil.ignore_patterns("__pycache__", "*.egg-info")
        shutil.copytree(project_root() / name, tmp_path / "checkout" / name, ignore=ignored)
    shutil.copy(project_root() / "README.md", tmp_path / "checkout")
    (tmp_path / "checkout" / ".gitignore").write_text("/output/\n", encoding="utf-8")
    return tmp_path / "checkout"


def bump(checkout: Path, *arguments: str, status: int = 0, **variables: str) -> Any:
    command = [sys.executable, "-m", "kafka_forge.cli", "bump", *arguments, "--json"]
    environment = {**os.environ, "KAFKA_FORGE_ROOT": str(checkout), **variables}
    done = subprocess.run(command, cwd=checkout, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == status, done.stdout + done.stderr
    return json.loads(done.stdout) if status == 0 else done.stderr


def set_back(checkout: Path, recipe: str, version: str, sha256: str) -> str:
    """Give a recipe an older version; return the one that it had."""
    found, new = source.asked_for(recipe, checkout)
    for name in ("recipe.yaml", "sources.yaml"):
        file = checkout / "recipes" / recipe / name
        text = file.read_text(encoding="utf-8").replace(found.sha256, sha256).replace(new, version)
        file.write_text(text, encoding="utf-8")
    return new


def text_of(checkout: Path, name: str) -> str:
    return (checkout / "recipes" / name).read_text(encoding="utf-8")


def test_a_look_at_the_real_index_finds_the_newest_release(checkout: Path) -> None:
    ours = set_back(checkout, "kafka-python", OLD, OLD_SHA256)
    looked = bump(checkout, "kafka-python", "--dry-run", "--fresh")["recipes"][0]
    assert (looked["from"], looked["to"]) == (OLD, looked["newest"])
    assert key(looked["to"]) >= key(ours)


@pytest.mark.long
@pytest.mark.timeout(1800)
def test_kafka_python_goes_from_3_0_9_to_its_newest_release(checkout: Path) -> None:
    ours = set_back(checkout, "kafka-python", OLD, OLD_SHA256)
    commit_all(checkout)
    done = bump(checkout, "kafka-python")
    (row,) = done["recipes"]
    assert key(row["to"]) >= key(ours)
    report = json.loads((checkout / "output" / "report.json").read_text(encoding="utf-8"))
    (artifact,) = report["artifacts"]
    assert (artifact["version"], artifact["verdict"] in {"pass", "refused"}) == (row["to"], True)
    assert (checkout / "output" / "noarch" / f"kafka-python-{row['to']}-{artifact['build']}.conda").is_file()
    number = re.compile(r"number: \d+")
    if row["to"] == ours:  # then what a person had made of it is what `bump` makes of it
        theirs = (project_root() / "recipes/kafka-python/recipe.yaml").read_text(encoding="utf-8")
        made = text_of(checkout, "kafka-python/recipe.yaml")
        assert number.sub("number: 100", theirs) == made
        assert text_of(checkout, "kafka-python/sources.yaml") == (
            project_root() / "recipes/kafka-python/sources.yaml"
        ).read_text(encoding="utf-8")


def with_version(archive: Path, top: str, changes: dict[str, tuple[str, str]]) -> bytes:
    """Return a source archive under another top folder, with other text in some of its files."""
    made = io.BytesIO()
    with tarfile.open(archive) as tar, tarfile.open(fileobj=made, mode="w", format=tarfile.PAX_FORMAT) as new:
        for member in tar.getmembers():
            data = tar.extractfile(member).read() if member.isfile() else b""  # type: ignore[union-attr]
            inside = member.name.partition("/")[2]
            for name, (old, text) in changes.items():
                if name == inside:
                    assert old.encode() in data, name
                    data = data.replace(old.encode(), text.encode())
            member.name, member.size = f"{top}/{inside}".rstrip("/"), len(data)
            member.pax_headers = {}  # a long name stands there once more, and that one would count
            new.addfile(member, io.BytesIO(data))
    return gzip.compress(made.getvalue(), mtime=0)


@pytest.mark.long
@pytest.mark.timeout(3000)
def test_the_pair_goes_up_in_step_and_what_is_built_on_it_follows(checkout: Path, tmp_path: Path) -> None:
    store = Store(Cache.default().store)
    library = source.of_recipe("librdkafka", checkout, store, Silent()).path
    client = source.of_recipe("python-confluent-kafka", checkout, store, Silent()).path
    _, version = source.asked_for("librdkafka", checkout)
    major, minor, patch = map(int, version.split("."))
    new = f"{major}.{minor}.{patch + 1}"
    hexed = [f"0x{major:02x}{minor:02x}{each:02x}ff" for each in (patch, patch + 1)]
    with serving(tmp_path / "upstream") as site:
        changes = {"src/rdkafka.h": (hexed[0], hexed[1]), "src-cpp/rdkafkacpp.h": (hexed[0], hexed[1])}
        sha256 = site.tag("confluentinc/librdkafka", f"v{new}", with_version(library, f"librdkafka-{new}", changes))
        site.release(
            "confluent-kafka",
            f"confluent_kafka-{new}.tar.gz",
            with_version(client, f"confluent_kafka-{new}", _client_changes(version, new)),
        )
        file = checkout / "recipes/librdkafka/recipe.yaml"
        text = file.read_text(encoding="utf-8")
        file.write_text(re.sub(r"url: https://[^/]+/", f"url: {site.url}/", text), encoding="utf-8")
        commit_all(checkout)
        done = bump(checkout, "--python", "3.14", PIP_EXTRA_INDEX_URL="", PIP_INDEX_URL=site.index)
    rows = {row["recipe"]: row for row in done["recipes"]}
    assert rows["librdkafka"]["to"] == rows["python-confluent-kafka"]["to"] == new
    assert rows["librdkafka"]["sha256"] == sha256
    assert done["risen"] == ["pykafka"]
    report = json.loads((checkout / "output" / "report.json").read_text(encoding="utf-8"))
    there = {row["recipe"]: row["verdict"] for row in report["artifacts"]}
    assert {"librdkafka", "pykafka", "python-confluent-kafka", "streamz", "dask-kafka-ranges"} == there.keys()
    assert set(there.values()) <= {"pass", "refused"}


def _client_changes(old: str, new: str) -> dict[str, tuple[str, str]]:
    """Return what says the version in confluent-kafka's sdist."""
    return {
        "pyproject.toml": (f'version = "{old}"', f'version = "{new}"'),
        "PKG-INFO": (f"Version: {old}", f"Version: {new}"),
        "src/confluent_kafka/src/confluent_kafka.h": (f'CFL_VERSION_STR "{old}"', f'CFL_VERSION_STR "{new}"'),
    }


def test_an_sdist_of_the_real_index_is_what_the_index_states(tmp_path: Path) -> None:
    draft = tmp_path / "bytes"
    with Silent().task("") as task:
        PythonIndex(project="kafka-python", file=f"kafka_python-{OLD}.tar.gz").fetch(draft, task)
    assert Store(tmp_path / "store").add(draft, OLD_SHA256, origin="the index").is_file()
