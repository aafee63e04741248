"""What ``audit`` and ``diff`` share: which packages are meant, where they come from, and how they are judged."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import click

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from typing import Any

    from kafka_forge.auditing.audit import Judging
    from kafka_forge.auditing.subjects import Request
    from kafka_forge.ground.paths import Cache
    from kafka_forge.ground.progress import Progress

F = TypeVar("F", bound="Callable[..., Any]")
RECIPE = "recipe:"
"""What the name of a recipe begins with whose built artifact is meant."""


@dataclass(frozen=True, slots=True)
class Asked:
    """The options; ``brokers`` is None where none is wanted."""

    channels: tuple[str, ...]
    override_channels: bool
    platform: str | None
    python: str
    contract: Path | None
    brokers: tuple[str, ...] | None
    base: str
    survive: bool = False


def subject_options(function: F) -> F:
    """Add ``--channel``, ``--override-channels``, ``--platform``, ``--python`` and ``--contract``."""
    options = (
        click.option(
            "--channel",
            "channels",
            multiple=True,
            metavar="URL|FOLDER",
            help="Where conda packages and what they need come from, before the base; may be repeated, the first "
            "first.",
        ),
        click.option(
            "--override-channels", is_flag=True, help="Take nothing from the base, as `conda install` has it."
        ),
        click.option("--platform", default=None, metavar="SUBDIR", help="The conda subdir.  [default: this machine's]"),
        click.option("--python", default="3.12", show_default=True, metavar="X.Y", help="The Python to try it with."),
        click.option(
            "--contract",
            type=click.Path(exists=True, dir_okay=False, path_type=Path),
            help="What the packages are held to.  [default: the contract of the recipe of that name]",
        ),
    )
    for option in reversed(options):
        function = option(function)
    return function


@contextlib.contextmanager
def ready(
    specs: Sequence[str], asked: Asked, output: Path, jobs: int
) -> Iterator[tuple[tuple[str, ...], Request, Judging]]:
    """Give the specs as `subjects.obtained` understands them, where they come from and how they are judged.

    Raises:
        UnknownBroker, UnsupportedMachine, PackageInvalid: told before anything is made or fetched.
        NotBuilt: a recipe that is named has not been built.
    """
    from kafka_forge import bases, platforms
    from kafka_forge.auditing import subjects
    from kafka_forge.auditing.audit import Judging
    from kafka_forge.brokers import choose
    from kafka_forge.ground.paths import Cache, project_root
    from kafka_forge.report import terminal

    cache, where = Cache.default(), asked.platform or platforms.current()
    names = choose(asked.brokers) if asked.brokers is not None else ()
    subjects.can_be_tried(specs, where)
    with terminal.progress_for().shown() as progress:
        chosen = bases.select(asked.base, where, cache, progress)
        own = (project_root() / "output").as_uri()
        channels = [*map(bases.url_of, asked.channels), *([own] if any(map(_is_recipe, specs)) else [])]
        searched = tuple(channels) + (() if asked.override_channels else (chosen.channel,))
        files = tuple(_built(each, asked, where, cache, progress) if _is_recipe(each) else each for each in specs)
        request = subjects.Request(searched, chosen.channel, where, asked.python, cache, progress)
        judging = Judging(project_root(), asked.contract, chosen, names, asked.survive, output, jobs)
        yield files, request, judging


def _is_recipe(spec: str) -> bool:
    return spec.startswith(RECIPE)


def _built(spec: str, asked: Asked, platform: str, cache: Cache, progress: Progress) -> str:
    """Return the file of a recipe's artifact as it stands in ``output/``, for the Python that was asked for."""
    from kafka_forge.cli._artifacts import built
    from kafka_forge.ground.paths import project_root
    from kafka_forge.values.selection import Selection

    root = project_root()
    selection = Selection(recipes=(spec.removeprefix(RECIPE),), platforms=(platform,), pythons=(asked.python,))
    found = built(selection, asked.base, root, root / "output", cache, progress)
    return str(found.artifacts[0].path)
