"""Headers of patches, and the list of them in a recipe: read, written, and changed without losing a word."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kafka_forge.errors import QueueInvalid, RecipeInvalid
from kafka_forge.patching import recipe_list
from kafka_forge.patching.headers import read_message
from kafka_forge.patching.mails import as_message, author_of, head_of, message_of, slug
from kafka_forge.patching.patch import parse

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

_words = st.text(st.characters(codec="utf-8", exclude_categories=("C", "Z")), min_size=1, max_size=9)
_lines = st.lists(_words, min_size=1, max_size=6).map(" ".join)


@given(_lines.filter(lambda line: not line.startswith("[")), st.lists(_lines, max_size=5), _words)
def test_a_header_that_is_written_is_read_back(subject: str, body: list[str], name: str) -> None:
    message = as_message(subject, "\n\n".join(body))
    head = head_of(f"{name} <a@b>", message)
    if "=?" not in head:
        assert (message_of(head, "x.patch"), author_of(head)) == (message, f"{name} <a@b>")
    if "---" not in body:
        data = head.encode() + b"---\n a | 1 +\n\ndiff --git a/a b/a\n@@ -0,0 +1 @@\n+x\n"
        found = parse("x.patch", data)
        assert (found.head, found.diff, found.mail) == (head, data[data.index(b"diff --git") :], True)


def test_a_folded_and_an_encoded_subject_are_read() -> None:
    head = "From 0000000000000000000000000000000000000000 Mon Sep 17 00:00:00 2001\nFrom: =?UTF-8?q?J=C3=B6?= <j@x>\n"
    head += "Date: today\nSubject: [PATCH 2/3] =?UTF-8?q?Gr=C3=BC=C3=9Fe?=\n and more\n\nbody\n"
    assert message_of(head, "x.patch") == "Grüße and more\n\nbody\n"
    assert author_of(head) == "Jö <j@x>"


def test_words_without_a_mail_are_the_message_and_no_words_the_files_name() -> None:
    assert message_of("What it does\n\nand why\n", "0001-x.patch") == "What it does\n\nand why\n"
    assert message_of("", "patches/0001-x.patch") == "0001-x\n"
    assert author_of("What it does\n") is None


def test_fields_run_over_lines_and_end_at_an_empty_one() -> None:
    found = read_message(
        "S\n\nWhy: so.\n\nAnswers: a/b#1,\n#2\nSince: Kafka 4.0\n(KIP-896)\nTest: t.py::f\nTest: t.py::g\n"
    )
    assert (found.why, found.answers) == ("Why: so.", "a/b#1,\n#2")
    assert (found.since, found.tests) == ("Kafka 4.0\n(KIP-896)", ("t.py::f", "t.py::g"))


def test_a_subject_makes_a_files_name() -> None:
    assert slug("Don't wait, for `x`") == "dont-wait-for-x"
    assert slug("…") == "patch"


HEAD = """\
# of the recipe
source:
  url: https://example.org/x-1.tar.gz
  sha256: abc   # the sum
"""
TAIL = """\
build:
  number: 0   # not yet
"""


def changed(tmp_path: Path, block: str, paths: Sequence[str], known: dict[str, str]) -> str:
    recipe = tmp_path / "recipe.yaml"
    recipe.write_text(HEAD + block + TAIL, encoding="utf-8")
    text = recipe_list.replaced(recipe, paths, known)
    assert text.startswith(HEAD)
    assert text.endswith(TAIL)
    recipe.write_text(text, encoding="utf-8")
    assert recipe_list.read(recipe) == list(paths)
    return text.removeprefix(HEAD).removesuffix(TAIL)


BLOCK = """\
  patches:
    # the first
    - p/1.patch   # one
    # of Windows
    - if: win
      then:
        # both
        - p/2.patch
        - "p/3.patch"
      else: p/4.patch

    - p/5.patch
    # the last
    - 'p/6.patch'
"""
ALL = [f"p/{number}.patch" for number in range(1, 7)]


def test_a_list_that_stays_is_not_touched(tmp_path: Path) -> None:
    assert changed(tmp_path, BLOCK, ALL, {path: path for path in ALL}) == BLOCK


def test_names_change_in_place_with_their_quotes_and_comments(tmp_path: Path) -> None:
    known = {path.replace("p/", "p/0"): path for path in ALL}
    assert changed(tmp_path, BLOCK, list(known), known) == BLOCK.replace("p/", "p/0")


def test_a_new_one_stands_where_it_belongs(tmp_path: Path) -> None:
    paths = ["n0", ALL[0], "n1", *ALL[1:4], "n2", *ALL[4:], "n3"]
    made = changed(tmp_path, BLOCK, paths, {path: path for path in ALL})
    lines = [line for line in made.splitlines(keepends=True) if "- n" not in line]
    assert "".join(lines) == BLOCK
    assert (
        made.index("- n1") < made.index("- if: win") < made.index("else: p/4") < made.index("- n2") < made.index("p/5")
    )


def test_what_goes_leaves_its_comments_and_conditions_their_form(tmp_path: Path) -> None:
    known = {path: path for path in (ALL[3], ALL[4])}
    made = changed(tmp_path, BLOCK, list(known), known)
    assert made == (
        "  patches:\n    # the first\n    # of Windows\n    - if: win\n      then: []\n        # both\n"
        "      else: p/4.patch\n\n    - p/5.patch\n    # the last\n"
    )
    made = changed(tmp_path, BLOCK, [ALL[1], ALL[5]], {path: path for path in (ALL[1], ALL[5])})
    assert "      else: []\n" in made
    assert '"p/3.patch"' not in made


def test_patches_under_one_condition_stay_together(tmp_path: Path) -> None:
    known = {path: path for path in ALL}
    with pytest.raises(QueueInvalid, match="under one condition"):
        changed(tmp_path, BLOCK, [*ALL[:2], "new", *ALL[2:]], known)
    with pytest.raises(QueueInvalid, match="under one condition"):
        changed(tmp_path, BLOCK, [ALL[0], ALL[2], ALL[1], *ALL[3:]], known)
    moved = [*ALL[4:], *ALL[1:4], ALL[0]]
    assert "    # of Windows\n    - if: win\n" in changed(tmp_path, BLOCK, moved, known)


@pytest.mark.parametrize(
    "block", ["", "  patches: []\n", "  patches: [p/1.patch, p/2.patch]\n", "  patches: p/1.patch\n"]
)
def test_every_spelling_becomes_a_list(tmp_path: Path, block: str) -> None:
    known = {"new/1": "p/1.patch"} if "1" in block else {}
    made = changed(tmp_path, block, ["new/1", "new/2"], known)
    assert made == "  patches:\n    - new/1\n    - new/2\n"
    assert changed(tmp_path, block, [], {}) == ("" if "1" in block else block)


def test_a_spelling_that_runs_over_lines_is_refused_with_its_line(tmp_path: Path) -> None:
    with pytest.raises(RecipeInvalid, match=r"recipe\.yaml:5"):
        changed(tmp_path, "  patches: [p/1.patch,\n    p/2.patch]\n", ["new"], {})


@given(data=st.data())
def test_whatever_stays_goes_or_comes_no_comment_is_lost(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    count = data.draw(st.integers(1, 8))
    old = [f"p/{number}.patch" for number in range(count)]
    block = "  patches:\n" + "".join(f"    # comment {path}\n    - {path}\n" for path in old)
    kept = data.draw(st.lists(st.sampled_from(old), unique=True))
    paths = [f"new/{path}" for path in kept]
    for number in range(data.draw(st.integers(0, 3))):
        paths.insert(data.draw(st.integers(0, len(paths))), f"fresh/{number}")
    made = changed(tmp_path_factory.mktemp("list"), block, paths, {f"new/{path}": path for path in kept})
    if paths:
        assert sorted(line for line in made.splitlines() if "#" in line) == sorted(
            f"    # comment {path}" for path in old
        )
