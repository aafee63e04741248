"""The commits of a repository as a series of patches, and what keeps them from being one."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from kafka_forge.errors import QueueInvalid
from kafka_forge.patching.headers import read_message
from kafka_forge.patching.repository import UPSTREAM, Repository

if TYPE_CHECKING:
    from collections.abc import Sequence

_UNDER_WAY = {
    "rebase-merge": ("a rebase", "rebase"),
    "rebase-apply": ("a rebase", "rebase"),
    "MERGE_HEAD": ("a merge", "merge"),
    "CHERRY_PICK_HEAD": ("a cherry-pick", "cherry-pick"),
    "REVERT_HEAD": ("a revert", "revert"),
}
_LEFT = ("fixup! ", "squash! ", "amend! ")


@dataclass(frozen=True, slots=True)
class Commit:
    """One commit of the series.

    Attributes:
        sha: its name.
        parent: that of the one before it.
        author: ``NAME <ADDRESS>``.
        message: its message, as `mails.as_message` forms it.
    """

    sha: str
    parent: str
    author: str
    message: str

    @property
    def subject(self) -> str:
        """The message's first line."""
        return self.message.partition("\n")[0]


def root_of(made: Repository) -> str:
    """Return the commit that holds the source: the one root of HEAD.

    Raises:
        QueueInvalid: there are several, or no commit at all.
    """
    roots = made.git("rev-list", "--max-parents=0", "HEAD").split()
    if len(roots) != 1:
        raise _invalid(made, f"its history has {len(roots)} beginnings", "open the recipe anew.")
    return roots[0]


def read(made: Repository, root: str) -> list[Commit]:
    """Return the commits after the root, in order.

    Raises:
        QueueInvalid: one of them is a merge, or changes nothing.
    """
    found = []
    for sha in made.git("rev-list", "--reverse", "--topo-order", f"{root}..HEAD").split():
        text = made.git_bytes("show", "-s", "--encoding=UTF-8", "--format=%P%n%T%n%an <%ae>%n%B", sha)
        parents, tree, author, message = text.decode("utf-8", "surrogateescape").split("\n", 3)
        subject, _, body = message.partition("\n")
        commit = Commit(sha, parents, author, f"{subject}\n\n{body.strip(chr(10))}".rstrip("\n") + "\n")
        if " " in parents:
            raise _invalid(made, f"a merge is no patch: {commit.subject!r}", f"`git rebase {UPSTREAM}` makes it a row.")
        if made.git("rev-parse", f"{parents}^{{tree}}") == tree:
            raise _invalid(made, f"a commit changes nothing: {commit.subject!r}", _interactive("drop it"))
        found.append(commit)
    return found


def must_be_clean(made: Repository) -> None:
    """Make sure that nothing is under way in the repository, and that all is committed.

    Raises:
        QueueInvalid: else.
    """
    for name, (what, command) in _UNDER_WAY.items():
        if made.path(name).exists():
            todo = f"finish it (`git {command} --continue`) or give it up (`git {command} --abort`)."
            raise _invalid(made, f"{what} is under way", todo)
    changed = made.git("status", "--porcelain", "--untracked-files=no").splitlines()
    # not by the source's own .gitignore, which may hide a file that a patch is to bring
    excluded = made.path("info/exclude")
    exclude = [f"--exclude-from={excluded.absolute()}"] if excluded.is_file() else []
    changed += [f"?? {name}" for name in made.git("ls-files", "--others", *exclude).splitlines()]
    if changed:
        raise _invalid(
            made,
            "not everything is committed",
            "commit it (`git add --force`, `git commit --fixup=COMMIT`); what is no part of the source belongs into "
            ".git/info/exclude.",
            changed[:20],
        )


def must_be_patches(made: Repository, commits: Sequence[Commit], *, headed: bool) -> None:
    """Make sure that the messages are headers of patches.

    Args:
        made: the repository, for the errors.
        commits: the series.
        headed: whether each has to say what it answers and which tests fail without it.

    Raises:
        QueueInvalid: else.
    """
    left = [commit.subject for commit in commits if commit.subject.startswith(_LEFT)]
    if left:
        todo = f"`git rebase -i --autosquash {UPSTREAM}` puts them where they belong."
        raise _invalid(made, "mendings are not in the commits that they mend yet", todo, left)
    twice = [subject for subject, times in Counter(commit.subject for commit in commits).items() if times > 1]
    if twice:
        raise _invalid(made, "two commits have the same subject", _interactive("reword one of them"), twice)
    for commit in commits:
        if not commit.subject.strip():
            raise _invalid(made, f"commit {commit.sha[:8]} has no subject", _interactive("reword it"))
        lines = commit.message.splitlines()
        if "---" in lines or any(line.startswith(("diff --git ", "Index: ")) for line in lines):
            todo = f"a line of a message cannot be `---` or begin as a patch does: {_interactive('reword it')}"
            raise _invalid(made, f"the message of {commit.subject!r} would end too early in a patch", todo)
    if headed:
        _must_be_headed(made, commits)


def _must_be_headed(made: Repository, commits: Sequence[Commit]) -> None:
    lacking = []
    for commit in commits:
        message = read_message(commit.message)
        fields = [name for name, value in (("Answers", message.answers), ("Test", message.tests)) if not value]
        if fields:
            lacking.append(f"{commit.subject}: no line `{': …`, no line `'.join(fields)}: …`")
    if lacking:
        todo = "say which public issue it answers and which tests fail without it, as the recipe's other patches do: "
        raise _invalid(made, "a header lacks what the others have", todo + _interactive("reword it"), lacking)


def _interactive(what: str) -> str:
    return f"{what} (`git rebase -i {UPSTREAM}`)."


def _invalid(made: Repository, what: str, todo: str, details: Sequence[str] = ()) -> QueueInvalid:
    return QueueInvalid(what, where=str(made.folder), details=details, todo=todo)
