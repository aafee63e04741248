"""Keeping the zoo: an animal is made out of a good artifact, and judged by the machinery that judges artifacts."""

from __future__ import annotations

import contextlib
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from kafka_forge import brokers as kafka
from kafka_forge.contracts.loading import load_contract
from kafka_forge.environments.installers import FromChannels
from kafka_forge.examining.examine import Candidate, Run, examine_all
from kafka_forge.ground.paths import Cache, project_root
from kafka_forge.ground.progress import Silent
from kafka_forge.values.model import Verdict
from tests.integration import artifacts

from . import trees

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from kafka_forge.building.build import Built
    from kafka_forge.report.model import CheckReport
    from kafka_forge.values.model import Artifact, Base

    from .animal import Animal
    from .trees import Tree

RECIPES = ("kafka-python", "librdkafka", "pykafka", "python-confluent-kafka")
"""Of which there is a good artifact from the beginning; any other is built for the animal that is made from it."""
CLIENT = "python-confluent-kafka"
"""What the others are made for, and depend on."""
PYTHON = "3.14"


@dataclass
class Keeper:
    """Who has the good artifacts, a room for the animals, and one broker for all that need one."""

    good: dict[str, Artifact]
    base: Base
    room: Path
    stack: contextlib.ExitStack
    address: str | None = None

    def origin(self, animal: Animal) -> tuple[Artifact, Base]:
        """Return the good artifact that an animal is made from, and the base on which it was built."""
        if animal.good:
            return animal.good()
        if animal.of not in self.good:
            made = artifacts.built(animal.of, CLIENT).artifacts  # for every Python that its own tests run on
            (self.good[animal.of],) = (each for each in made if each.cell.recipe == animal.of)
        return self.good[animal.of], self.base

    def _changed(self, good: Artifact, change: Callable[[Tree], None], channel: Path) -> Artifact:
        """Change a good artifact, and put it into a channel of its own."""
        tree = trees.unpacked(good, channel.with_name(f"{channel.name}-tree"), self.base.channel)
        before = trees.names(tree)
        change(tree)
        trees.settle(tree, before)
        return trees.packed(tree, channel)

    def look(self, animal: Animal) -> list[CheckReport]:
        """Make an animal, examine it as an artifact, and return what every check says."""
        good, base = self.origin(animal)
        channel = Path(tempfile.mkdtemp(prefix=f"{animal.name}-", dir=self.room)) / "channel"
        artifact = self._changed(good, animal.make, channel)
        if animal.beside:
            name, change = animal.beside
            trees.offered(self._changed(self.good[name], change, channel.with_name("beside")), channel)
        family = artifacts.channels_of(base)  # what an animal depends on, for every Python that it is tried with
        return self.examined(artifact, (channel.as_uri(), *family), (self.broker(),) if animal.broker else ())

    def broker(self) -> str:
        """Start the broker that all share, where it does not run yet; return its address."""
        if self.address is None:
            opened = self.stack.enter_context(kafka.open_broker(kafka.DEFAULT, Cache.default(), Silent()))
            self.address = opened.address
        return self.address

    def examined(
        self, artifact: Artifact, channels: tuple[str, ...], brokers: tuple[str, ...] = ()
    ) -> list[CheckReport]:
        """Examine an artifact by the contract of its recipe."""
        path = project_root() / "recipes" / artifact.cell.recipe / "contract.yaml"
        contract = load_contract(path, artifact.cell.platform, artifact.cell.python, version=artifact.cell.version)
        cache = Cache.default()
        installer = FromChannels(channels, cache, Silent())
        (report,) = examine_all(Run(brokers, cache, Silent()), [Candidate(artifact, contract, installer)], 1).artifacts
        return report.checks


def failures(checks: list[CheckReport]) -> list[CheckReport]:
    """Return what is reported as wrong: the failures that no other one explains."""
    return [check for check in checks if check.verdict is Verdict.FAIL and check.because is None]


@contextlib.contextmanager
def keeper(room: Path) -> Iterator[Keeper]:
    """Build the good artifacts where they are not, and keep animals in a folder."""
    made: Built = artifacts.built(*RECIPES, python=PYTHON)
    good = {artifact.cell.recipe: artifact for artifact in made.artifacts}
    with contextlib.ExitStack() as stack:
        yield Keeper(good, made.base, room, stack)


def of(animal: Animal, check: str) -> str:
    """Return a check's id as an animal names it: without its case where the animal has it in every one."""
    return check if "[" in animal.caught_by else check.partition("[")[0]


def caught(animal: Animal, checks: list[CheckReport]) -> bool:
    """Tell whether an animal's check reports it, says why and what to do, and stands alone."""
    found = failures(checks)
    return {of(animal, check.id) for check in found} == {animal.caught_by} and all(
        animal.says in check.summary and animal.remedy in check.summary for check in found
    )
