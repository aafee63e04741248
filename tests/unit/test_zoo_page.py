"""docs/zoo.md and README's score are those of the animals that there are."""

from __future__ import annotations

import re

from kafka_forge import checks
from kafka_forge.ground.paths import project_root
from tests.integration.zoo import page
from tests.integration.zoo.animals import ANIMALS


def missed(text: str) -> set[str]:
    return {line.split(" | ")[0].removeprefix("| ") for line in text.splitlines() if "**missed**" in line}


def test_the_page_is_that_of_the_animals_and_readme_shows_its_score() -> None:
    text = page.PAGE.read_text(encoding="utf-8")
    caught = {each.name for each in ANIMALS} - missed(text)
    assert page.text(caught) == text, "run python -m tests.integration.zoo.page"
    assert page.score(caught) in (project_root() / "README.md").read_text(encoding="utf-8")


def test_an_animal_has_a_name_of_its_own_a_public_thread_and_a_check_that_there_is() -> None:
    assert len({each.name for each in ANIMALS}) == len(ANIMALS)
    for each in ANIMALS:
        assert re.fullmatch(r"[\w.-]+/[\w.-]+#\d+", each.met), each.name
        assert each.caught_by.partition("[")[0] in checks.by_id()
