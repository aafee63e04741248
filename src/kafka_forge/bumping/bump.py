"""The transaction: all is tried in a draft, built and proven there; then the checkout gets it, or stays as it was."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from typing import TYPE_CHECKING

from kafka_forge.bumping import choosing, drafts, obtaining, patches
from kafka_forge.bumping import family as families
from kafka_forge.errors import ForgeError, VerdictsNotGreen
from kafka_forge.ground.cleaning import using
from kafka_forge.ground.files import Store, explain_os_errors

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from kafka_forge.bumping.answers import Answers
    from kafka_forge.bumping.choosing import Choice
    from kafka_forge.bumping.family import Family
    from kafka_forge.bumping.obtaining import Archive
    from kafka_forge.examining.reporting import Verified
    from kafka_forge.ground.paths import Cache
    from kafka_forge.ground.progress import Progress
    from kafka_forge.patching.saving import Saved


@dataclass(frozen=True, slots=True)
class Moved:
    """A recipe that has moved.

    Attributes:
        choice: from where to where.
        archive: what it names now.
        saved: what became of its patches; None where it has none.
        dropped: subjects of patches that the new version has already.
    """

    choice: Choice
    archive: Archive
    saved: Saved | None
    dropped: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Bumped:
    """What a bump has done.

    Attributes:
        choices: every recipe that was looked at.
        moved: those that moved.
        risen: those that are built on one of them, whose build numbers have risen.
        files: what has changed of the checkout.
        verified: the proof; None where nothing moved.
    """

    choices: tuple[Choice, ...]
    moved: tuple[Moved, ...] = ()
    risen: tuple[str, ...] = ()
    files: tuple[str, ...] = ()
    verified: Verified | None = None


@dataclass(frozen=True, slots=True)
class Proof:
    """How it is proven: what `verify` takes."""

    platforms: tuple[str, ...]
    pythons: tuple[str, ...]
    base: str
    brokers: tuple[str, ...]
    jobs: int
    output: Path


def bump(
    names: Sequence[str],
    to: str | None,
    root: Path,
    answers: Answers,
    proof: Proof | None,
    cache: Cache,
    progress: Progress,
) -> Bumped:
    """Bring recipes to upstream's newest versions, prove them, and change the checkout: all of it, or nothing.

    Args:
        names: the recipes that may move; none is all.
        to: the version that they go to; None for the newest that can be had and is in step.
        root: the checkout.
        answers: what places have told; ask anew for this.
        proof: how the draft is built and verified; None leaves that out.
        cache: where sources and drafts are.
        progress: told what is done.

    Raises:
        TreeChanged: not everything is committed, before or after.
        UnknownRecipe, UnknownVersion, OutOfStep, AnswerInvalid: as `choosing.choose`.
        ChecksumMismatch, SourceUnreachable: as `obtaining`.
        PatchConflicts: as `patches.put_on`.
        VerdictsNotGreen: a check fails; its report stands beside the channel.
        ForgeError: whatever else stops a build. In all of these cases the checkout is as it was.
    """
    drafts.must_be_clean(root)
    family = families.load(root)
    choices = choosing.choose(family, names, to, root, answers, progress)
    store = Store(cache.store)
    for choice in choices:
        again = choice.target == to == choice.member.version
        archive = obtaining.obtain(choice, choice.target, answers, store, progress) if again and choice.told else None
        obtaining.must_be_unchanged(choice, archive)
    moving = [choice for choice in choices if choice.moves]
    if not moving:
        return Bumped(choices)
    with using(cache), drafts.of(root, cache) as draft:
        # first all archives, then all patches: what stops it is told before anything takes long
        archives = [obtaining.obtain(choice, choice.target, answers, store, progress) for choice in moving]
        moved = _written(moving, archives, root, draft, cache, progress)
        risen = drafts.follow(draft, family, {each.choice.member.recipe: each.choice.target for each in moved})
        drafts.pages(draft, family)
        files = drafts.differing(root, draft)
        verified = _prove(draft, _concerned(family, moved), proof, cache, progress) if proof else None
        drafts.take(root, files)
        if proof:
            _hand_over(draft, proof.output)
    return Bumped(choices, moved, risen, tuple(files), verified)


def _written(
    moving: Sequence[Choice], archives: Sequence[Archive], root: Path, draft: Path, cache: Cache, progress: Progress
) -> tuple[Moved, ...]:
    queues = [
        patches.put_on(choice.member, archive, root, cache, progress)
        for choice, archive in zip(moving, archives, strict=True)
    ]
    moved = []
    for choice, archive, queue in zip(moving, archives, queues, strict=True):
        drafts.put(draft, choice.member, archive)
        saved = patches.write_back(queue, choice.member, draft, cache, progress)
        moved.append(Moved(choice, archive, saved, queue.dropped))
    return tuple(moved)


def _concerned(family: Family, moved: Sequence[Moved]) -> tuple[str, ...]:
    """Return the recipes that are to be proven: what moved, and what is built or runs on it."""
    found = {each.choice.member.package for each in moved}
    names = []
    for name, member in family.items():  # each after those that it asks for
        if member.package in found or (member.host | member.run) & found:
            found.add(member.package)
            names.append(name)
    return tuple(names)


def _prove(draft: Path, recipes: tuple[str, ...], proof: Proof, cache: Cache, progress: Progress) -> Verified:
    from kafka_forge.building import build
    from kafka_forge.examining import verify
    from kafka_forge.values.selection import Selection

    output = draft / "output"
    build.hand_over(proof.output, output)
    try:
        verified = verify.verify(
            Selection(recipes, proof.platforms, proof.pythons),
            root=draft,
            base=proof.base,
            brokers=proof.brokers,
            output=output,
            cache=cache,
            jobs=proof.jobs,
            progress=progress,
        )
    except ForgeError as error:
        raise type(error)(
            error.what, where=_kept(error.where, output, proof.output), details=error.details, todo=error.todo
        ) from error
    if verified.faults or verified.report.verdict == "fail":
        where = proof.output / "bump" / "report.json"
        _keep(output / "report.json", where)
        _keep(output / "report.html", where.with_name("report.html"))
        raise VerdictsNotGreen(
            "what it would come to is not proven; nothing was changed",
            where=str(where),
            details=_failures(verified),
            todo="these checks are what is in the way; `kafka-forge report show CELL --report` has their evidence.",
        )
    return verified


def _failures(verified: Verified) -> list[str]:
    lines = [f"{fault.code}: {fault.what}" for fault in verified.faults]
    for artifact in verified.report.artifacts:
        cell = " ".join(filter(None, (artifact.recipe, artifact.version, artifact.platform, artifact.python)))
        lines += [
            f"{cell}: {check.id}" + (f" on {check.broker}" if check.broker else "") + f": {check.summary}"
            for check in artifact.checks
            if check.verdict == "fail" and check.because is None
        ]
    return lines


def _kept(where: str | None, output: Path, target: Path) -> str | None:
    """Keep a log that an error names, for its folder goes; return where it is then."""
    if not where or not where.startswith(str(output)):
        return where
    kept = target / "bump" / where.removeprefix(str(output)).lstrip("/")
    _keep(output / kept.relative_to(target / "bump"), kept)
    return str(kept)


def _keep(file: Path, target: Path) -> None:
    with explain_os_errors(target.parent):
        target.parent.mkdir(parents=True, exist_ok=True)
        if file.is_file():
            shutil.copyfile(file, target)


def _hand_over(draft: Path, output: Path) -> None:
    from kafka_forge.building import build
    from kafka_forge.channels import channel

    build.hand_over(draft / "output", output)
    for name in ("report.json", "report.html"):
        _keep(draft / "output" / name, output / name)
    channel.index(output)
