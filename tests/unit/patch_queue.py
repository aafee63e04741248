"""A checkout with one small recipe, whose source lies on this machine, and what a user does with its patches."""

from __future__ import annotations

import io
import os
import shutil
import subprocess
import tarfile
from dataclasses import dataclass
from typing import TYPE_CHECKING

from kafka_forge.ground.files import sha256_of
from kafka_forge.ground.paths import Cache
from kafka_forge.ground.progress import Silent
from kafka_forge.patching import opening, rebasing, saving

if TYPE_CHECKING:
    from pathlib import Path

LINES = "".join(f"{number} = 'line {number}'\n" for number in range(1, 41))
SOURCE = {
    "small/one.py": LINES.encode(),
    "small/two.py": LINES.encode(),
    "small/dos.txt": b"first\r\nsecond\r\nthird\r\n",
    "small/latin.txt": b"stra\xdfe\n",
    ".gitattributes": b"*.txt text eol=lf\n*.py filter=none ident\n",
    ".gitignore": b"*.txt\nignored/\n",
    "ignored/kept.py": b"kept = '$Id$'\n",
}
HOSTILE = """
[core]
    autocrlf = true
    safecrlf = true
    hooksPath = {hooks}
    excludesFile = {home}/excludes
    attributesFile = {home}/attributes
    commentChar = "#"
[user]
    useConfigOnly = true
[commit]
    gpgSign = true
    cleanup = strip
    verbose = true
[gpg]
    program = /bin/false
[diff]
    noprefix = true
    context = 0
    algorithm = patience
[format]
    signOff = true
    attach = true
[merge]
    conflictStyle = diff3
[rebase]
    updateRefs = true
    missingCommitsCheck = error
[rerere]
    enabled = true
[init]
    templateDir = {home}/template
    defaultBranch = trunk
"""
RECIPE = """\
schema_version: 1
context:
  version: "1.0"
package:
  name: small
  version: ${{{{ version }}}}
source:
  # where it is
  url: {url}
  sha256: {sha256}
{patches}build:
  number: 0
about:
  license: MIT
"""


def message(subject: str, *, since: str = "") -> str:
    """A commit's message with all that a header has."""
    since = f"Since: {since}\n" if since else ""
    return f"{subject}\n\nIt was wrong.\n\nAnswers: a/b#1,\n#2\n{since}Test: tests/test_small.py::test_passes\n"


def archive(path: Path, files: dict[str, bytes], top: str) -> Path:
    """Write a source archive."""
    with tarfile.open(path, "w:gz") as tar:
        for name, data in files.items():
            member = tarfile.TarInfo(f"{top}/{name}")
            member.size = len(data)
            member.mode = 0o755 if name.endswith("two.py") else 0o644
            tar.addfile(member, io.BytesIO(data))
        link = tarfile.TarInfo(f"{top}/small/link.py")
        link.type, link.linkname = tarfile.SYMTYPE, "one.py"
        tar.addfile(link)
    return path


@dataclass(frozen=True, slots=True)
class Queue:
    """The checkout, the repository of patches in it, and a user's environment."""

    room: Path

    @property
    def root(self) -> Path:
        return self.room / "checkout"

    @property
    def recipe(self) -> Path:
        return self.root / "recipes" / "small"

    @property
    def folder(self) -> Path:
        return self.room / "queue"

    @property
    def cache(self) -> Cache:
        return Cache(self.room / "cache")

    def open(self, name: str = "queue") -> Path:
        opening.open_("small", self.room / name, self.root, self.cache, Silent())
        return self.room / name

    def save(self) -> saving.Saved:
        return saving.save(None, self.folder, self.root, self.cache, Silent())

    def rebase(self, onto: Path | str) -> rebasing.Rebased:
        return rebasing.rebase("small", self.folder, str(onto), self.root, self.cache, Silent())

    def git(self, *arguments: str, folder: Path | None = None, status: int = 0) -> str:
        """What the user calls, with the user's own settings."""
        environment = {key: value for key, value in os.environ.items() if not key.startswith("GIT_")}
        home = self.room / "home"
        environment |= {"HOME": str(home), "XDG_CONFIG_HOME": str(home), "GIT_EDITOR": ":"}
        done = subprocess.run(
            ["git", *arguments], cwd=folder or self.folder, env=environment, capture_output=True, text=True, check=False
        )
        assert done.returncode == status, done.stdout + done.stderr
        return done.stdout

    def edit(self, file: str, old: str, new: str) -> None:
        path = self.folder / file
        text = path.read_text(encoding="utf-8")
        assert old in text
        path.write_text(text.replace(old, new), encoding="utf-8")

    def commit(self, subject: str, file: str, old: str, new: str) -> None:
        """Make a commit as a user does."""
        self.edit(file, old, new)
        self.git("commit", "-qam", message(subject))

    def sha(self, subject: str) -> str:
        """The newest commit with that subject."""
        return self.git("log", "-1", "--format=%H", f"--grep=^{subject}$").strip()

    def fixup(self, subject: str, file: str, old: str, new: str) -> None:
        """Change a commit of the series as a user does."""
        self.edit(file, old, new)
        self.git("commit", "-qa", f"--fixup={self.sha(subject)}")
        self.git("rebase", "-q", "-i", "--autosquash", "upstream")

    def files(self) -> dict[str, bytes]:
        """What stands in the recipe's folder."""
        found = [path for path in self.recipe.rglob("*") if path.is_file()]
        return {path.relative_to(self.recipe).as_posix(): path.read_bytes() for path in found}

    def listed(self) -> str:
        """The recipe's list of patches, as it stands there."""
        text = (self.recipe / "recipe.yaml").read_text(encoding="utf-8")
        return text.partition("  patches:\n")[2].partition("build:\n")[0]


def made(room: Path, *, patched: bool = True) -> Queue:
    """Make the checkout; with three patches, or with none yet."""
    queue = Queue(room)
    home = room / "home"
    hooks = home / "hooks"
    for folder in (hooks, home / "template" / "hooks"):
        folder.mkdir(parents=True)
        for name in ("pre-commit", "commit-msg", "prepare-commit-msg", "pre-rebase", "post-checkout", "applypatch-msg"):
            (folder / name).write_text("#!/bin/sh\nexit 1\n", encoding="utf-8")
            (folder / name).chmod(0o755)
    (home / "excludes").write_text("*.py\n", encoding="utf-8")
    (home / "attributes").write_text("* text eol=crlf\n", encoding="utf-8")
    (home / ".gitconfig").write_text(HOSTILE.format(hooks=hooks, home=home), encoding="utf-8")
    (queue.root / "bootstrap").mkdir(parents=True)
    queue.recipe.mkdir(parents=True)
    (queue.root / "recipes" / "variants.yaml").write_text("python:\n  - '3.14'\n", encoding="utf-8")
    (queue.root / "tests").mkdir()
    (queue.root / "tests" / "test_small.py").write_text("def test_passes(): pass\ndef test_fails(): assert 0\n")
    source = archive(room / "small-1.0.tar.gz", SOURCE, "small-1.0")
    write_recipe(queue, source, "")
    if patched:
        queue.open()
        queue.commit("Begin with zero", "small/one.py", "1 = 'line 1'\n", "0 = 'line 0'\n1 = 'line 1'\n")
        queue.commit("Name the end", "small/one.py", "40 = 'line 40'", "40 = 'end'")
        queue.edit("small/two.py", "20 = 'line 20'", "20 = 'middle'")
        (queue.folder / "small" / "three.py").write_text("three\n", encoding="utf-8")
        queue.git("add", "-f", "small/three.py")
        queue.git("commit", "-qam", message("Name the middle"))
        queue.save()
        shutil.rmtree(queue.folder)
    return queue


def copied(model: Path, room: Path) -> Queue:
    """Make a copy of a checkout, its sources and its user."""
    shutil.copytree(model, room, symlinks=True)
    for file in (room / "home" / ".gitconfig", Queue(room).recipe / "recipe.yaml"):
        file.write_text(file.read_text(encoding="utf-8").replace(str(model), str(room)), encoding="utf-8")
    return Queue(room)


def write_recipe(queue: Queue, source: Path, patches: str) -> None:
    """Write the recipe's file."""
    text = RECIPE.format(url=source.as_uri(), sha256=sha256_of(source), patches=patches)
    (queue.recipe / "recipe.yaml").write_text(text, encoding="utf-8")
