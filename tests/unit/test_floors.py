"""The folders are the flow: each stands above all that it uses, no module is loose, and no two import each other."""

from __future__ import annotations

import re

from kafka_forge.ground.paths import project_root
from tests import floors

MODULES = floors.modules()
IMPORTS = {name: set(floors.imports(path, MODULES)) for name, path in MODULES.items()}
FLOOR = {room: number for number, rooms in enumerate(floors.FLOORS) for room in rooms}


def test_every_module_is_in_a_room_and_every_room_on_one_floor() -> None:
    rooms = [room for floor in floors.FLOORS for room in floor]
    assert len(rooms) == len(set(rooms))
    loose = [path.name for path in floors.PACKAGE.glob("*.py") if path.name != "__init__.py"]
    assert loose == []
    assert {floors.room(name) for name in MODULES} - {""} == set(rooms)


def test_no_import_runs_upwards_or_along_a_floor() -> None:
    wrong = [
        f"{name} imports {used}"
        for name, imported in IMPORTS.items()
        for used in sorted(imported)
        if floors.room(used) not in {"", floors.room(name)}
        if FLOOR[floors.room(used)] >= FLOOR[floors.room(name)]
    ]
    assert wrong == []


def test_no_two_modules_need_each_other() -> None:
    """Within a room neither: take away who imports nobody that is left, until nobody can be."""
    left = {name: imported - {name} for name, imported in IMPORTS.items()}
    while ready := {name for name, imported in left.items() if not imported & left.keys()}:
        left = {name: imported for name, imported in left.items() if name not in ready}
    assert sorted(left) == []


def test_the_engine_is_known_to_its_room_and_who_says_so() -> None:
    knowing = {
        floors.room(name)
        for name, path in MODULES.items()
        if re.search(r"^\s*(from|import) rattler_build\b", path.read_text(encoding="utf-8"), re.MULTILINE)
    }
    assert knowing == {"engine", "feedstocks", "publishing"}


def test_contributing_shows_the_rooms_as_they_are() -> None:
    text = (project_root() / "CONTRIBUTING.md").read_text(encoding="utf-8")
    assert floors.table() in text
    assert floors.written(text) == text
