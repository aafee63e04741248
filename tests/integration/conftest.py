"""What the integration tests share: one real broker for all, and pykafka as the recipe makes it, in two ways."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from kafka_forge import brokers
from kafka_forge.contracts.loading import contracts_of
from kafka_forge.environments.activation import variables
from kafka_forge.ground.paths import Cache, project_root
from kafka_forge.ground.progress import Silent
from kafka_forge.survival import stage

from . import artifacts, pykafka_tree
from .pykafka_env import PykafkaEnv
from .pykafka_wire import Wire

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kafka_forge.brokers import Broker, Cluster
    from kafka_forge.brokers.links import Links
    from kafka_forge.values.contract import Contract
    from kafka_forge.values.model import Environment

    from .browser import Programs
    from .webtopic import Example

RECIPES = ("kafka-python", "librdkafka", "pykafka", "python-confluent-kafka")


def pytest_addoption(parser: pytest.Parser) -> None:
    """Which of the recipe's Pythons pykafka is installed for; and another browser than the one that is locked."""
    parser.addoption("--python", default="3.14", metavar="X.Y", help="the Python that pykafka is installed for")
    parser.addoption("--browser", metavar="PATH", help="a Chromium to try pages with; with --driver")
    parser.addoption("--driver", metavar="PATH", help="the chromedriver of that --browser")


@pytest.fixture(scope="session")
def broker() -> Iterator[Broker]:
    """A Kafka of the default version, started once; use topics of your own."""
    with brokers.start(brokers.DEFAULT, Cache.default(), Silent()) as started:
        yield started


@pytest.fixture(scope="session")
def pykafka_source(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The tree of pykafka's source with the recipe's patches, for reading: who builds from it takes a copy."""
    tree = pykafka_tree.patched(tmp_path_factory.mktemp("pykafka"))
    before = pykafka_tree.contents(tree)
    yield tree
    assert pykafka_tree.contents(tree) == before, "a test wrote into the tree that others read"


@pytest.fixture(scope="session")
def pykafka(pykafka_source: Path) -> Iterator[Any]:
    """The module pykafka out of that tree, in this process and without its C extension."""
    with pykafka_tree.imported(pykafka_source) as module:
        yield module


@pytest.fixture(scope="session")
def wire(pykafka: Any) -> Wire:
    """Its modules that speak the protocol."""
    assert pykafka.KafkaClient
    return Wire()


@pytest.fixture(scope="session")
def pykafka_env(pytestconfig: pytest.Config) -> Iterator[PykafkaEnv]:
    """A fresh environment with the recipe's artifact, which `verify` leaves in the channel; see ``--python``."""
    with artifacts.installed("pykafka", pytestconfig.getoption("--python")) as made:
        yield PykafkaEnv.of(made)


@pytest.fixture(scope="session")
def confluent() -> Iterator[Environment]:
    """A fresh environment with the recipe's python-confluent-kafka."""
    with artifacts.installed("python-confluent-kafka", "3.14") as made:
        yield made


@pytest.fixture(scope="module", params=["pykafka", "pykafka-c", "confluent"])
def example(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Example:
    """The example for Tornado, with one of the clients, in a fresh environment of the recipe's artifact.

    A file that tries it with others, or some of them with ``--long`` alone, parametrizes it anew (``indirect``).
    """
    from .webtopic import Example

    room = tmp_path_factory.mktemp("webtopic")
    if request.param == "confluent":
        made: Environment = request.getfixturevalue("confluent")
        return Example.of(request.param, made.interpreter, variables(made), room)
    env: PykafkaEnv = request.getfixturevalue("pykafka_env")
    return Example.of(request.param, env.python, env.variables, room)


@pytest.fixture(scope="session")
def programs(pytestconfig: pytest.Config) -> Programs:
    """The browser that is locked, or the one of ``--browser``."""
    from . import browser

    named, driver = pytestconfig.getoption("--browser"), pytestconfig.getoption("--driver")
    if named or driver:
        assert named, "--driver goes with --browser"
        assert driver, "--browser goes with --driver"
        return browser.Programs(Path(named), Path(driver), {})
    return browser.locked(Cache.default())


@pytest.fixture(scope="module")
def suffering() -> Iterator[tuple[Cluster, Links]]:
    """A cluster of three for faults, and its links."""
    with stage.opened(brokers.DEFAULT, Cache.default(), Silent()) as opened:
        yield opened


@pytest.fixture(scope="module")
def made() -> Iterator[list[tuple[Environment, Contract]]]:
    """A fresh environment with what each recipe builds, and its contract."""
    ready = artifacts.built(*RECIPES, python="3.14")
    contracts = contracts_of((each.cell for each in ready.artifacts), project_root())
    with stage.installed(ready.artifacts, contracts, artifacts.channels(ready), Cache.default(), Silent()) as entered:
        yield entered
