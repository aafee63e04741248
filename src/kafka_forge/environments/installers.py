"""How an artifact comes into a fresh environment: from channels, as conda does it, or by pip."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from kafka_forge.environments import environment, wheels

if TYPE_CHECKING:
    from contextlib import AbstractContextManager
    from pathlib import Path

    from kafka_forge.environments.standing import Standing
    from kafka_forge.ground.paths import Cache
    from kafka_forge.ground.progress import Progress
    from kafka_forge.values.contract import Contract
    from kafka_forge.values.model import Artifact, Environment


class Installer(Protocol):
    """Makes fresh environments for artifacts."""

    def fresh(self, artifact: Artifact, contract: Contract) -> AbstractContextManager[Environment]:
        """Give a fresh environment, which is gone when the block ends; see `environment.fresh`, `wheels.fresh`."""

    def extended(self, made: Environment, contract: Contract) -> Environment | None:
        """Add a contract's extras to an environment that stands; None where a fresh one is wanted instead."""


@dataclass(frozen=True, slots=True)
class FromChannels:
    """Solves and links, as conda does it.

    Attributes:
        channels: URLs or folders, in strict priority; the one that holds the artifact comes first.
        cache: the cache.
        progress: who listens.
    """

    channels: tuple[str, ...]
    cache: Cache
    progress: Progress

    def fresh(self, artifact: Artifact, contract: Contract) -> AbstractContextManager[Environment]:
        """See `environment.fresh`."""
        return environment.fresh(artifact, contract, channels=self.channels, cache=self.cache, progress=self.progress)

    def extended(self, made: Environment, contract: Contract) -> Environment | None:
        """See `environment.extended`."""
        return environment.extended(made, contract, channels=self.channels, cache=self.cache, progress=self.progress)


@dataclass(frozen=True, slots=True)
class ByPip:
    """Makes a virtual environment and lets pip install a wheel into it.

    Attributes:
        python: the interpreter that virtual environments are made of.
        cache: the cache.
        progress: who listens.
    """

    python: Path
    cache: Cache
    progress: Progress

    def fresh(self, artifact: Artifact, contract: Contract) -> AbstractContextManager[Environment]:
        """See `wheels.fresh`."""
        return wheels.fresh(artifact, contract, python=self.python, cache=self.cache, progress=self.progress)

    def extended(self, made: Environment, contract: Contract) -> Environment | None:  # noqa: ARG002
        """Return None: pip makes a fresh environment as quickly as it looks at one."""
        return None


@dataclass(frozen=True, slots=True)
class AsItStands:
    """Installs nothing: the environment is there, with whatever is in it.

    Attributes:
        standing: the client.
    """

    standing: Standing

    def fresh(self, artifact: Artifact, contract: Contract) -> AbstractContextManager[Environment]:  # noqa: ARG002
        """Give the environment as it stands; it is left alone. What a contract would have beside it is not added."""
        return self.standing.environment()

    def extended(self, made: Environment, contract: Contract) -> Environment | None:  # noqa: ARG002
        """Return the environment as it stands."""
        return made
