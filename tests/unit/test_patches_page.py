"""The page about a recipe's patches: it says what the headers say, and is not out of date."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from kafka_forge.cli import _run
from kafka_forge.errors import Differs
from kafka_forge.ground.paths import project_root
from kafka_forge.patching import explaining, page

from .patch_queue import Queue, made, message

if TYPE_CHECKING:
    from pathlib import Path


def test_the_page_of_pykafkas_patches_is_what_their_headers_say() -> None:
    page.check(project_root(), "pykafka")


def test_the_page_leads_to_files_that_are_there_and_to_each_patch_once() -> None:
    path = page.path_of(project_root(), "pykafka")
    text = path.read_text(encoding="utf-8")
    targets = re.findall(r"\]\((\.\./[^)]+)\)", text)
    assert [target for target in targets if not (path.parent / target).is_file()] == []
    patches = explaining.all_of(project_root(), "pykafka")
    assert re.findall(r'^## <a id="(\d+)">', text, re.MULTILINE) == [str(each.number) for each in patches]
    for each in patches:
        assert text.count(f"| [{each.number}](#{each.number}) | ") == 1
        assert all(f"`{test.partition('::')[2]}`" in text for test in each.message.tests)


def test_what_markdown_would_take_for_its_own_is_escaped(tmp_path: Path) -> None:
    queue = made(tmp_path, patched=False)
    queue.open()
    queue.edit("small/one.py", "3 = 'line 3'", "3 = 'three'")
    why = "- no list, `*code*` as __it__ is in a_b <not> | [x]\n# no heading\n1. no number"
    queue.git("commit", "-qam", message("Name *it*", since="Kafka 4.0").replace("It was wrong.", why))
    queue.save()
    text = page.render(queue.root, "small")
    assert '## <a id="1"></a>1. Name \\*it\\*\n' in text
    assert (
        "\\- no list, `*code*` as \\__it_\\_ is in a_b \\<not\\> \\| \\[x\\]\n\\# no heading\n1\\. no number\n" in text
    )
    assert "- answers: [a/b#1](https://github.com/a/b/issues/1), [#2](https://github.com/a/b/issues/2)\n" in text
    assert "- since: Kafka 4.0\n" in text
    assert "| [1](#1) | Name \\*it\\* | Kafka 4.0 | [a/b#1]" in text


def test_a_stale_page_is_found_and_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    queue = made(tmp_path)
    with pytest.raises(Differs, match="KF003"):
        page.check(queue.root, "small")
    assert page.write(queue.root, "small")
    assert not page.write(queue.root, "small")
    page.check(queue.root, "small")
    _save_by_command(queue, monkeypatch)
    page.check(queue.root, "small")
    assert "Name the middle, too" in page.path_of(queue.root, "small").read_text(encoding="utf-8")


def _save_by_command(queue: Queue, monkeypatch: pytest.MonkeyPatch) -> None:
    """Saving renews a page that is there."""
    monkeypatch.setenv("KAFKA_FORGE_ROOT", str(queue.root))
    monkeypatch.setenv("KAFKA_FORGE_CACHE", str(queue.cache.root))
    assert _run(["patches", "open", "small", str(queue.folder)], debug=True) == 0
    queue.git("commit", "-q", "--amend", "-m", message("Name the middle, too"))
    assert _run(["patches", "save", str(queue.folder)], debug=True) == 0
