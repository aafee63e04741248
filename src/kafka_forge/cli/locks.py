"""``kafka-forge locks``."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import click

from kafka_forge.cli.options import echo_json, json_option

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kafka_forge.locks.looking import Looked


@click.group(short_help="Ask whether what is locked can still be had; renew the project's own lock.")
def command() -> None:
    """Ask whether what is locked can still be had; renew the project's own lock."""


@command.command()
@click.option("--keep", is_flag=True, help="Versions that are locked stay where pyproject.toml allows them.")
def environment(*, keep: bool) -> None:
    """Lock the newest versions of what the toolkit and its tests need, for every Python (requirements/*.txt)."""
    from kafka_forge.ground.paths import project_root
    from kafka_forge.locks import environment as locks
    from kafka_forge.report import terminal

    root = project_root()
    with terminal.progress_for().shown() as progress:
        changed = locks.renew(root, progress, keep=keep)
    for path in changed:
        click.echo(f"written: {path.relative_to(root).as_posix()}")
    if not changed:
        click.echo("the locks are as they would be made now")


@command.command()
@click.argument("words", nargs=-1, metavar="[WORD]...")
@json_option
def check(words: Sequence[str], *, as_json: bool) -> None:
    """Ask for every locked file, or those whose lock or name has a WORD in it, whether some place has it.

    Nothing is fetched whole. Exit status 23 if a file can be had nowhere any more, 20 if nobody answered for one.
    """
    from kafka_forge.ground.paths import Cache, project_root
    from kafka_forge.locks import listing, looking
    from kafka_forge.report import terminal

    files = listing.everything(project_root(), Cache.default())
    wanted = [each for each in files if not words or any(word in f"{each.lock} {each.source.name}" for word in words)]
    with terminal.progress_for().shown() as progress:
        looked = looking.look(wanted, progress)
    if as_json:
        echo_json([_row(each) for each in looked])
    else:
        _show(looked)
    _judge(looked)


def _row(looked: Looked) -> dict[str, object]:
    return {
        "lock": looked.locked.lock,
        "name": looked.locked.source.name,
        "sha256": looked.locked.source.sha256,
        "serves": looked.locked.serves,
        "state": looked.state,
        "places": [
            {"where": each.where, "there": each.there, "heard": each.heard, "said": each.said}
            for each in looked.answers
        ],
    }


def _show(looked: Sequence[Looked]) -> None:
    """Print a line for each lock, and one for each file that is not simply there."""
    states = {lock: Counter(each.state for each in looked if each.locked.lock == lock) for lock in _locks(looked)}
    for lock, counted in states.items():
        counts = ", ".join(f"{counted[state]} {state}" for state in ("there", "gone", "unknown") if counted[state])
        click.echo(f"{lock:<56} {counts}")
    for each in looked:
        if each.state != "there":
            serves = f" ({each.locked.serves})" if each.locked.serves else ""
            click.echo(f"{each.state}: {each.locked.source.name}{serves}")


def _locks(looked: Sequence[Looked]) -> list[str]:
    return list(dict.fromkeys(each.locked.lock for each in looked))


def _judge(looked: Sequence[Looked]) -> None:
    from kafka_forge.errors import LockGone, NothingSelected, SourceUnreachable

    if not looked:
        raise NothingSelected("no locked file has one of these words", todo="name a part of a lock or of a file.")
    for state, error, what, todo in (
        (
            "gone",
            LockGone,
            "can be had nowhere any more",
            "lock what there is now; CONTRIBUTING.md, under Locks, says how.",
        ),
        ("unknown", SourceUnreachable, "could not be asked for everywhere", "run again where these places answer."),
    ):
        found = [each for each in looked if each.state == state]
        if found:
            raise error(
                f"{len(found)} of {len(looked)} locked files {what}",
                where=", ".join(_locks(found)),
                details=[f"{one.where}: {one.said}" for each in found for one in each.answers],
                todo=todo,
            )
