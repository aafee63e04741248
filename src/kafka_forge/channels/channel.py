"""A folder that is a proper conda channel: subdirs, whole ``.conda`` files, repodata.

Only plain ``repodata.json`` is written. A reader that finds a compressed or sharded index beside a channel that
grows would read it stale.
"""

from __future__ import annotations

import asyncio
import json
import shutil
from typing import TYPE_CHECKING

from filelock import FileLock

from kafka_forge.errors import AttestationRefused
from kafka_forge.ground import jsons
from kafka_forge.ground.files import atomic_path, explain_os_errors, link_or_copy, sha256_of, write_text_atomic

if TYPE_CHECKING:
    from pathlib import Path


def prepare(channel_dir: Path) -> None:
    """Make the folder a channel that can be read, if it is not one yet.

    Raises:
        DiskFull, NotWritable: the file system refuses.
    """
    noarch = channel_dir / "noarch" / "repodata.json"
    if not noarch.is_file():
        empty = {"info": {"subdir": "noarch"}, "packages": {}, "packages.conda": {}, "repodata_version": 2}
        write_text_atomic(noarch, json.dumps(empty) + "\n")


def is_stale(channel_dir: Path) -> bool:
    """Whether the repodata names other packages than those that stand there, as after a run that was killed."""
    for subdir in (path for path in channel_dir.iterdir() if path.is_dir() and not path.name.startswith(".")):
        try:
            index = jsons.parsed((subdir / "repodata.json").read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return True
        if {path.name for path in subdir.glob("*.conda")} != set(index.get("packages.conda", {})):
            return True
    return False


def add(channel_dir: Path, file: Path, subdir: str) -> Path:
    """Move a finished package into a channel and index it; a reader sees the whole file or none.

    Args:
        channel_dir: the channel.
        file: a ``.conda`` file, which is consumed.
        subdir: the subdir it belongs to, for example ``noarch``.

    Raises:
        DiskFull, NotWritable: the file system refuses.
    """
    target = channel_dir / subdir / file.name
    _withdraw(target, file)
    with atomic_path(target) as draft:
        link_or_copy(file, draft)
        draft.chmod(0o644)
    file.unlink(missing_ok=True)
    index(channel_dir, anew=target)
    return target


def _withdraw(target: Path, file: Path) -> None:
    """Take away the attestation of a file that is replaced by another one: the index would name it for that."""
    attested = target.with_name(f"{target.name}.sigs")
    if attested.exists() and (not target.is_file() or sha256_of(target) != sha256_of(file)):
        attested.unlink()


def index(channel_dir: Path, *, anew: Path | None = None) -> None:
    """Write the repodata of every subdir anew from the files that stand there.

    One index is written at a time, whichever process asks for it. A file whose name is known already is not opened
    again, even if it has been replaced, unless it is the one that ``anew`` names.

    Raises:
        AttestationRefused: an attestation beside a package is nothing that an index may name.
        DiskFull, NotWritable: the file system refuses.
    """
    from rattler.index import index_fs

    prepare(channel_dir)
    with explain_os_errors(channel_dir), FileLock(channel_dir / ".index.lock"):
        if anew is not None:
            _forget(anew)
        _address(channel_dir)
        asyncio.run(index_fs(channel_dir, write_zst=False, write_shards=False))


def _address(channel_dir: Path) -> None:
    """Give each attestation that was put there by hand its second name, without which there is no index at all.

    See findings/py-rattler-indexes-no-folder-with-a-lone-attestation.sh.

    Raises:
        AttestationRefused: one is nothing that an index may name (CEP 50).
    """
    for attested in channel_dir.glob("*/*.conda.sigs"):
        try:
            bundles = jsons.parsed(attested.read_text(encoding="utf-8"))
        except ValueError:
            bundles = None
        if not isinstance(bundles, list) or not bundles:
            raise AttestationRefused(
                "this is no array of attestations, so no index can be written",
                where=str(attested),
                todo="remove it; `attest sign` writes one, and `attest verify --bundle` reads one from anywhere.",
            )
        twin = attested.with_name(f"{attested.name}.{sha256_of(attested)}")
        if not twin.exists():
            shutil.copyfile(attested, twin)


def _forget(file: Path) -> None:
    repodata = file.with_name("repodata.json")
    known = json.loads(repodata.read_text(encoding="utf-8")) if repodata.is_file() else {}
    key = "packages.conda" if file.suffix == ".conda" else "packages"
    if known.get(key, {}).pop(file.name, None) is not None:
        write_text_atomic(repodata, json.dumps(known) + "\n")
