"""Our channel beside conda-forge's: what the README tells users to set, tried by py-rattler on two small channels."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import rattler
from rattler.exceptions import SolverError
from rattler.repo_data import SourceConfig
from ruamel.yaml import YAML

from kafka_forge.bases.packing import Package, pack
from kafka_forge.channels import channel

if TYPE_CHECKING:
    from collections.abc import Sequence

ROOT = Path(__file__).parents[2]
STRICT, DISABLED = rattler.ChannelPriority.Strict, rattler.ChannelPriority.Disabled
ANY_LATER = ("librdkafka >=2.14.2,<3.0a0",)
ON_2_15 = ("librdkafka >=2.15.1,<2.16.0a0",)
"""What conda-forge's run export of librdkafka 2.15.1 gives (``x.x``)."""


def number(recipe: str) -> int:
    data = YAML(typ="safe").load((ROOT / "recipes" / recipe / "recipe.yaml").read_text(encoding="utf-8"))
    return int(data["build"]["number"])


@pytest.fixture(scope="module")
def channels(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Two channels of empty packages: ours, and one that stands for conda-forge's."""
    root: Path = tmp_path_factory.mktemp("channels")
    packages = {
        "ours": [
            ("librdkafka", "2.14.2", number("librdkafka"), ()),
            ("pykafka", "2.8.0", number("pykafka"), ANY_LATER),
        ],
        "theirs": [
            ("librdkafka", "2.14.2", 0, ()),
            ("librdkafka", "2.15.1", 0, ()),
            ("kcat", "1.7.1", 5, ON_2_15),
            ("pykafka", "2.8.0", 1004, ON_2_15),
        ],
    }
    for name, found in packages.items():
        (root / name / "linux-64").mkdir(parents=True)
        (root / name / "noarch").mkdir()
        for package, version, build, depends in found:
            tree = root / "trees" / f"{name}-{package}-{version}"
            (tree / "share").mkdir(parents=True)
            (tree / "share" / package).write_text(version, encoding="utf-8")
            made = Package(package, version, f"h_{build}", "linux-64", build_number=build, depends=depends)
            pack(made, tree, root / name / "linux-64")
        channel.index(root / name)
    return {name: (root / name).as_uri() for name in packages}


def solve(order: Sequence[str], specs: Sequence[str], priority: rattler.ChannelPriority) -> dict[str, str]:
    """Return package → ``VERSION CHANNEL``."""
    local = SourceConfig(zstd_enabled=False, bz2_enabled=False, sharded_enabled=False)
    records = asyncio.run(
        rattler.solve(
            sources=list(order),
            specs=[rattler.MatchSpec(spec) for spec in specs],
            gateway=rattler.Gateway(per_channel_config={"file://": local}),
            platforms=[rattler.Subdir("linux-64"), rattler.Subdir("noarch")],
            channel_priority=priority,
        )
    )
    return {each.name.normalized: f"{each.version} {str(each.channel).rstrip('/').split('/')[-1]}" for each in records}


def test_ours_first_and_strict_hides_the_librdkafka_that_kcat_needs(channels: dict[str, str]) -> None:
    order = [channels["ours"], channels["theirs"]]
    assert solve(order, ["pykafka"], STRICT) == {"librdkafka": "2.14.2 ours", "pykafka": "2.8.0 ours"}
    with pytest.raises(SolverError, match=r"librdkafka >=2\.15\.1"):
        solve(order, ["kcat"], STRICT)


def test_a_package_that_names_its_channel_is_not_hidden(channels: dict[str, str]) -> None:
    ours, theirs = channels["ours"], channels["theirs"]
    expected = {"librdkafka": "2.15.1 theirs", "kcat": "1.7.1 theirs", "pykafka": "2.8.0 ours"}
    assert solve([ours, theirs], ["kcat", "pykafka", f"{theirs}::librdkafka"], STRICT) == expected
    assert solve([theirs, ours], ["kcat", f"{ours}::pykafka"], STRICT) == expected


def test_without_priorities_the_newest_version_wins_and_ours_among_equal_ones(channels: dict[str, str]) -> None:
    for order in ([channels["ours"], channels["theirs"]], [channels["theirs"], channels["ours"]]):
        found = solve(order, ["pykafka", "kcat"], DISABLED)
        assert found == {"librdkafka": "2.15.1 theirs", "kcat": "1.7.1 theirs", "pykafka": "2.8.0 ours"}
        assert solve(order, ["librdkafka 2.14.2"], DISABLED) == {"librdkafka": "2.14.2 ours"}
