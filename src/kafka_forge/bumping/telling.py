"""What a bump has done or would do, in words and as JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kafka_forge.bumping.bump import Bumped, Moved
    from kafka_forge.bumping.choosing import Choice


def lines(done: Bumped, *, dry_run: bool) -> Iterator[str]:
    """Give the lines: where each recipe goes or has gone, and what is in the way of newer versions."""
    moved = {each.choice.member.recipe: each for each in done.moved}
    width = max((len(choice.member.recipe) for choice in done.choices), default=0)
    for choice in done.choices:
        yield f"{choice.member.recipe:<{width}}  {_way(choice, dry_run=dry_run)}"
        if each := moved.get(choice.member.recipe):
            yield from (f"{'':<{width}}  {line}" for line in _about(each))
        if choice.ways:
            yield f"{'':<{width}}  in the way:"
            yield from (f"{'':<{width}}  - {line}" for line in choice.ways)
    for name in done.risen:
        yield f"{name}: built on one of these, so its build number has risen"
    age = max((told.age for choice in done.choices for told in choice.told), default=0.0)
    if age >= 1:
        yield f"as told up to {age / 60:.0f} minutes ago; --fresh asks again"
    if done.files:
        yield f"{len(done.files)} files changed, built and proven; `git diff` shows them"
        tests = [test for each in done.moved if each.saved for test in each.saved.tests]
        if tests:
            names = " ".join(dict.fromkeys(tests))
            yield f"next, for the changed patches: `kafka-forge test --only integration {names}`"
    elif not any(choice.moves for choice in done.choices):
        yield "nothing to change: each recipe is at the newest version that can be had"


def _way(choice: Choice, *, dry_run: bool) -> str:
    member = choice.member
    if member.source is None:
        return f"{member.version}  its source is here"
    if choice.moves:
        return f"{member.version} → {choice.target}" + ("  (would go)" if dry_run else "")
    newest = choice.newest
    return f"{member.version}  stays" + (f"; upstream has {newest}" if newest not in {"", member.version} else "")


def _about(moved: Moved) -> Iterator[str]:
    yield f"sha256 {moved.archive.sha256}, by {moved.archive.where}"
    if saved := moved.saved:
        touched = len({*saved.changed, *saved.adjusted})
        yield f"{saved.total} patches, {touched} of them adjusted"
    for subject in moved.dropped:
        yield f"dropped, as upstream has it: {subject}"


def as_json(done: Bumped, *, dry_run: bool) -> dict[str, Any]:
    """Return the same as JSON."""
    moved = {each.choice.member.recipe: each for each in done.moved}
    return {
        "dry_run": dry_run,
        "recipes": [_row(choice, moved.get(choice.member.recipe)) for choice in done.choices],
        "risen": list(done.risen),
        "files": list(done.files),
    }


def _row(choice: Choice, moved: Moved | None) -> dict[str, Any]:
    return {
        "recipe": choice.member.recipe,
        "from": choice.member.version,
        "to": choice.target,
        "newest": choice.newest or None,
        "in_the_way": list(choice.ways),
        "told": [{"place": told.feed.where, "says": told.line, "age": round(told.age, 1)} for told in choice.told],
        "sha256": moved.archive.sha256 if moved else None,
        "by": moved.archive.where if moved else None,
        "dropped": list(moved.dropped) if moved else [],
    }
