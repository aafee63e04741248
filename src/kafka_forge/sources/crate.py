"""A crate, through cargo and the registry that cargo is set to."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from kafka_forge.sources.place import Hint, NotObtainedError

if TYPE_CHECKING:
    from kafka_forge.ground.progress import Task

_SECONDS = 180


class Crate(Hint):
    """One ``.crate`` file (a gzip-compressed tar)."""

    kind: Literal["crate"] = "crate"
    crate: str
    version: str

    @property
    def where(self) -> str:
        """The place in words."""
        return f"crate: {self.crate} {self.version}"

    def fetch(self, target: Path, task: Task) -> None:
        """See `Provider.fetch`. A throw-away project that depends on the crate makes cargo fetch it.

        Cargo's home stays the user's, since its configuration lies there: the file stays in cargo's own cache too.
        """
        cargo = shutil.which("cargo")
        if not cargo:
            raise NotObtainedError("not tried: no cargo on this machine", heard=False)
        task.note(f"{self.crate}-{self.version}.crate")
        with tempfile.TemporaryDirectory(prefix="kafka-forge-crate-") as room:
            shutil.copyfile(self._through(cargo, Path(room)), target)

    def look(self) -> None:
        """See `Provider.look`. cargo tells of a crate by its registry's index."""
        cargo = shutil.which("cargo")
        if not cargo:
            raise NotObtainedError("not tried: no cargo on this machine", heard=False)
        with tempfile.TemporaryDirectory(prefix="kafka-forge-crate-") as room:
            self._told([cargo, "info", "--quiet", f"{self.crate}@{self.version}"], Path(room))

    def _through(self, cargo: str, room: Path) -> Path:
        (room / "src").mkdir()
        (room / "src" / "lib.rs").touch()
        manifest = '[package]\nname = "fetch"\nversion = "0.0.0"\nedition = "2021"\n[dependencies]\n'
        (room / "Cargo.toml").write_text(f'{manifest}{self.crate} = "={self.version}"\n', encoding="utf-8")
        self._told([cargo, "fetch", "--quiet"], room)
        metadata = subprocess.run(
            [cargo, "metadata", "--format-version=1", "--offline"], cwd=room, capture_output=True, text=True, check=True
        )
        return _cached_file(metadata.stdout, self.crate, self.version)

    @staticmethod
    def _told(command: list[str], room: Path) -> None:
        try:
            done = subprocess.run(command, cwd=room, capture_output=True, text=True, timeout=_SECONDS, check=False)
        except subprocess.TimeoutExpired as error:
            raise NotObtainedError(f"cargo took more than {_SECONDS} s", heard=False) from error
        if done.returncode:
            reason = " ".join(done.stderr.split())[-300:]
            raise NotObtainedError(
                f"cargo: {reason}", heard="no matching package" in reason or "could not find" in reason
            )


def _cached_file(metadata: str, crate: str, version: str) -> Path:
    import json

    # .../registry/src/<registry>/<crate>-<version>/Cargo.toml has its archive at
    # .../registry/cache/<registry>/<crate>-<version>.crate (The Cargo Book, "Cargo Home")
    for package in json.loads(metadata)["packages"]:
        if (package["name"], package["version"]) == (crate, version):
            unpacked = Path(package["manifest_path"]).parent
            registry = unpacked.parent
            return registry.parents[1] / "cache" / registry.name / f"{unpacked.name}.crate"
    raise NotObtainedError(f"cargo fetched no {crate} {version}", heard=True)
