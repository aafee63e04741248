"""The archive of a version, whose sha256 nobody has written down yet: from whoever told of the version."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from kafka_forge.errors import ChecksumMismatch, SourceUnreachable
from kafka_forge.ground.files import explain_os_errors, sha256_of
from kafka_forge.sources import NotObtainedError

if TYPE_CHECKING:
    from kafka_forge.bumping.answers import Answers
    from kafka_forge.bumping.choosing import Choice, Told
    from kafka_forge.ground.files import Store
    from kafka_forge.ground.progress import Progress


@dataclass(frozen=True, slots=True)
class Archive:
    """A version's archive.

    Attributes:
        version: which.
        sha256: its sum, which the recipe is to name.
        path: the stored file.
        where: who gave it.
        name: its file's name.
    """

    version: str
    sha256: str
    path: Path
    where: str
    name: str


def obtain(choice: Choice, version: str, answers: Answers, store: Store, progress: Progress) -> Archive:
    """Return the archive of a version.

    Args:
        choice: the recipe, and who told of which version.
        version: which.
        answers: where the sum of an archive that was obtained lately is known from.
        store: where it is kept.
        progress: told what is fetched.

    Raises:
        ChecksumMismatch: the bytes are not those that the index states.
        SourceUnreachable: nobody who told of it gives it; ``details`` has each place and its answer.
    """
    fetched: dict[str, Path] = {}

    def fetch() -> dict[str, str]:
        sha256, path, where, name = _fetch(choice, version, store, progress)
        fetched[sha256] = path
        return {"sha256": sha256, "where": where, "name": name}

    question = f"archive of {choice.member.recipe} {version} by {choice.member.feeds}"
    answer, _ = answers.ask(question, fetch)
    path = fetched.get(answer["sha256"]) or store.get(answer["sha256"])
    if path is None:  # the store has been cleaned since
        sha256, path, where, name = _fetch(choice, version, store, progress)
        answer = {"sha256": sha256, "where": where, "name": name}
    return Archive(version, answer["sha256"], path, answer["where"], answer["name"])


def _fetch(choice: Choice, version: str, store: Store, progress: Progress) -> tuple[str, Path, str, str]:
    recipe, answers = choice.member.recipe, []
    source = choice.member.source
    name = source.name.replace(choice.member.version, version) if source else recipe
    with explain_os_errors(store.root):
        store.root.mkdir(parents=True, exist_ok=True)
        room = tempfile.TemporaryDirectory(prefix=".version-", dir=store.root)
    with room, progress.task(f"{recipe} {version}") as task:
        for told in choice.told:
            if version not in told.versions:
                answers.append(told.line)
                continue
            provider, draft = told.feed.provider(version), Path(room.name) / "bytes"
            try:
                provider.fetch(draft, task)
                _must_be(told, version, draft)
                if provider.transform:
                    provider.transform.apply(draft)
            except NotObtainedError as error:
                answers.append(f"{provider.where}: {error}")
            except ValueError as error:
                answers.append(f"{provider.where}: its bytes cannot be turned into upstream's: {error}")
            else:
                sha256 = sha256_of(draft)
                return (
                    sha256,
                    store.get(sha256) or store.add(draft, sha256, origin=provider.where),
                    provider.where,
                    name,
                )
    raise SourceUnreachable(
        f"no place that can be reached from here has the archive of {recipe} {version}",
        details=answers,
        todo="run again where one of these answers, or name a version that can be had with --to.",
    )


def _must_be(told: Told, version: str, draft: Path) -> None:
    stated, found = told.versions[version], sha256_of(draft)
    if stated and stated != found:
        raise ChecksumMismatch(
            f"the archive of {version} is not the one that the index states; nothing was kept",
            where=told.feed.where,
            details=[f"stated sha256 {stated}", f"found  sha256 {found}"],
            todo="do not trust it; ask upstream, and try again when the index and its file agree.",
        )


def must_be_unchanged(choice: Choice, archive: Archive | None = None) -> None:
    """Make sure that the archive of the version that a recipe has is still the one that it names.

    Args:
        choice: the recipe, and what the places state.
        archive: what a place gives for that version, where it was fetched anew.

    Raises:
        ChecksumMismatch: upstream has exchanged it.
    """
    source = choice.member.source
    if source is None:
        return
    stated = {each.feed.where: each.versions.get(choice.member.version, "") for each in choice.told}
    if archive:
        stated[archive.where] = archive.sha256
    for where, sha256 in stated.items():
        if sha256 and sha256 != source.sha256:
            raise ChecksumMismatch(
                f"upstream has exchanged the archive of {choice.member.recipe} {choice.member.version}",
                where=where,
                details=[f"the recipe's sha256 {source.sha256}", f"upstream's   sha256 {sha256}"],
                todo="find out from upstream why, and look at what differs, before a recipe names the new one.",
            )
