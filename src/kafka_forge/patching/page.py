"""A page about a recipe's patches, made of their headers: ``docs/RECIPE.md``."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from kafka_forge.errors import Differs
from kafka_forge.ground.files import write_text_atomic
from kafka_forge.patching import explaining, references, source

if TYPE_CHECKING:
    from pathlib import Path

    from kafka_forge.patching.explaining import Explained

_SPECIAL = re.compile(r"(`[^`]*`)|([\\*<>\[\]|]|(?<!\w)_|_(?!\w))")
_BLOCK = re.compile(r"^(\s*)([#>+-]|\d+[.)])(?=\s|#)")


def path_of(root: Path, recipe: str) -> Path:
    """Return where a recipe's page is, or would be."""
    return root / "docs" / f"{recipe}.md"


def render(root: Path, recipe: str) -> str:
    """Return the page of a recipe's patches, in Markdown.

    Raises:
        UnknownRecipe, RecipeInvalid: as `opening.load`.
    """
    found = explaining.all_of(root, recipe)
    _, version = source.asked_for(recipe, root)
    lines = [
        f"# What is mended in {recipe} {version}",
        "",
        "One patch. It names the tests that fail without it."
        if len(found) == 1
        else f"{len(found)} patches, applied in this order. Each names the tests that fail without it.",
        f"`kafka-forge patches page {recipe}` makes this page out of their headers,",
        f"`kafka-forge patches open {recipe} DIR` a git repository of the patches, one commit each.",
        "",
        "*Since* says which version of something else broke it, where there is one. The rest has been so in",
        f"{recipe} {version} from the beginning.",
        "",
        "| | what the patch does | since | answers |",
        "|---:|---|---|---|",
        *(_row(each) for each in found),
    ]
    for each in found:
        lines += ["", *_section(each, recipe)]
    return "\n".join(lines) + "\n"


def write(root: Path, recipe: str) -> bool:
    """Write the page where it differs; return whether it did."""
    text = render(root, recipe)
    path = path_of(root, recipe)
    if path.is_file() and path.read_text(encoding="utf-8") == text:
        return False
    write_text_atomic(path, text)
    return True


def check(root: Path, recipe: str) -> None:
    """Make sure that the page is what the headers say.

    Raises:
        Differs: it is not.
    """
    path = path_of(root, recipe)
    if not path.is_file() or path.read_text(encoding="utf-8") != render(root, recipe):
        raise Differs(
            f"the page of {recipe}'s patches is not what their headers say",
            where=str(path),
            todo=f"`kafka-forge patches page {recipe}` writes it.",
        )


def _row(each: Explained) -> str:
    message = each.message
    cells = [
        f"[{each.number}](#{each.number})",
        _inline(message.subject),
        _inline(" ".join(message.since.split())),
        linked(" ".join(message.answers.split())),
    ]
    return f"| {' | '.join(cells)} |"


def _section(each: Explained, recipe: str) -> list[str]:
    message = each.message
    lines = [f'## <a id="{each.number}"></a>{each.number}. {_inline(message.subject)}', ""]
    if message.why:
        lines += [*(_escaped(line) for line in message.why.splitlines()), ""]
    if message.answers:
        lines.append(f"- answers: {linked(' '.join(message.answers.split()))}")
    if message.since:
        lines.append(f"- since: {linked(' '.join(message.since.split()))}")
    lines += [f"- test: {_test(test)}" for test in message.tests]
    files = ", ".join(f"`{change.file}` {_size(change.kind, change.added, change.removed)}" for change in each.files)
    lines.append(
        f"- patch: [{each.name.rpartition('/')[2]}](../recipes/{recipe}/{each.name}), {each.lines} lines: {files}"
    )
    return lines


def _size(kind: str, added: int, removed: int) -> str:
    if kind == "new":
        return f"(new, {added})"
    return "(gone)" if kind == "gone" else f"(+{added} −{removed})"


def _test(test: str) -> str:
    path, _, function = test.partition("::")
    return f"[`{function}`](../{path})"


def linked(text: str) -> str:
    """Return references as links: issues of GitHub, where a repository stays named for those after it, KAFKA-, RFC.

    >>> linked("a/b#1, #2; KAFKA-3; after c/d#4")
    '[a/b#1](https://github.com/a/b/issues/1), [#2](https://github.com/a/b/issues/2); \
[KAFKA-3](https://issues.apache.org/jira/browse/KAFKA-3); after [c/d#4](https://github.com/c/d/issues/4)'
    """
    made: list[str] = []
    at = 0
    for begin, end, address in references.found_in(text):
        label = text[begin:end]
        made += [_inline(text[at:begin]), f"[{label}]({address})" if address else label]
        at = end
    return "".join([*made, _inline(text[at:])])


def _inline(text: str) -> str:
    """Text in which Markdown finds nothing of its own but code."""
    return _SPECIAL.sub(lambda found: found[1] or f"\\{found[2]}", text)


def _escaped(line: str) -> str:
    """A line that begins no list, heading or quotation either."""
    return _BLOCK.sub(lambda found: f"{found[1]}{found[2][:-1]}\\{found[2][-1]}", _inline(line))
