"""A small family for `bump`, and its upstream: a library with tags, a client on the Python index, and who is built on
the library."""

from __future__ import annotations

import contextlib
import subprocess
from dataclasses import dataclass
from typing import TYPE_CHECKING

from kafka_forge.bumping import bump, looking
from kafka_forge.bumping.answers import Answers
from kafka_forge.ground.paths import Cache
from kafka_forge.ground.progress import Silent
from kafka_forge.sources import http, python_index
from kafka_forge.sources.python_index import PipSettings
from tests.unit.patch_queue import LINES, archive
from tests.upstreams import Upstreams, commit_all, serving

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import pytest

    from kafka_forge.bumping.choosing import Choice

LIBRARY = """\
schema_version: 1
context:
  version: "1.2.0"  # of the library
package:
  name: library
  version: ${{{{ version }}}}
source:
  # where it is
  url: {url}/maker/library/archive/refs/tags/v${{{{ version }}}}.tar.gz
  sha256: {sha256}
  patches:
    - patches/0001-mend-line-ten.patch
build:
  number: 104
about:
  license: MIT
"""
CLIENT = """\
schema_version: 1
context:
  version: "1.2.0"
  sum: {sha256}
package:
  name: client
  version: ${{{{ version }}}}
source:
  - url: https://nowhere.invalid/packages/source/c/client/client-${{{{ version }}}}.tar.gz
    sha256: ${{{{ sum }}}}
build:
  number: 3
requirements:
  host:
    # no older than itself
    - library >=${{{{ version }}}},<2
about:
  license: MIT
"""
USER = """\
schema_version: 1
package: {name: user, version: "5"}
build:
  number: 1107   # counts on
requirements: {host: [library], run: [client]}
"""
CONTRACT = """\
version: 1
promises:
  # moves along
  dependency-bounds: {each: {library: {admits: ["1.2.0", "1.4.0"], refuses: ["1.1.9", "2.0.0"]}}}
"""
PATCH = """\
From: a <a@b>
Subject: Mend line ten

Answers: a/b#1
Test: tests/test_small.py::test_passes
---
diff --git a/small/one.py b/small/one.py
--- a/small/one.py
+++ b/small/one.py
@@ -7,7 +7,7 @@
 7 = 'line 7'
 8 = 'line 8'
 9 = 'line 9'
-10 = 'line 10'
+10 = 'mended'
 11 = 'line 11'
 12 = 'line 12'
 13 = 'line 13'
"""


@dataclass(frozen=True, slots=True)
class House:
    """The checkout, its cache, and upstream."""

    root: Path
    cache: Cache
    site: Upstreams

    def file(self, name: str) -> str:
        return (self.root / name).read_text(encoding="utf-8")

    def bump(self, *names: str, to: str | None = None) -> bump.Bumped:
        return bump.bump(names, to, self.root, self.answers(0), None, self.cache, Silent())

    def look(self, *names: str, seconds: float = 0) -> dict[str, Choice]:
        found = looking.look(names, None, self.root, self.answers(seconds), self.cache, Silent())
        return {choice.member.recipe: choice for choice in found}

    def answers(self, seconds: float) -> Answers:
        python_index._page.cache_clear()
        return Answers(self.cache.work / "answers", seconds)

    def status(self) -> str:
        command = ["git", "status", "--porcelain", "--untracked-files=all"]
        return subprocess.run(command, cwd=self.root, capture_output=True, text=True, check=True).stdout

    def library(self, version: str, one: str = LINES) -> str:
        files = {"small/one.py": one.encode(), "VERSION": version.encode()}
        made = archive(self.cache.root / "made.tar.gz", files, f"library-{version}").read_bytes()
        return self.site.tag("maker/library", f"v{version}", made)

    def client(self, version: str, **entry: object) -> str:
        made = archive(self.cache.root / "made.tar.gz", {"VERSION": version.encode()}, f"client-{version}")
        return self.site.release("client", f"client-{version}.tar.gz", made.read_bytes(), **entry)


@contextlib.contextmanager
def standing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[House]:
    """Give a house in which nothing is newer than what its recipes have."""
    root, cache = tmp_path / "checkout", Cache(tmp_path / "cache")
    cache.root.mkdir()
    with serving(tmp_path / "upstream") as site:
        monkeypatch.setattr(python_index, "pip_settings", lambda: PipSettings((site.index,), None))
        monkeypatch.setattr(http, "_BACK_OFF_SECONDS", 0.001)
        http.forget_silent_hosts()
        made = House(root, cache, site)
        library, client = made.library("1.2.0"), made.client("1.2.0")
        hint = f"# elsewhere\n{client}:\n  - {{kind: python-index, project: client, file: client-1.2.0.tar.gz}}\n"
        files = {
            "recipes/variants.yaml": "python_min: ['3.11']\n",
            "recipes/library/recipe.yaml": LIBRARY.format(url=site.url, sha256=library),
            "recipes/library/patches/0001-mend-line-ten.patch": PATCH,
            "recipes/client/recipe.yaml": CLIENT.format(sha256=client),
            "recipes/client/sources.yaml": hint,
            "recipes/user/recipe.yaml": USER,
            "recipes/user/contract.yaml": CONTRACT,
            "bootstrap/none.yaml": "",
            "README.md": "| recipe | |\n| `library` 1.2.0 | a library 1.2.0 |\n",
        }
        for name, text in files.items():
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            (root / name).write_text(text, encoding="utf-8")
        commit_all(root)
        yield made
    http.forget_silent_hosts()
