"""librdkafka's sources as other registries carry them, built by our recipe: neither npm nor crates has it built.

The crate rdkafka-sys and the package @confluentinc/kafka-javascript hold librdkafka's tree without some of its files,
so their archives are not upstream's bit for bit, and no recipe can name them; what their users get is compiled on their
own machines. Our patches are left out: those users have not got them.
"""

from __future__ import annotations

import gzip
import hashlib
import json
import re
import subprocess
import tarfile
from dataclasses import dataclass
from typing import TYPE_CHECKING

from kafka_forge.ground.paths import project_root
from kafka_forge.ground.progress import Silent
from kafka_forge.sources import Crate

from . import drafts

if TYPE_CHECKING:
    from pathlib import Path

    from kafka_forge.building.build import Built

_RECIPE = "librdkafka"


@dataclass(frozen=True, slots=True)
class Copy:
    """Where a copy of librdkafka's sources lies.

    Attributes:
        registry: ``crates`` or ``npm``.
        package: its name there.
        version: its version there.
        librdkafka: the version of librdkafka in it.
        folder: where in the archive the tree is.
        program: what fetches from that registry.
    """

    registry: str
    package: str
    version: str
    librdkafka: str
    folder: str
    program: str

    @property
    def name(self) -> str:
        """The copy in words."""
        return f"{self.registry}: {self.package} {self.version}"


COPIES = (
    Copy("crates", "rdkafka-sys", "4.10.0+2.12.1", "2.12.1", "rdkafka-sys-4.10.0+2.12.1/librdkafka", "cargo"),
    Copy("npm", "@confluentinc/kafka-javascript", "1.10.1", "2.15.1", "package/deps/librdkafka", "npm"),
)


def built(copy: Copy) -> Built:
    """Fetch a copy and build it, unpatched, as our recipe builds the release that it names."""
    root = project_root() / "output" / "copies" / copy.registry
    folder = drafts.drafted(_RECIPE, root)
    archive = _repacked(_fetched(copy, root), copy, root / f"librdkafka-{copy.librdkafka}.tar.gz")
    recipe = folder / "recipe.yaml"
    drafts.change(recipe, r'(?m)^  version: "[\d.]+"$', f'  version: "{copy.librdkafka}"')
    drafts.change(recipe, r"(?m)^  url: .*$", f"  url: {archive.as_uri()}")
    drafts.change(recipe, r"(?m)^  sha256: .*$", f"  sha256: {hashlib.sha256(archive.read_bytes()).hexdigest()}")
    drafts.change(recipe, r"  patches:\n(?:    - .*\n)+", "")
    for ours in ("sources.yaml", "sbom.yaml"):  # what they say is true of upstream's archive
        (folder / ours).unlink()
    return drafts.built(_RECIPE, root)


def _fetched(copy: Copy, room: Path) -> Path:
    if copy.registry == "crates":
        archive = room / "copy.crate"
        with Silent().task("a crate") as task:
            Crate(crate=copy.package, version=copy.version).fetch(archive, task)
        return archive
    packed = subprocess.run(
        ["npm", "pack", "--json", f"{copy.package}@{copy.version}"],
        cwd=room,
        capture_output=True,
        text=True,
        check=True,
    )
    (told,) = json.loads(packed.stdout)
    return room / re.sub(r"^@([^/]+)/", r"\1-", told["filename"])


def _repacked(archive: Path, copy: Copy, target: Path) -> Path:
    """Write the tree within a package as an archive like upstream's; the same bytes each time."""
    with (
        tarfile.open(archive) as given,
        gzip.GzipFile(target, "wb", compresslevel=1, mtime=0) as packed,
        tarfile.open(fileobj=packed, mode="w") as made,
    ):
        for member in given:
            if member.isfile() and member.name.startswith(f"{copy.folder}/"):
                member.name = member.name.replace(copy.folder, f"librdkafka-{copy.librdkafka}", 1)
                made.addfile(member, given.extractfile(member))
    return target
