"""Every animal of the zoo is caught, by one check that says why; nothing else is reported about it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from . import keeping
from .animals import ANIMALS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .animal import Animal

pytestmark = [pytest.mark.integration, pytest.mark.first]


@pytest.fixture(scope="module")
def keeper(tmp_path_factory: pytest.TempPathFactory) -> Iterator[keeping.Keeper]:
    """Who makes the animals, of this machine's good artifacts."""
    with keeping.keeper(tmp_path_factory.mktemp("zoo")) as made:
        yield made


@pytest.mark.parametrize(
    "animal",
    [pytest.param(each, id=each.name, marks=[] if each.usual else [pytest.mark.long]) for each in ANIMALS],
)
def test_an_animal_is_caught_by_its_check_and_by_no_other(keeper: keeping.Keeper, animal: Animal) -> None:
    found = keeping.failures(keeper.look(animal))

    assert {keeping.of(animal, check.id) for check in found} == {animal.caught_by}
    assert all(animal.says in check.summary and animal.remedy in check.summary for check in found)
