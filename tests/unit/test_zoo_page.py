"""docs/zoo.md and README's score are those of the animals that there are, as they were last seen."""

from __future__ import annotations

import re

from kafka_forge import checks
from kafka_forge.ground.paths import project_root
from tests.integration.zoo import page, records
from tests.integration.zoo.animals import ANIMALS


def test_the_page_is_that_of_the_animals_and_readme_shows_its_score() -> None:
    seen = records.read()
    assert page.text(seen) == page.PAGE.read_text(encoding="utf-8"), "run python -m tests.integration.zoo.page stale"
    assert page.score(seen) in (project_root() / "README.md").read_text(encoding="utf-8")


def test_every_animal_was_looked_at_as_it_is_now() -> None:
    changed = [each.name for each in page.chosen(["stale"], records.read())]
    assert changed == [], "run python -m tests.integration.zoo.page stale"


def test_an_animal_has_a_name_of_its_own_a_public_thread_and_a_check_that_there_is() -> None:
    assert len({each.name for each in ANIMALS}) == len(ANIMALS)
    for each in ANIMALS:
        assert re.fullmatch(r"[\w.-]+/[\w.-]+#\d+", each.met), each.name
        assert each.caught_by.partition("[")[0] in checks.by_id()


def test_what_an_animal_expects_to_be_told_to_do_is_its_checks_remedy() -> None:
    for each in ANIMALS:
        assert each.remedy in checks.by_id()[each.caught_by.partition("[")[0]].remedy, each.name
