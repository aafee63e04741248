"""What a maintainer runs to make `data/browser.yaml` anew: ``python -m tests.integration.browser_lock``, on bookworm.

Chromium's packages name what they depend on; of all that, apt fetches what bookworm's main archive has (its security
archive forgets versions), and what is taken is each library that the browser and its driver do load, by its soname, as
readelf tells, but for glibc's. Compare the difference in version control before committing it.
"""

from __future__ import annotations

import hashlib
import re
import subprocess
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ruamel.yaml import YAML

from .browser import LOCK

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

BROWSER, DRIVER, FONTS = "chromium-headless-shell", "chromium-driver", "fonts-dejavu-core"
DATA = "chromium-common"
TAKEN = {
    BROWSER: {"usr/lib/chromium": "bin", f"usr/share/doc/{BROWSER}/copyright": "licenses/chromium"},
    DATA: {
        f"usr/lib/chromium/{name}": f"bin/{name}"
        for name in (
            "icudtl.dat",
            "resources.pak",
            "chrome_100_percent.pak",
            "chrome_200_percent.pak",
            "v8_context_snapshot.bin",
            "snapshot_blob.bin",
            "locales/en-US.pak",
        )
    },
    DRIVER: {"usr/bin/chromedriver": "bin/chromedriver"},
    FONTS: {"usr/share/fonts/truetype/dejavu": "fonts", f"usr/share/doc/{FONTS}/copyright": f"licenses/{FONTS}"},
}
OPENED = ("libfreebl3.so", "libfreeblpriv3.so", "libsoftokn3.so", "libnssckbi.so")
"""What NSS opens by name when it runs."""
GLIBC = re.compile(r"^(libc|libm|libdl|librt|libpthread|libresolv|libutil|ld-linux-x86-64)\.so")
LIBRARY = re.compile(r"\.so(\.[0-9.]+)?$")
LEFT_OUT = {"chromium", "libc6", "libc-bin"}


def said(*command: object, folder: Path | None = None) -> str:
    return subprocess.run(list(map(str, command)), cwd=folder, capture_output=True, text=True, check=True).stdout


def closure() -> set[str]:
    """Names of all packages of libraries that the browser and its driver depend on."""
    options = ("recommends", "suggests", "conflicts", "breaks", "replaces", "enhances", "pre-depends")
    told = said("apt-cache", "depends", "--recurse", "-i", *(f"--no-{each}" for each in options), BROWSER, DRIVER, DATA)
    return {name for name in re.findall(r"^(\S+)$", told, re.MULTILINE) if name.startswith(("lib", "zlib"))} - LEFT_OUT


def fetched(names: Iterable[str], folder: Path) -> None:
    """Fetch what bookworm's main archive has of these."""
    rows = [line.split("|") for line in said("apt-cache", "madison", *names).splitlines()]
    found = {name.strip(): version.strip() for name, version, where in rows if "bookworm/main amd64" in where}
    said("apt-get", "download", *(f"{name}={version}" for name, version in found.items()), folder=folder)


class Package:
    """A package that was fetched, unpacked."""

    def __init__(self, file: Path, tree: Path) -> None:
        said("dpkg-deb", "-x", file, tree)
        self.file = file
        self.tree = tree
        self.fields = dict(re.findall(r"^(\S+): (.*)$", said("dpkg-deb", "-f", file), re.MULTILINE))
        self.name: str = self.fields["Package"]

    def libraries(self) -> Iterable[tuple[str, Path]]:
        """Its shared objects, by soname; each once, under its own name."""
        for path in sorted(self.tree.rglob("*.so*")):
            if LIBRARY.search(path.name) and path.is_file() and not path.is_symlink():
                soname = re.search(r"SONAME.*\[(.*)\]", said("readelf", "-d", path))
                yield soname[1] if soname else path.name, path

    def row(self, take: Mapping[str, str]) -> dict[str, Any]:
        """Return what is locked of it."""
        source = self.fields.get("Source", self.name).split()[0]
        place = {"kind": "debian-binary", "package": self.name, "version": self.fields["Version"]}
        place |= {"architecture": self.fields["Architecture"], **({"source": source} if source != self.name else {})}
        return {"sha256": hashlib.sha256(self.file.read_bytes()).hexdigest(), "place": place, "take": dict(take)}

    def license(self) -> dict[str, str]:
        """Where its copyright goes, if it has one of its own."""
        path = f"usr/share/doc/{self.name}/copyright"
        own = (self.tree / path).is_file() and not (self.tree / path).parent.is_symlink()
        return {path: f"licenses/{self.name}"} if own else {}


def needed(packages: Mapping[str, Package]) -> dict[str, dict[str, str]]:
    """Return what is taken of each package of libraries: file → its place."""
    known = {soname: (each, path) for each in packages.values() for soname, path in each.libraries()}
    shell = packages[BROWSER].tree / "usr/lib/chromium" / BROWSER
    waiting, taken = [shell, packages[DRIVER].tree / "usr/bin/chromedriver"], dict[str, dict[str, str]]()
    wanted = [(name, *known[name]) for name in OPENED]
    while waiting or wanted:
        for soname, package, path in wanted:
            rows = taken.setdefault(package.name, {})
            file = path.relative_to(package.tree).as_posix()
            waiting += [] if file in rows else [path]
            rows[file] = f"lib/{soname}"
        names = re.findall(r"NEEDED.*\[(.*)\]", said("readelf", "-d", waiting.pop())) if waiting else []
        wanted = [(name, *known[name]) for name in names if not GLIBC.match(name)]
    return taken


def main() -> None:
    """Write the lock."""
    yaml = YAML()
    yaml.width = 120
    yaml.indent(mapping=2, sequence=4, offset=2)
    lock = yaml.load(LOCK.read_text(encoding="utf-8"))
    with tempfile.TemporaryDirectory() as name:
        room = Path(name)
        fetched({*TAKEN, *closure()}, room)
        unpacked = [Package(file, room / file.stem) for file in sorted(room.glob("*.deb"))]
        packages = {each.name: each for each in unpacked}
        libraries = needed(packages)
        rows = [packages[each].row(take) for each, take in TAKEN.items()]
        rows += [
            packages[each].row({**dict(sorted(take.items())), **packages[each].license()})
            for each, take in sorted(libraries.items())
        ]
        lock["chromium"]["version"] = packages[BROWSER].fields["Version"].partition("-")[0]
    lock["chromium"]["platforms"]["linux-64"] = rows
    with LOCK.open("w", encoding="utf-8") as file:
        yaml.dump(lock, file)


if __name__ == "__main__":
    main()
