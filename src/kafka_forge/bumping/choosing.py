"""Which version each recipe goes to, in step with the others, and what is in the way of those that are newer still."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from kafka_forge.bumping import family as families
from kafka_forge.bumping import versions
from kafka_forge.errors import OutOfStep, UnknownRecipe, UnknownVersion
from kafka_forge.sources import NotObtainedError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from kafka_forge.bumping.answers import Answers
    from kafka_forge.bumping.family import Family, Member
    from kafka_forge.bumping.feeds import Feed
    from kafka_forge.ground.progress import Progress


@dataclass(frozen=True, slots=True)
class Told:
    """What a place told of an upstream.

    Attributes:
        feed: the place.
        versions: version → stated sha256; releases only.
        silence: why it told nothing; empty where it did.
        age: of the answer, in seconds.
    """

    feed: Feed
    versions: dict[str, str]
    silence: str = ""
    age: float = 0.0

    @property
    def line(self) -> str:
        """In a line: the place and its newest version, or why there is none."""
        newest = max(self.versions, key=versions.key, default=None)
        return f"{self.feed.where}: {self.silence or f'newest {newest}' if newest or self.silence else 'no release'}"


@dataclass(frozen=True, slots=True)
class Choice:
    """A recipe's next version.

    Attributes:
        member: the recipe.
        told: who told what.
        target: where it goes; its own version where it stays.
        ways: what is in the way of newer versions, a line each.
    """

    member: Member
    told: tuple[Told, ...]
    target: str
    ways: tuple[str, ...] = ()

    @property
    def moves(self) -> bool:
        """Whether it goes anywhere."""
        return self.target != self.member.version

    @property
    def newest(self) -> str:
        """The newest version that anybody told of."""
        return max((version for each in self.told for version in each.versions), key=versions.key, default="")


def listen(member: Member, answers: Answers, progress: Progress) -> tuple[Told, ...]:
    """Ask the places of a recipe which versions there are.

    Raises:
        AnswerInvalid: one answers with what is no such answer.
    """
    told = []
    for feed in member.feeds:
        with progress.task(f"{member.recipe}: {feed.where}"):
            answer, age = answers.ask(f"versions of {feed}", lambda feed=feed: _asked(feed))  # type: ignore[misc]
        there = {version: sha256 for version, sha256 in answer["versions"].items() if versions.released(version)}
        told.append(Told(feed, there, answer["silence"], age))
    return tuple(told)


def _asked(feed: Feed) -> dict[str, object]:
    try:
        return {"versions": dict(feed.ask()), "silence": ""}
    except NotObtainedError as error:  # whoever is silent is not asked again at once, either
        return {"versions": {}, "silence": str(error)}


def choose(
    family: Family, names: Sequence[str], to: str | None, root: Path, answers: Answers, progress: Progress
) -> tuple[Choice, ...]:
    """Return where each recipe goes: to the newest version that can be had and is in step, or to the one named.

    Args:
        family: the recipes.
        names: those that may move; none is all.
        to: the version that they are to go to, up or down; None for the newest.
        root: the checkout.
        answers: what was told lately.
        progress: told who is asked.

    Raises:
        UnknownRecipe: there is no such recipe.
        UnknownVersion: nobody has the version that was named; ``details`` has each place and its answer.
        OutOfStep: with these versions, one of the recipes asks for what another is not.
        AnswerInvalid: as `listen`.
    """
    for name in names:
        if name not in family:
            raise UnknownRecipe(f"there is no recipe {name!r}", todo=f"name one of: {', '.join(sorted(family))}.")
    chosen: dict[str, str] = {member.package: member.version for member in family.values()}
    choices = []
    for name, member in family.items():
        if names and name not in names:
            continue
        choice = _choice(member, to, chosen, root, listen(member, answers, progress))
        chosen[member.package] = choice.target
        choices.append(choice)
    _must_be_in_step(family, chosen, root)
    return _told_of_others(choices)


def _choice(member: Member, to: str | None, chosen: dict[str, str], root: Path, told: tuple[Told, ...]) -> Choice:
    silent = tuple(each.line for each in told if each.silence)
    if to == member.version:
        return Choice(member, told, to)
    there = {version for each in told for version in each.versions}
    if to is not None:
        if to not in there:
            raise UnknownVersion(
                f"nobody has {member.recipe} {to}",
                details=[each.line for each in told] or ["the recipe names no place that tells of versions"],
                todo="name a version that is there, or try again where the silent places answer.",
            )
        return Choice(member, told, to)
    newer = sorted(
        (each for each in there if versions.key(each) > versions.key(member.version)), key=versions.key, reverse=True
    )
    ways: list[str] = []
    for version in newer:
        if lacking := _lacking(member, version, chosen, root):
            ways += [f"{version} asks for {spec}, and {name} is {have}" for name, spec, have in lacking]
        else:
            return Choice(member, told, version, (*ways, *silent))
    return Choice(member, told, member.version, (*ways, *silent))


def _lacking(member: Member, version: str, chosen: dict[str, str], root: Path) -> list[tuple[str, str, str]]:
    """Return (package, match spec, version) of the family's packages that do not fit a recipe at a version."""
    asked = families.asked_of(member, version, root)
    return [
        (name, spec, chosen[name])
        for name, specs in asked.items()
        if name in chosen and name != member.package
        for spec in specs
        if not families.admits(spec, chosen[name])
    ]


def _must_be_in_step(family: Family, chosen: dict[str, str], root: Path) -> None:
    wrong = []
    for member in family.values():
        version = chosen[member.package]
        if version == member.version and all(
            chosen[other.package] == other.version for other in family.values() if other.package in member.host
        ):
            continue  # it stands as it stood, on what it stood on
        for name, spec, have in _lacking(member, version, chosen, root):
            wrong.append(f"{member.recipe} {version} asks for {spec}, and {name} would be {have}")
    if wrong:
        raise OutOfStep(
            "the recipes would not be in step",
            details=wrong,
            todo="name these recipes together, or another version: a client needs a library no older than itself.",
        )


def _told_of_others(choices: list[Choice]) -> tuple[Choice, ...]:
    """Say beside what waits for another recipe why that one does not come along."""
    by_package = {choice.member.package: choice for choice in choices}
    found = []
    for choice in choices:
        ways = list(choice.ways)
        for package, other in by_package.items():
            if any(f", and {package} is " in way for way in choice.ways):
                ways += [f"of {package}, {each.line}" for each in other.told]
        found.append(Choice(choice.member, choice.told, choice.target, tuple(ways)))
    return tuple(found)
