"""The one place that calls git: with no hook, no filter and no setting of the user's, so that all get the same.

A repository of patches holds one root commit, the source as it was obtained, and one commit a patch. Authors come from
the patches, dates are fixed: opened twice, it has the same commits.
"""

from __future__ import annotations

import os
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from kafka_forge.errors import QueueInvalid, UnsupportedMachine

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

AUTHOR = "kafka-forge <kafka-forge@users.noreply.github.com>"
"""Who writes patches, where the recipe's others do not say."""
UPSTREAM = "upstream"
"""The tag of the commit that holds the source as it was obtained."""
_DATE = "946684800 +0000"  # 2000-01-01
_PLAIN = {
    "core.hooksPath": os.devnull,
    "core.attributesFile": os.devnull,
    "core.excludesFile": os.devnull,
    "core.autocrlf": "false",
    "core.safecrlf": "false",
    "core.fsmonitor": "false",
    "core.quotePath": "false",
    "commit.gpgSign": "false",
    "tag.gpgSign": "false",
    "gc.auto": "0",
    "i18n.commitEncoding": "utf-8",
    "i18n.logOutputEncoding": "utf-8",
    "rebase.autoStash": "false",
    "rebase.autoSquash": "false",
    "rebase.updateRefs": "false",
    "rerere.enabled": "false",
    "merge.conflictStyle": "merge",
    "core.commentChar": ";",  # a reference such as "#38" may begin a line of a message
}
_KEPT = {
    **{key: value for key, value in _PLAIN.items() if not key.startswith(("rebase.", "merge.", "core.excludes"))},
    "rebase.updateRefs": "false",
}
"""Settings of the repository itself, for what the user calls in it: they go before those of the user."""


@dataclass(frozen=True, slots=True)
class Repository:
    """A git repository of patches, by its working tree's folder."""

    folder: Path

    def try_git(
        self, *arguments: str | Path, stdin: bytes | None = None, environment: Mapping[str, str] | None = None
    ) -> subprocess.CompletedProcess[bytes]:
        """Call git, and return how it ended.

        Args:
            arguments: those of git, from the subcommand on.
            stdin: what it reads.
            environment: variables beside the fixed ones, such as GIT_INDEX_FILE.

        Raises:
            UnsupportedMachine: there is no git.
        """
        settings = [word for key, value in _PLAIN.items() for word in ("-c", f"{key}={value}")]
        try:
            return subprocess.run(
                ["git", *settings, *map(str, arguments)],
                cwd=self.folder,
                input=b"" if stdin is None else stdin,
                capture_output=True,
                check=False,
                env={**_environment(), **(environment or {})},
            )
        except FileNotFoundError as error:
            raise UnsupportedMachine("there is no git on PATH", todo="install git and try again.") from error

    def git(
        self, *arguments: str | Path, stdin: bytes | None = None, environment: Mapping[str, str] | None = None
    ) -> str:
        """Call git, which must succeed, and return what it wrote, without the line end; arguments as `try_git`.

        Raises:
            QueueInvalid: it failed; ``details`` has its own words.
        """
        return self.git_bytes(*arguments, stdin=stdin, environment=environment).decode("utf-8", "replace").rstrip("\n")

    def git_bytes(
        self, *arguments: str | Path, stdin: bytes | None = None, environment: Mapping[str, str] | None = None
    ) -> bytes:
        """As `git`, with every byte as it is."""
        done = self.try_git(*arguments, stdin=stdin, environment=environment)
        if done.returncode:
            raise QueueInvalid(
                f"`git {arguments[0]}` failed",
                where=str(self.folder),
                details=said(done),
                todo="see what git says above.",
            )
        return done.stdout

    def ref(self, name: str) -> str | None:
        """Return the commit that a name stands for, or None."""
        done = self.try_git("rev-parse", "--verify", "--quiet", "--end-of-options", f"{name}^{{commit}}")
        return done.stdout.decode().strip() or None

    def path(self, name: str) -> Path:
        """Return where git keeps a file of that name for this working tree."""
        return self.folder / self.git("rev-parse", "--git-path", name)

    def setting(self, key: str) -> str | None:
        """Return a setting of the repository, or None."""
        done = self.try_git("config", "--local", "--get", f"kafka-forge.{key}")
        return done.stdout.decode("utf-8", "replace").strip() or None

    def set(self, key: str, value: str) -> None:
        """Keep a setting of ours in the repository."""
        self.git("config", "--local", f"kafka-forge.{key}", value)

    def commit_tree(self, tree: str, parents: Sequence[str], message: str, author: str = AUTHOR) -> str:
        """Make a commit; the same arguments give the same commit."""
        name, _, address = author.rpartition(" <")
        who = {"NAME": name.strip() or address.rstrip(">"), "EMAIL": address.rstrip(">"), "DATE": _DATE}
        environment = {f"GIT_AUTHOR_{key}": value for key, value in who.items()}
        above = [word for parent in parents for word in ("-p", parent)]
        text = message.encode("utf-8", "surrogateescape")
        return self.git("commit-tree", tree, *above, "-F", "-", stdin=text, environment=environment)


def create(folder: Path, author: str = AUTHOR) -> Repository:
    """Make an empty repository in a folder, in which the user's own settings change nothing of what is kept."""
    repository = Repository(folder)
    repository.git("init", "--quiet", "--template=", "--initial-branch=series")
    name, _, address = author.rpartition(" <")
    for key, value in {**_KEPT, "user.name": name, "user.email": address.rstrip(">")}.items():
        repository.git("config", "--local", key, value)
    information = folder / ".git" / "info"
    information.mkdir(exist_ok=True)
    # A source's own attributes must not change a byte of it, nor its own .gitignore hide a file.
    (information / "attributes").write_text(
        "* -text !eol !ident !filter !working-tree-encoding !diff !merge\n", encoding="utf-8"
    )
    (information / "exclude").write_text("__pycache__/\n*.pyc\n*.so\n*.pyd\n*.today\n/build/\n", encoding="utf-8")
    return repository


def at(folder: Path) -> Repository:
    """Return the repository whose working tree a folder is.

    Raises:
        QueueInvalid: it is none.
    """
    repository = Repository(folder)
    if folder.is_dir():
        done = repository.try_git("rev-parse", "--show-toplevel")
        if done.returncode == 0 and Path(done.stdout.decode().rstrip("\n")).resolve() == folder.resolve():
            return repository
    raise QueueInvalid(
        "this is no git repository of patches",
        where=str(folder),
        todo=f"`kafka-forge patches open RECIPE {folder}` makes one.",
    )


def said(done: subprocess.CompletedProcess[bytes], last: int = 12) -> list[str]:
    """Return the last lines of what git said."""
    return (done.stdout + done.stderr).decode("utf-8", "replace").strip().splitlines()[-last:]


def _environment() -> dict[str, str]:
    kept = {key: value for key, value in os.environ.items() if not key.startswith("GIT_")}
    name, _, address = AUTHOR.rpartition(" <")
    return {
        **kept,
        "LC_ALL": "C",
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_TERMINAL_PROMPT": "0",
        "GIT_EDITOR": "true",
        "GIT_COMMITTER_NAME": name,
        "GIT_COMMITTER_EMAIL": address.rstrip(">"),
        "GIT_COMMITTER_DATE": _DATE,
        "GIT_AUTHOR_NAME": name,
        "GIT_AUTHOR_EMAIL": address.rstrip(">"),
        "GIT_AUTHOR_DATE": _DATE,
    }
