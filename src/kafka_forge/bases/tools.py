"""Build tools that a bare machine does not have, taken as programs from registries: ``bootstrap/tools.yaml``.

They run only while something is built. A tool's build string is a hash of what it is made from, so a file that stands
in the channel under its full name is the one that the lock asks for.
"""

from __future__ import annotations

import fnmatch
import functools
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import Field, TypeAdapter, ValidationError
from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError

from kafka_forge.bases.packing import Package, content_key, pack
from kafka_forge.errors import BaseBuildFailed, LockInvalid
from kafka_forge.ground import archives
from kafka_forge.ground.archives import Kind
from kafka_forge.sources import Source, obtain
from kafka_forge.sources.hints import AnyProvider, Sha256  # noqa: TC001  (pydantic reads the annotations)
from kafka_forge.values.contract import Model

if TYPE_CHECKING:
    from collections.abc import Mapping

    from kafka_forge.ground.files import Store
    from kafka_forge.ground.progress import Progress

_REVISION = 1
"""Goes up whenever `make` would give another package from the same lock."""


class Archive(Model):
    """One archive and what is taken from it."""

    sha256: Sha256
    place: AnyProvider = Field(discriminator="kind")
    take: dict[str, str]
    """File or folder in the archive → its place in the prefix; below ``info/licenses`` for licenses."""
    leave: tuple[str, ...] = ()
    """`fnmatch` patterns of files that are left out although a folder of theirs is taken."""


class Tool(Model):
    """One tool, for every platform that it can be had for."""

    version: str
    license: str
    summary: str
    home: str
    depends: tuple[str, ...] = ()
    files: dict[str, str] = Field(default_factory=dict)
    """Programs that are written as they stand here: place in the prefix → text."""
    platforms: dict[str, tuple[Archive, ...]]


@dataclass(frozen=True, slots=True)
class ToolPackage:
    """A tool on a platform: a package to be."""

    name: str
    tool: Tool
    platform: str

    @property
    def build(self) -> str:
        """The build string: a hash of all that the package is made from."""
        # the suite only says what may stand for the file
        archives = [archive.model_dump(exclude={"place": {"suite"}}) for archive in self.tool.platforms[self.platform]]
        lock = self.tool.model_dump(exclude={"platforms"})
        return f"h{content_key(_REVISION, lock, archives)}_0"

    @property
    def sums(self) -> tuple[str, ...]:
        """The sha256 sums of what it is taken from."""
        return tuple(archive.sha256 for archive in self.tool.platforms[self.platform])

    @property
    def filename(self) -> str:
        """The package's file name."""
        return f"{self.name}-{self.tool.version}-{self.build}.conda"


def load(path: Path, platform: str) -> tuple[ToolPackage, ...]:
    """Read ``tools.yaml``; return the tools that it has for a platform.

    Raises:
        LockInvalid: it is missing, is no YAML, or breaks the schema.
    """
    try:
        tools = _tools(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise LockInvalid(
            "the lock of the build tools cannot be read", where=str(path), todo="restore the file."
        ) from error
    except MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise LockInvalid(
            f"this is no valid YAML: {error.problem}", where=f"{path}:{line}", todo="mend the file at that line."
        ) from error
    except ValidationError as error:
        raise LockInvalid(
            "the lock of the build tools breaks its schema",
            where=str(path),
            details=[f"{'.'.join(map(str, each['loc']))}: {each['msg']}" for each in error.errors()],
            todo="mend the keys named above.",
        ) from error
    return tuple(ToolPackage(name, tool, platform) for name, tool in tools.items() if platform in tool.platforms)


@functools.lru_cache(maxsize=8)
def _tools(text: str) -> Mapping[str, Tool]:
    """Read a lock's text: each environment of an emulated platform asks for it, and it takes tenths of a second."""
    data = YAML(typ="safe").load(text)
    return TypeAdapter(dict[str, Tool]).validate_python(data)


def make(package: ToolPackage, *, folder: Path, work: Path, store: Store, progress: Progress) -> Path:
    """Obtain a tool's archives and pack what is taken from them into ``folder``.

    Raises:
        NoNetwork, SourceUnreachable, ChecksumMismatch: from obtaining them.
        BaseBuildFailed: an archive does not have what the lock takes from it.
        DiskFull, NotWritable: the file system refuses.
    """
    tool = package.tool
    work.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=work, prefix=f"{package.name}-") as room:
        tree = Path(room)
        lay_out(package, tree, store, progress)
        metadata = Package(
            package.name,
            tool.version,
            package.build,
            package.platform,
            depends=tool.depends,
            license=tool.license,
            summary=tool.summary,
            home=tool.home,
        )
        return pack(metadata, tree, folder)


def lay_out(package: ToolPackage, tree: Path, store: Store, progress: Progress) -> None:
    """Obtain a tool's archives and lay out what is taken from them below ``tree``; errors as for `make`."""
    for archive in package.tool.platforms[package.platform]:
        source = Source(package.name, archive.sha256, providers=(archive.place,))
        _take(archive, package.name, obtain(source, store, progress), tree)
    for place, text in package.tool.files.items():
        _write(tree / place, text.encode(), executable=True)


def _take(archive: Archive, tool: str, file: Path, tree: Path) -> None:
    missing = set(archive.take)
    for member in archives.entries(file):
        source = next((each for each in archive.take if _within(member.name, each)), None)
        if source is None or member.kind is not Kind.FILE:
            continue
        if any(fnmatch.fnmatch(member.name, pattern) for pattern in archive.leave):
            continue
        missing.discard(source)
        target = tree / archive.take[source] / member.name[len(source) :].lstrip("/")
        target.unlink(missing_ok=True)  # a lock may put a later archive's file in the place of an earlier one's
        member.save(target, executable=member.executable or "/bin/" in f"/{archive.take[source]}")
    if missing:
        raise BaseBuildFailed(
            f"the archive that {tool} is taken from has no {', '.join(sorted(missing))}",
            where=archive.place.where,
            todo="mend `take` in bootstrap/tools.yaml, or lock another archive.",
        )


def _within(name: str, place: str) -> bool:
    return name == place or name.startswith(place + "/")


def _write(target: Path, content: bytes, *, executable: bool) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(content)
    target.chmod(0o755 if executable else 0o644)
