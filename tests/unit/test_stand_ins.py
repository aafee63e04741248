"""Where no place has a recipe's archive, another one of the same version stands in for it, by a sha256 of its own."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import pytest

from kafka_forge.bases import graph
from kafka_forge.bases.nodes import Site
from kafka_forge.engine import drafting, engine
from kafka_forge.errors import ChecksumMismatch, RecipeInvalid, SourceUnreachable
from kafka_forge.ground.paths import Cache, project_root
from kafka_forge.ground.progress import Silent
from kafka_forge.sources import load_hints
from tests.told import Told

if TYPE_CHECKING:
    from pathlib import Path

    from kafka_forge.values.model import JsonObject
    from kafka_forge.values.rendered import Rendered

OWN, OTHER = b"the archive that the recipe names", b"another archive of the same version"
RECIPE = """
context: {{version: "1.2"}}
package: {{name: parcel, version: "${{{{ version }}}}"}}
source:
  - url: {folder}/own-${{{{ version }}}}.tar.gz
    sha256: {own}
extra:
  stand_ins:
    - url: {folder}/missing.tar.gz
      sha256: {missing}
    - url: {folder}/other-${{{{ version }}}}.tar.gz
      sha256: {other}
      target_directory: parcel
"""


@pytest.fixture
def rendered(tmp_path: Path) -> Rendered:
    folder = tmp_path / "parcel"
    folder.mkdir()
    text = RECIPE.format(
        folder=(tmp_path / "places").as_uri(),
        own=hashlib.sha256(OWN).hexdigest(),
        other=hashlib.sha256(OTHER).hexdigest(),
        missing=hashlib.sha256(b"missing").hexdigest(),
    )
    (folder / "recipe.yaml").write_text(text)
    (tmp_path / "places").mkdir()
    (tmp_path / "places" / "other-1.2.tar.gz").write_bytes(OTHER)
    (found,) = engine.render(folder, [], "linux-64")
    return found


def _place(rendered: Rendered, tmp_path: Path, told: Told | None = None) -> JsonObject:
    (placed,) = drafting.place_sources(rendered, tmp_path / "sources", Cache(tmp_path / "cache"), {}, told or Told())
    return placed


def test_the_recipes_own_archive_is_taken_where_it_can_be_had(rendered: Rendered, tmp_path: Path) -> None:
    (tmp_path / "places" / "own-1.2.tar.gz").write_bytes(OWN)
    placed = _place(rendered, tmp_path, told := Told())
    assert placed["sha256"] == hashlib.sha256(OWN).hexdigest()
    assert "target_directory" not in placed
    assert (tmp_path / "sources" / "0" / "own-1.2.tar.gz").read_bytes() == OWN
    assert told.lines == []


def test_the_first_stand_in_that_can_be_had_takes_its_place_and_the_user_is_told(
    rendered: Rendered, tmp_path: Path
) -> None:
    placed = _place(rendered, tmp_path, told := Told())
    local = tmp_path / "sources" / "0" / "other-1.2.tar.gz"
    assert local.read_bytes() == OTHER
    assert placed["url"][0] == local.as_uri()
    assert placed["sha256"] == hashlib.sha256(OTHER).hexdigest()
    assert placed["target_directory"] == "parcel"  # the build script finds it where the recipe's own would lie
    assert told.lines == ["no place has own-1.2.tar.gz: other-1.2.tar.gz stands in for it"]


def test_where_nothing_can_be_had_the_error_is_the_recipes_archives_and_names_every_answer(
    rendered: Rendered, tmp_path: Path
) -> None:
    (tmp_path / "places" / "other-1.2.tar.gz").unlink()
    with pytest.raises(SourceUnreachable, match=r"own-1\.2\.tar\.gz") as caught:
        _place(rendered, tmp_path)
    for name in ("own-1.2", "missing", "other-1.2"):
        assert any(name in line for line in caught.value.details)


def test_wrong_bytes_are_an_error_and_no_reason_for_a_stand_in(rendered: Rendered, tmp_path: Path) -> None:
    (tmp_path / "places" / "own-1.2.tar.gz").write_bytes(b"changed on the way")
    with pytest.raises(ChecksumMismatch):
        _place(rendered, tmp_path)


def test_stand_ins_are_for_a_recipe_with_one_source(rendered: Rendered, tmp_path: Path) -> None:
    recipe = rendered.recipe_dir / "recipe.yaml"
    own = hashlib.sha256(OWN).hexdigest()
    second = f"  - url: https://example.org/second.tar.gz\n    sha256: {own}\n"
    recipe.write_text(recipe.read_text().replace("extra:\n", second + "extra:\n"))
    (found,) = engine.render(recipe.parent, [], "linux-64")
    with pytest.raises(RecipeInvalid, match="2 sources"):
        _place(found, tmp_path)


def test_the_look_at_locks_knows_stand_ins(rendered: Rendered) -> None:
    names = [source.name for source in drafting.stand_ins_of(rendered, {})]
    assert names == ["missing.tar.gz", "other-1.2.tar.gz"]


def test_the_bases_hints_are_for_archives_that_its_recipes_name(tmp_path: Path) -> None:
    """A sum that was changed in one place alone leaves an archive without its other places."""
    named: dict[Path, set[str]] = {}
    for found in graph.rendered_recipes(Site("linux-64", project_root(), Cache(tmp_path), Silent())):
        sources = (*drafting.sources_of(found, {}), *drafting.stand_ins_of(found, {}))
        named.setdefault(found.recipe_dir, set()).update(source.sha256 for source in sources)
    hinted = {folder: set(load_hints(folder / "sources.yaml")) for folder in named}
    assert hinted == named
