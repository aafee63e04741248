"""The clients that are measured, and a fresh environment for each: artifacts built here, and wheels beside them."""

from __future__ import annotations

import contextlib
import sys
import tempfile
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from kafka_forge.bench import ceiling, loads
from kafka_forge.bench.results import CEILING, DIRECTIONS
from kafka_forge.contracts.loading import load_contract
from kafka_forge.environments import activation, environment, wheels
from kafka_forge.errors import ForgeError, InstallFailed
from kafka_forge.ground import processes
from kafka_forge.values.evidence import tail

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from kafka_forge.building.build import Built
    from kafka_forge.ground.paths import Cache
    from kafka_forge.ground.progress import Progress
    from kafka_forge.values.model import Artifact, Environment

_LOADS = Path(loads.__file__).parent
_PIP_SECONDS = 600.0


@dataclass(frozen=True, slots=True)
class Client:
    """One client in one of its ways.

    Attributes:
        id: its name in JSON and for ``--client``.
        title: its name in the tables.
        load: the script of `loads` that drives it.
        mode: what the script is told.
        recipe: the recipe here whose artifact it is; None for a wheel.
        directions: which of ``produce`` and ``consume`` it can be measured in.
        named_only: whether it is left out where no client is named.
        wheel: what pip installs, instead of an artifact or beside it; ``{version}`` stands for the version of
            confluent-kafka's artifact.
    """

    id: str
    title: str
    load: str
    mode: str = "default"
    recipe: str | None = None
    wheel: str | None = None
    directions: tuple[str, ...] = DIRECTIONS
    named_only: bool = False

    @property
    def in_loop(self) -> bool:
        """Whether it runs in a loop of asyncio."""
        return self.load in ("use_aiokafka", "use_confluent_kafka_aio", "use_pykafka_aio")

    @property
    def script(self) -> Path:
        """The load's program."""
        return _LOADS / f"{self.load}.py"


CLIENTS = (
    Client("confluent_kafka", "confluent_kafka", "use_confluent_kafka", recipe="python-confluent-kafka"),
    Client("pykafka_rdkafka", "pykafka with rdkafka", "use_pykafka", mode="rdkafka", recipe="pykafka"),
    Client("pykafka", "pykafka", "use_pykafka", mode="pure", recipe="pykafka"),
    Client("pykafka_aio_rdkafka", "pykafka.aio with rdkafka", "use_pykafka_aio", mode="rdkafka-many", recipe="pykafka"),
    Client(
        "pykafka_aio_rdkafka_each",
        "pykafka.aio with rdkafka, one by one",
        "use_pykafka_aio",
        mode="rdkafka-each",
        recipe="pykafka",
    ),
    Client("pykafka_aio", "pykafka.aio", "use_pykafka_aio", mode="pure-many", recipe="pykafka"),
    Client("confluent_kafka_aio", "confluent_kafka.aio", "use_confluent_kafka_aio", recipe="python-confluent-kafka"),
    Client(
        "confluent_kafka_aio_each",
        "confluent_kafka.aio, one by one",
        "use_confluent_kafka_aio",
        mode="each",
        recipe="python-confluent-kafka",
    ),
    Client("kafka_python", "kafka-python", "use_kafka_python", recipe="kafka-python"),
    Client(  # without this optional package, its checksums are made in Python
        "kafka_python_crc32c", "kafka-python with crc32c", "use_kafka_python", recipe="kafka-python", wheel="crc32c"
    ),
    Client(
        "confluent_kafka_wheel",
        "confluent_kafka (PyPI wheel)",
        "use_confluent_kafka",
        wheel="confluent-kafka=={version}",
    ),
    Client(
        "confluent_kafka_aio_wheel",
        "confluent_kafka.aio (PyPI wheel)",
        "use_confluent_kafka_aio",
        wheel="confluent-kafka=={version}",
    ),
    Client(
        "confluent_kafka_aio_newest",
        "confluent_kafka.aio (PyPI, newest)",
        "use_confluent_kafka_aio",
        wheel="confluent-kafka",
    ),
    Client("aiokafka", "aiokafka (PyPI wheel)", "use_aiokafka", wheel="aiokafka[lz4,snappy,zstd]>=0.12"),
    Client(
        "dask_kafka_ranges",
        "dask-kafka-ranges, 2 processes",
        "use_dask_kafka_ranges",
        recipe="dask-kafka-ranges",
        directions=("consume",),
        named_only=True,
    ),
    Client(CEILING, "rdkafka_performance (C)", "use_rdkafka_performance", recipe="librdkafka"),
)
BY_ID = {client.id: client for client in CLIENTS}


@dataclass(frozen=True, slots=True)
class Ready:
    """A client that can be run: its interpreter, its environment variables and what is installed, or why it cannot."""

    client: Client
    python: Path | None = None
    variables: Mapping[str, str] = field(default_factory=dict)
    installed: tuple[str, ...] = ()
    error: str | None = None
    program: str = ""


@contextlib.contextmanager
def ready(
    clients: Sequence[Client], built: Built, *, root: Path, output: Path, python: str, cache: Cache, progress: Progress
) -> Iterator[list[Ready]]:
    """Make a fresh environment for every client; they are gone when the block ends.

    A client whose environment cannot be made is handed over with the reason: it gets its rows all the same.

    Args:
        clients: what to make ready.
        built: the artifacts of all recipes that these clients need.
        root: the checkout.
        output: the channel that the artifacts stand in.
        python: such as ``3.12``, for every client.
        cache: the cache.
        progress: who listens.
    """
    with contextlib.ExitStack() as stack:
        made: dict[str, Environment | ForgeError] = {}
        for artifact in built.artifacts:
            made[artifact.cell.recipe] = _install(stack, artifact, built, root, output, python, cache, progress)
        handed = []
        for client in clients:
            base = made[client.recipe or "python-confluent-kafka"]
            if client.id == CEILING:
                handed.append(_of_ceiling(stack, client, base, built, root, cache, progress))
                continue
            handed.append(_of_wheel(stack, client, base, progress) if client.wheel else _of_artifact(client, base))
        yield handed


def recipes_for(clients: Sequence[Client]) -> tuple[str, ...]:
    """Return the recipes whose artifacts these clients need; wheels need confluent-kafka's for its Python."""
    return tuple(dict.fromkeys(client.recipe or "python-confluent-kafka" for client in clients))


def _install(
    stack: contextlib.ExitStack,
    artifact: Artifact,
    built: Built,
    root: Path,
    output: Path,
    python: str,
    cache: Cache,
    progress: Progress,
) -> Environment | ForgeError:
    contract = load_contract(root / "recipes" / artifact.cell.recipe / "contract.yaml", python=python)
    surroundings = contract.environment.model_copy(update={"python": python})
    contract = contract.model_copy(update={"environment": surroundings})
    channels = [output.as_uri(), built.base.channel]
    try:
        return stack.enter_context(
            environment.fresh(artifact, contract, channels=channels, cache=cache, progress=progress)
        )
    except ForgeError as error:
        return error


def _of_artifact(client: Client, made: Environment | ForgeError) -> Ready:
    if isinstance(made, ForgeError):
        return Ready(client, error=_reason(made))
    installed = tuple(f"{package.name} {package.version} {package.build}" for package in made.packages)
    return Ready(client, made.python, activation.variables(made), installed)


def _of_ceiling(
    stack: contextlib.ExitStack,
    client: Client,
    made: Environment | ForgeError,
    built: Built,
    root: Path,
    cache: Cache,
    progress: Progress,
) -> Ready:
    """Compile the program; the toolkit's own Python only starts it."""
    if isinstance(made, ForgeError):
        return Ready(client, error=_reason(made))
    room = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="kafka-forge-ceiling-")))
    try:
        program = ceiling.compiled(made, built.base, room, root=root, cache=cache, progress=progress)
    except ForgeError as error:
        return Ready(client, error=_reason(error))
    ready_made = _of_artifact(client, made)
    return replace(ready_made, python=Path(sys.executable), program=str(program))


def _of_wheel(
    stack: contextlib.ExitStack, client: Client, beside: Environment | ForgeError, progress: Progress
) -> Ready:
    """Make a virtual environment with the same Python as the artifacts', and let pip install the wheel into it.

    An artifact that the wheel stands beside can be seen from within.
    """
    if isinstance(beside, ForgeError):
        return Ready(client, error=_reason(beside))
    room = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="kafka-forge-wheel-")))
    requirement = (client.wheel or "").format(version=beside.artifact.cell.version)
    try:
        python = _pip_install(room, requirement, beside, progress, shared=client.recipe is not None)
    except ForgeError as error:
        return Ready(client, error=_reason(error))
    listed = processes.run([*wheels.PIP, python, "freeze"], environment=wheels.plain_variables(), timeout=_PIP_SECONDS)
    return Ready(client, python, activation.variables(beside), tuple(listed.output.decode().splitlines()))


def _pip_install(room: Path, requirement: str, beside: Environment, progress: Progress, *, shared: bool) -> Path:
    """Return the interpreter of a virtual environment in ``room``; raise InstallFailed."""
    log, python = room / "log", room / "venv" / "bin" / "python"
    sharing = ["--system-site-packages"] if shared else []
    quiet = ["--quiet", "--disable-pip-version-check", "--only-binary", ":all:"]
    with progress.task(f"install {requirement} by pip"):
        for command in (
            [str(beside.python), "-m", "venv", "--without-pip", *sharing, str(room / "venv")],
            [*wheels.PIP, str(python), "install", *quiet, requirement],
        ):
            done = processes.run(command, log=log, environment=wheels.plain_variables(), timeout=_PIP_SECONDS)
            if done.returncode:
                raise InstallFailed(
                    f"pip cannot install {requirement}",
                    details=tail(log),
                    todo="see pip's message; check the network and pip's settings.",
                )
    return python


def _reason(error: ForgeError) -> str:
    return f"{error.what}: {' / '.join(error.details[-2:])}" if error.details else error.what
