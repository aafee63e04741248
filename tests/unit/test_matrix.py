"""What CI builds, and whether a feedstock builds the same; git and the engine are the real ones."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from kafka_forge.cli import _run
from kafka_forge.errors import FeedstockInvalid, UnknownRevision
from kafka_forge.feedstocks import feedstock_matrix
from kafka_forge.planning import matrix, plan
from kafka_forge.values.model import PLATFORMS
from kafka_forge.values.selection import Selection

ROOT = Path(__file__).parents[2]
ALL = Selection(platforms=("all",))
BUILT_ON = ("librdkafka", "pykafka", "python-confluent-kafka", "dask-kafka-ranges", "streamz")


def jobs(selection: Selection = ALL) -> tuple[matrix.Job, ...]:
    return matrix.jobs(plan.plan(selection, root=ROOT, variants=()), selection)


def test_every_cell_is_in_exactly_one_job() -> None:
    cells = [cell for job in jobs() for cell in job.cells]
    assert sorted(cells) == sorted(planned.cell.id for planned in plan.plan(ALL, root=ROOT, variants=()))
    assert len(cells) == len(set(cells))


def test_what_is_built_on_each_other_shares_a_job_and_the_rest_does_not() -> None:
    here = [job for job in jobs() if job.platform == "linux-64"]
    assert [job.recipes for job in here] == [
        ("kafka-python",),
        ("librdkafka", "pykafka", "python-confluent-kafka", "dask-kafka-ranges", "streamz"),
    ]
    assert matrix.groups({"a": (), "b": (), "c": ("a", "x"), "d": ("b", "c")}) == [("a", "b", "c", "d")]


def test_a_workflow_gets_plain_strings_and_a_runner_for_each_platform(capsys: pytest.CaptureFixture[str]) -> None:
    assert _run(["matrix", "--github", "kafka-python", "--python", "3.12"], debug=True) == 0
    shown = capsys.readouterr().out
    assert shown.count("\n") == 1
    entries = json.loads(shown)["include"]
    assert {entry["platform"] for entry in entries} == set(PLATFORMS)
    assert {type(value) for entry in entries for value in entry.values()} == {str}
    assert {entry["platform"] for entry in entries if entry["container"]} == {"linux-ppc64le"}
    assert entries[0]["arguments"] == "kafka-python --platform linux-64 --python 3.12"


@pytest.mark.parametrize(
    ("file", "recipes"),
    [
        ("recipes/librdkafka/build.sh", {*BUILT_ON}),
        ("recipes/pykafka/patches/0001-parse-versions-with-packaging.patch", {"pykafka"}),
        ("recipes/kafka-python/contract.yaml", {"kafka-python"}),
        ("recipes/variants.yaml", {*BUILT_ON, "kafka-python"}),
        ("src/kafka_forge/engine/engine.py", {*BUILT_ON, "kafka-python"}),
        ("bootstrap/recipes/zlib/build.sh", {*BUILT_ON, "kafka-python"}),
        ("README.md", set()),
        ("tests/unit/test_plan.py", set()),
    ],
)
def test_a_change_touches_a_recipe_and_what_is_built_on_it(file: str, recipes: set[str]) -> None:
    plans = plan.plan(Selection(platforms=("linux-64",)), root=ROOT, variants=())
    assert matrix.touched([file], plans) == recipes


def git(folder: Path, *arguments: str) -> None:
    identity = ["-c", "user.name=a", "-c", "user.email=a@b", "-c", "commit.gpgsign=false"]
    subprocess.run(["git", "-C", str(folder), *identity, *arguments], check=True, capture_output=True)


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A git checkout with our recipes, and a commit on a branch of its own."""
    shutil.copytree(ROOT / "recipes", tmp_path / "recipes")
    (tmp_path / "bootstrap").mkdir()
    git(tmp_path, "init", "-q", "-b", "main")
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "-q", "-m", "all")
    git(tmp_path, "checkout", "-q", "-b", "topic")
    monkeypatch.setenv("KAFKA_FORGE_ROOT", str(tmp_path))
    return tmp_path


def test_only_the_branch_s_own_changes_count(checkout: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (checkout / "recipes" / "pykafka" / "a new file.txt").write_text("ä", encoding="utf-8")
    git(checkout, "add", ".")
    git(checkout, "commit", "-q", "-m", "a change")
    git(checkout, "checkout", "-q", "main")
    (checkout / "recipes" / "librdkafka" / "build.sh").write_text("exit 1", encoding="utf-8")
    git(checkout, "commit", "-q", "-a", "-m", "somebody else's change")
    git(checkout, "checkout", "-q", "topic")
    assert matrix.changed_files(checkout, "main") == ("recipes/pykafka/a new file.txt",)
    assert _run(["matrix", "--json", "--platform", "linux-64", "--changed-since", "main"], debug=True) == 0
    assert {cell["recipe"] for cell in json.loads(capsys.readouterr().out)["cells"]} == {"pykafka"}


def test_what_is_not_committed_yet_counts_too(checkout: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert _run(["matrix", "--github", "--changed-since", "main"], debug=True) == 0
    assert json.loads(capsys.readouterr().out) == {"include": []}
    (checkout / "recipes" / "kafka-python" / "new.patch").touch()
    assert matrix.changed_files(checkout, "main") == ("recipes/kafka-python/new.patch",)


@pytest.mark.parametrize("revision", ["no-such-branch", "--output=x", ""])
def test_a_revision_that_git_does_not_know(checkout: Path, revision: str) -> None:
    with pytest.raises(UnknownRevision):
        matrix.changed_files(checkout, revision)


def feedstock(folder: Path, recipe: str, **changes: str) -> Path:
    """Write a feedstock as conda-smithy would render it out of our own recipe, with some values changed."""
    support = folder / f"{recipe}-feedstock" / ".ci_support"
    support.mkdir(parents=True)
    for planned in plan.plan(Selection((recipe,), ("all",)), root=ROOT, variants=()):
        cell = planned.cell
        if cell.noarch and cell.platform != "linux-64":
            continue
        keys = {
            **{key: value for key, value in planned.rendered.variant.items() if key != "build_platform"},
            "channel_sources": "conda-forge",
            "channel_targets": "conda-forge main",
            "target_platform": cell.platform,
            **{key: value for key, value in changes.items() if key in planned.rendered.variant},
        }
        lines = [f"{key}:\n- '{value}'" for key, value in sorted(keys.items())]
        lines.append("pin_run_as_build:\n  python:\n    min_pin: x.x\n    max_pin: x.x\nzip_keys:\n- - a\n  - b")
        name = f"{cell.platform.replace('-', '_')}_{'python' + cell.python if cell.python else ''}.yaml"
        (support / name).write_text("\n".join(lines) + "\n", encoding="utf-8")
    (support.parent / "recipe").mkdir()
    text = f"package:\n  version: {cell.version}\nbuild:\n  number: 0\n"
    (support.parent / "recipe" / "recipe.yaml").write_text(text, encoding="utf-8")
    return support.parent


@pytest.mark.parametrize("recipe", ["librdkafka", "python-confluent-kafka", "kafka-python"])
def test_a_feedstock_with_the_same_matrix(tmp_path: Path, recipe: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert _run(["matrix", "--against", str(feedstock(tmp_path, recipe))], debug=True) == 0
    assert "the same" in capsys.readouterr().out


def test_a_feedstock_that_is_behind(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = feedstock(tmp_path, "python-confluent-kafka", c_stdlib_version="2.28")
    support = folder / ".ci_support"
    for file in support.glob("linux_ppc64le_*"):
        file.unlink()
    (support / "win_64_python3.15.yaml").rename(support / "win_64_python3.15t.yaml")
    text = (support / "win_64_python3.15t.yaml").read_text(encoding="utf-8")
    (support / "win_64_python3.15t.yaml").write_text(text.replace("_cp315", "_cp315t"), encoding="utf-8")
    assert _run(["matrix", "--against", str(folder), "--json"], debug=False) == 3
    shown = capsys.readouterr()
    found = json.loads(shown.out)["differences"]
    assert "KF003" in shown.err
    assert ("platform", "linux-ppc64le", "") in {(each["kind"], each["platform"], each["python"]) for each in found}
    assert {(each["python"], each["ours"], each["theirs"]) for each in found if each["kind"] == "python"} == {
        ("3.15", "built", None),
        ("3.15t", None, "built"),
    }
    pins = {(each["key"], each["ours"], each["theirs"]) for each in found if each["kind"] == "pin"}
    assert ("c_stdlib_version", "2.17", "2.28") in pins


def test_a_folder_that_is_no_feedstock(tmp_path: Path) -> None:
    with pytest.raises(FeedstockInvalid):
        feedstock_matrix.compare(tmp_path, Selection(("librdkafka",), ("all",)), ROOT)
    (tmp_path / ".ci_support").mkdir()
    (tmp_path / ".ci_support" / "linux_64_.yaml").write_text("- a\n", encoding="utf-8")
    with pytest.raises(FeedstockInvalid) as caught:
        feedstock_matrix.compare(tmp_path, Selection(("librdkafka",), ("all",)), ROOT)
    assert "linux_64_.yaml" in str(caught.value.where)
