"""conda-forge's rules: each finds its fault in a recipe that has it, and in ours there is but what is known."""

from __future__ import annotations

import json
import os
import textwrap
from typing import TYPE_CHECKING

import pytest

from kafka_forge.cli import _run
from kafka_forge.errors import LockInvalid, RecipeInvalid
from kafka_forge.feedstocks import linting

if TYPE_CHECKING:
    from pathlib import Path

GOOD = """\
schema_version: 1

context:
  version: "1.2.3"

package:
  name: small
  version: ${{ version }}

source:
  url: https://example.com/small-${{ version }}.tar.gz
  sha256: 0000000000000000000000000000000000000000000000000000000000000000

build:
  number: 0
  noarch: python
  script:
    - ${{ PYTHON }} -m pip install . -vv

requirements:
  host:
    - python ${{ python_min }}.*
    - pip
    - setuptools >=77.0
  run:
    - python >=${{ python_min }}
    - six >=1.5

tests:
  - python:
      imports: [small]
      python_version: ${{ python_min }}.*

about:
  homepage: https://example.com
  license: MIT
  license_file: LICENSE
  summary: Something small

extra:
  recipe-maintainers:
    - somebody
"""
COMPILED = (
    GOOD.replace("  noarch: python\n", "")
    .replace("requirements:\n", 'requirements:\n  build:\n    - ${{ compiler("c") }}\n    - ${{ stdlib("c") }}\n')
    .replace("python ${{ python_min }}.*", "python")
    .replace("python >=${{ python_min }}", "python")
)
FAULTS = [
    ("R-000", GOOD, "extra:\n", "more: {}\n\nextra:\n"),
    ("R-001", GOOD, GOOD[GOOD.index("about:") :], "extra: {recipe-maintainers: [a]}\nabout: {license: MIT}\n"),
    ("R-002", GOOD, "  homepage: https://example.com\n", ""),
    ("R-003", GOOD, "  recipe-maintainers:\n    - somebody\n", "  {}\n"),
    ("R-004", GOOD, "  recipe-maintainers:\n    - somebody\n", "  recipe-maintainers: s\n"),
    ("CF-001", GOOD, "- somebody", "- some_body"),
    ("CF-001", GOOD, "- somebody", "- AddYourGitHubIdHere"),
    ("R-005", GOOD, GOOD[GOOD.index("tests:") : GOOD.index("about:")], ""),
    ("R-007", GOOD, "license: MIT", "license: Unknown"),
    ("R-008", GOOD, "  number: 0\n", ""),
    ("R-009", GOOD, GOOD[GOOD.index("  host:") : GOOD.index("    - six")], "  run: [six]\n  host:\n"),
    ("R-010", GOOD, "license: MIT", "license: MIT License"),
    ("R-011", GOOD, "- somebody\n", "- somebody\n\n"),
    ("R-012", GOOD, "- somebody\n", "- somebody"),
    ("R-013", GOOD, "  license_file: LICENSE\n", ""),
    ("R-014", GOOD, "name: small", "name: Small"),
    ("R-015", GOOD, "  version: ${{ version }}\n", ""),
    ("R-016", GOOD, '"1.2.3"', '"1..2-"'),
    ("R-017", GOOD, "- six >=1.5", "- numpy x.x"),
    ("R-019", GOOD, f"  sha256: {'0' * 64}\n", ""),
    ("R-020", GOOD, "noarch: python", "noarch: any"),
    ("R-021", GOOD, "six >=1.5", "six >= 1.5"),
    ("R-022", GOOD, "six >=1.5", "six>=1.5"),
    ("R-023", COMPILED, "  run:\n    - python\n", "  run:\n"),
    ("R-024", COMPILED, "  run:\n    - python\n", "  run:\n    - python >=3.11\n"),
    ("R-025", GOOD, "${{ PYTHON }}", "${{PYTHON}}"),
    ("R-026", GOOD, "python >=${{ python_min }}", "python"),
    ("R-027", GOOD, "- six >=1.5", '- ${{ pin_subpackage("six") }}'),
    ("R-027", GOOD, "- six >=1.5", '- ${{ pin_compatible("small") }}'),
    ("R-028", GOOD, ".tar.gz", "-cp312-cp312-win_amd64.whl"),
    ("R-029", COMPILED, ".tar.gz", "-py3-none-any.whl"),
    ("R-030", GOOD, ".tar.gz", "-py3-none-any.whl"),
    ("R-031", COMPILED, '    - ${{ stdlib("c") }}\n', '    - ${{ stdlib("c") }}\n    - ${{ compiler("rust") }}\n'),
    ("R-032", COMPILED, '    - ${{ stdlib("c") }}\n', '    - ${{ stdlib("c") }}\n    - ${{ compiler("go-cgo") }}\n'),
    ("R-033", COMPILED, '    - ${{ stdlib("c") }}\n', ""),
    ("R-034", COMPILED, "- six >=1.5", "- sysroot_linux-64 >=2.28"),
    ("R-035", COMPILED, "- six >=1.5", "- __osx >=11.0"),
    ("R-038", COMPILED, "  script:\n", "  skip: is_abi3 == 'true'\n  script:\n"),
    ("R-039", GOOD, "extra:\n", "extra:\n  feedstock-name: small-feedstock\n"),
    ("R-040", GOOD, '"1.2.3"', "1.20"),
    ("R-041", COMPILED, '  build:\n    - ${{ compiler("c") }}\n    - ${{ stdlib("c") }}\n', ""),
    ("R-044", GOOD, "license: MIT", "license: Apache 2.0"),
    ("R-044", GOOD, "license: MIT", "license: mit"),
    ("R-046", GOOD, "    - setuptools >=77.0\n", ""),
    ("R-047", GOOD, "python ${{ python_min }}.*", "python >=3.11"),
    ("R-047", GOOD, "      python_version: ${{ python_min }}.*\n", ""),
    ("R-048", GOOD, "six >=1.5", "six =1.5=py_0"),
    ("R-050", GOOD, "-m pip install . -vv", "setup.py install"),
    ("R-051", GOOD, "https://example.com/small", "https://pypi.io/packages/source/s/small/small"),
    ("R1-001", GOOD, "- six >=1.5", "- six >=1.5  # [win]"),
    ("R1-002", GOOD, "    - six >=1.5\n", "    - if: win\n      then: six\n"),
    ("R1-002", GOOD, "  script:\n", "  skip: win\n  script:\n"),
]  # fmt: skip
BESIDE = [
    ("R1-003", "bld.bat", "rem\n"),
    ("RC-000", "conda_build_config.yaml", "MACOSX_DEPLOYMENT_TARGET:\n  - '11.0'\n"),
    ("FC-001", "conda-forge.yml", "bot: {}\ntest: native\nbot: {}\n"),
]


def found(folder: Path, text: str) -> set[str]:
    (folder / "recipe.yaml").write_text(text, encoding="utf-8")
    recipe = linting.read("small", folder, folder / "conda-forge.yml")
    return {each.rule for each in linting.lint(recipe, {})}


@pytest.mark.parametrize("text", [GOOD, COMPILED])
def test_a_good_recipe_breaks_no_rule(tmp_path: Path, text: str) -> None:
    assert found(tmp_path, text) == set()


@pytest.mark.parametrize(("rule", "text", "old", "new"), FAULTS, ids=[each[0] for each in FAULTS])
def test_each_rule_finds_its_fault(tmp_path: Path, rule: str, text: str, old: str, new: str) -> None:
    assert old in text
    assert rule in found(tmp_path, text.replace(old, new, 1))


@pytest.mark.parametrize(("rule", "file", "text"), BESIDE)
def test_rules_about_files_beside_the_recipe(tmp_path: Path, rule: str, file: str, text: str) -> None:
    (tmp_path / file).write_text(text, encoding="utf-8")
    assert found(tmp_path, GOOD) == {rule}


def test_no_rule_is_one_that_cannot_fail() -> None:
    assert linting.RULES.keys() == {each[0] for each in FAULTS} | {each[0] for each in BESIDE}


def test_conditions_on_the_system_are_allowed_where_a_noarch_package_is_built_for_several(tmp_path: Path) -> None:
    (tmp_path / "conda-forge.yml").write_text("noarch_platforms:\n  - linux_64\n  - win_64\n", encoding="utf-8")
    text = GOOD.replace("    - six >=1.5\n", "    - if: not win\n      then: six\n")
    assert found(tmp_path, text) == set()
    assert found(tmp_path, text.replace("not win", "aarch64")) == {"R1-002"}


def test_our_recipes_have_nothing_but_what_is_known(capsys: pytest.CaptureFixture[str]) -> None:
    assert _run(["feedstock", "--lint", "--json"], debug=True) == 0
    rows = json.loads(capsys.readouterr().out)["findings"]
    assert all(row["known"] for row in rows), rows
    assert {row["rule"] for row in rows} <= {"CF-001", "R-002", "R-051"}


def test_what_is_known_and_gone_is_told(tmp_path: Path) -> None:
    (tmp_path / "recipe.yaml").write_text(GOOD, encoding="utf-8")
    recipe = linting.read("small", tmp_path, tmp_path / "none")
    (finding,) = linting.lint(recipe, {"R-051": "decided"})
    assert (finding.rule, finding.known) == ("R-051", "")
    (tmp_path / "recipes").mkdir()
    for text in ("small: {R-999: so}\n", "- a\n", "small: a\n"):
        (tmp_path / "recipes" / "lint.yaml").write_text(text, encoding="utf-8")
        with pytest.raises(LockInvalid):
            linting.known(tmp_path)


def test_a_file_that_is_no_recipe_is_refused(tmp_path: Path) -> None:
    for text in ("a: [\n", "- a\n"):
        with pytest.raises(RecipeInvalid):
            found(tmp_path, text)


def test_a_feedstocks_own_recipe_is_held_against_them(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "recipe").mkdir()
    (tmp_path / "recipe" / "recipe.yaml").write_text(GOOD.replace("license: MIT", "license: unknown"), encoding="utf-8")
    assert _run(["feedstock", "small", str(tmp_path), "--lint"], debug=False) == 3
    shown = capsys.readouterr()
    assert "small: lint R-007" in shown.out
    assert f"{tmp_path / 'recipe' / 'recipe.yaml'}:36: R-007" in shown.err


@pytest.mark.skipif(os.name == "nt", reason="the program that stands for conda-smithy is a script")
@pytest.mark.parametrize(("status", "code"), [(0, 0), (1, 3)])
def test_conda_smithy_is_called_where_it_is_installed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], status: int, code: int
) -> None:
    program = tmp_path / "conda-smithy"
    script = f"""\
        #!/bin/sh
        echo "$1 $2 in $(basename "$3")"; test -f "$3/recipe.yaml" && test -f "$3/../conda-forge.yml" && exit {status}
    """
    program.write_text(textwrap.dedent(script), encoding="utf-8")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    assert _run(["feedstock", "librdkafka", "--lint"], debug=False) == code
    assert "  recipe-lint --conda-forge in recipe" in capsys.readouterr().out
