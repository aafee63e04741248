"""What a maintainer sees of the cache, and that nothing is pulled from under a run."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from kafka_forge.errors import NothingSelected, NotWritable
from kafka_forge.ground import cleaning
from kafka_forge.ground.paths import Cache

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def cache(tmp_path: Path) -> Cache:
    made = Cache(tmp_path / "cache")
    (made.store / "ab").mkdir(parents=True)
    (made.store / "ab" / "file").write_bytes(b"12345")
    return made


def test_a_room_is_removed_and_its_size_told(cache: Cache) -> None:
    (room,) = cleaning.named(cache, ["store"])
    assert cleaning.remove(room)["bytes"] == 5
    assert not cache.store.exists()


def test_hard_links_count_once(cache: Cache) -> None:
    (cache.store / "again").hardlink_to(cache.store / "ab" / "file")
    assert cleaning.size(cache.store) == 5


def test_an_unknown_room_is_named(cache: Cache) -> None:
    with pytest.raises(NothingSelected, match="cellar"):
        cleaning.named(cache, ["cellar"])


def test_a_cache_in_use_by_another_process_is_left_alone(cache: Cache) -> None:
    program = (
        "import sys; from pathlib import Path\n"
        "from kafka_forge.ground import cleaning; from kafka_forge.ground.paths import Cache\n"
        "with cleaning.using(Cache(Path(sys.argv[1]))):\n"
        "    print('held', flush=True); sys.stdin.read()\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", program, str(cache.root)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as holder:
        assert holder.stdout is not None
        holder.stdout.readline()
        with cleaning.using(cache):
            pass  # two runs may use it side by side
        (room,) = cleaning.named(cache, ["store"])
        with pytest.raises(NotWritable, match="another run"):
            cleaning.remove(room)
        holder.communicate(b"")
    assert cleaning.remove(room)["bytes"] == 5
