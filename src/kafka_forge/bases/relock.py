"""Make the locks of the base channel's Python side anew: ``python -m kafka_forge.bases.relock [--keep] [LOCK …]``.

For maintainers. Reads ``bootstrap/python/wanted.yaml``; pip chooses the wheels, the machine's apt and Maven settings
serve the rest; every file is downloaded once for its sha256. With ``--keep``, what the locks have stays, and only what
they lack is looked for: a Python more for a platform does not move the versions of all others.
"""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
import tempfile
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from packaging.utils import canonicalize_name
from ruamel.yaml import YAML

from kafka_forge.bases.python_locks import Interpreters, Libraries, Wheels, load
from kafka_forge.errors import LockInvalid, SourceUnreachable
from kafka_forge.ground.files import write_text_atomic
from kafka_forge.ground.paths import project_root
from kafka_forge.ground.progress import Silent
from kafka_forge.sources import DebianBinary, DebianSource, Maven, PythonIndex

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from kafka_forge.bases.python_locks import Wheel
    from kafka_forge.sources import Provider, Source

Wanted = dict[str, Any]

_KNOWN: dict[str, str] = {}
"""Place in words → sha256, of the files whose sums are not asked for again."""


def main(arguments: Sequence[str]) -> None:
    """Write the locks named (all by default); ``--keep`` keeps what they have."""
    names = [each for each in arguments if each != "--keep"]
    for name, lock in locks(names, keep="--keep" in arguments).items():
        path = project_root() / "bootstrap" / "python" / f"{name}.json"
        write_text_atomic(path, json.dumps(lock, indent=2) + "\n")


def locks(names: Sequence[str], *, keep: bool) -> dict[str, Any]:
    """Return the locks named (all by default), as JSON.

    Args:
        names: ``interpreters``, ``libraries``, ``wheels``, ``beside``, ``vcruntime``.
        keep: whether what the locks on disk have stays. Then nothing is asked for that they do not lack.

    Raises:
        LockInvalid: pip finds no set of wheels, or a lock on disk cannot be read.
        SourceUnreachable: a file cannot be had.
    """
    root = project_root()
    wanted: Wanted = YAML(typ="safe").load((root / "bootstrap" / "python" / "wanted.yaml").read_text(encoding="utf-8"))
    makers: Mapping[str, Callable[[Wanted], Any]] = {
        "interpreters": interpreters,
        "libraries": libraries,
        "wheels": partial(wheels, kept=load(Wheels, root) if keep else None),
        "beside": beside,
        "vcruntime": vcruntime,
    }
    _KNOWN.clear()
    if keep:
        _KNOWN.update((place.where, source.sha256) for source in _locked() for place in source.providers)
    return {name: makers[name](wanted) for name in names or makers}


def _locked() -> Iterator[Source]:
    """Give every file that the locks name, but the wheels: pip tells their sums."""
    root = project_root()
    for interpreter in load(Interpreters, root).interpreters:
        yield from map(interpreter.source, interpreter.jars)
        for python in interpreter.debian.values():
            yield from (deb.source() for deb in (*python.debs, *python.libraries.values()))
            if source := python.upstream_source():
                yield source
    for library in load(Libraries, root).libraries:
        yield from (deb.source() for debs in (*library.debs.values(), library.headers.values()) for deb in debs)
    for sdists_there in load(Wheels, root).sdists.values():
        yield from (sdist.source() for sdist in sdists_there)


def interpreters(every: Wanted) -> Any:
    """Lock every release's jar for every platform that has one, and Debian's packages where they stand for one."""
    wanted = every["interpreters"]
    rows = []
    for release in wanted["releases"]:
        jars = {}
        python = ".".join(release.split(".")[:2])
        for platform, classifier in wanted["classifiers"].items():
            if python in wanted["absent"].get(platform, {}) or platform in _debian(every, python):
                continue
            place = Maven(group="org.bytedeco", artifact="cpython", version=release, classifier=classifier)
            jars[platform] = {"classifier": classifier, "sha256": _sha256(place)}
        rows.append({"release": release, "jars": jars})
        debian = {platform: _debian_python(every, platform, row) for platform, row in _debian(every, python).items()}
        if debian:
            rows[-1]["debian"] = debian
    source = DebianSource(**wanted["modules_source"])
    return {
        "interpreters": rows,
        "absent": wanted["absent"],
        "modules_source": source.model_dump(exclude_none=True),
        "modules_source_sha256": _sha256(source),
    }


def _debian(every: Wanted, python: str) -> Mapping[str, Any]:
    """Return conda subdir → what of Debian's makes this Python there."""
    rows = [row for row in every["interpreters"]["debian"] if row["version"].startswith(f"{python}.")]
    return {platform: row for row in rows for platform in row["platforms"]}


def _debian_python(every: Wanted, platform: str, row: Mapping[str, Any]) -> Any:
    architecture = every["libraries"]["architectures"][platform]
    locked = {
        "version": row["version"],
        "debs": _debs(dict.fromkeys(row["packages"], row["from"]), architecture),
        "libraries": {soname: _debs(package, architecture)[0] for soname, package in row["libraries"].items()},
        "elsewhere": row["elsewhere"],
    }
    if "upstream" in row:
        upstream = DebianSource(**row["upstream"])
        locked |= {"upstream": upstream.model_dump(exclude_none=True), "upstream_sha256": _sha256(upstream)}
    return locked | {key: row[key] for key in ("without",) if key in row}


def libraries(every: Wanted) -> Any:
    """Lock Debian's packages of every library for every architecture."""
    wanted = every["libraries"]
    rows = []
    for library in wanted["packages"]:
        row = {key: value for key, value in library.items() if key not in ("packages", "headers")}
        row["debs"], row["headers"] = {}, {}
        for platform, architecture in wanted["architectures"].items():
            row["debs"][platform] = _debs(library["packages"], architecture)
            if "headers" in library:
                row["headers"][platform] = _debs(library["headers"], architecture)[0]
        rows.append(row)
    return {"libraries": rows, "elsewhere": wanted["elsewhere"]}


def _debs(packages: Mapping[str, Sequence[str]], architecture: str) -> list[Any]:
    debs = []
    for package, (version, source, *suite) in packages.items():
        at = {"package": package, "version": version, "architecture": architecture, "source": source}
        place = DebianBinary.model_validate(at | ({"suite": suite[0]} if suite else {}))
        debs.append({"at": place.model_dump(exclude_none=True), "sha256": _sha256(place)})
    return debs


def beside(every: Wanted) -> Any:
    """Lock the groups, each without what `Wheels` and the groups before it have, whose versions it is held to."""
    held = {wheel.project: wheel.version for wheel in _of(load(Wheels, project_root()))}
    groups = {}
    for name, wanted in every["beside"].items():
        tags = {each: wanted.get("tags", every["wheels"]["tags"][each]) for each in wanted["platforms"]}
        group = {**every["wheels"], **wanted, "tags": tags, "sdists": {}, "names": every["beside_names"]}
        made = wheels({**every, "wheels": group}, held=held)
        made["pure"] = [row for row in made["pure"] if row["project"] not in held]
        made["binary"] = {
            platform: [row for row in rows if row["project"] not in held] for platform, rows in made["binary"].items()
        }
        groups[name] = {**made, "recipes": wanted["recipes"]}
        held |= {wheel.project: wheel.version for wheel in _of(Wheels.model_validate(made))}
    return {"groups": groups}


def _of(lock: Wheels) -> Iterator[Wheel]:
    yield from lock.pure
    for wheels_there in lock.binary.values():
        yield from wheels_there


def wheels(every: Wanted, kept: Wheels | None = None, held: Mapping[str, str] | None = None) -> Any:
    """Let pip choose: for the oldest Python first, and the same versions for the others where they have wheels.

    On the first platform pip also finds what the roots depend on. The other platforms take the wheels of the very same
    projects, so that one set of pure wheels serves all. Where ``kept`` serves a Python of a platform, its wheels stay.
    ``held`` is project → version, where a version is given.
    """
    wanted, absent = every["wheels"], every["interpreters"]["absent"]
    pythons: list[str] = wanted["pythons"]
    pure: dict[str, dict[str, Any]] = {}
    binary: dict[str, dict[str, dict[str, Any]]] = {}
    versions: dict[str, str] = dict(held or {})
    for platform, tags in wanted["tags"].items():
        lacking = set(wanted["lacking"].get(platform, ()))
        projects = sorted({row["project"] for rows in binary.values() for row in rows.values()} - lacking)
        binary[platform] = {}
        for python in (each for each in pythons if each not in absent.get(platform, {})):
            none = wanted["lacking_for"].get(python, ())
            roots = [each for each in ["--no-deps", *projects] if each not in none] if projects else []
            roots = roots or [each for each in wanted["roots"] if each not in none]
            stays = _stays(kept, platform, python, pure=not projects) if kept else []
            for choice in stays or _choose(roots, python, tags, versions):
                versions.setdefault(choice["project"], choice["version"])
                shelf = pure if choice["file"].endswith("-none-any.whl") else binary[platform]
                row = shelf.setdefault(choice["file"], _row(choice, wanted["names"]))
                row["pythons"].append(python)
    _require_for_all({file: row for file, row in pure.items() if row["project"] not in (held or {})}, pythons)
    rows = {platform: sorted(files.values(), key=_order) for platform, files in binary.items()}
    for row in pure.values():
        del row["pythons"]
    pure_rows = sorted(pure.values(), key=_order)
    return {"pythons": pythons, "pure": pure_rows, "binary": rows, "sdists": sdists(every)}


def _stays(kept: Wheels, platform: str, python: str, *, pure: bool) -> list[dict[str, str]]:
    """Return the wheels of a lock for one Python of a platform, with the pure ones if asked for."""
    there = [wheel for wheel in kept.binary.get(platform, ()) if python in wheel.pythons]
    rows = [*there, *(kept.pure if pure and there else ())]
    return [wheel.model_dump(include={"project", "version", "file", "sha256"}) for wheel in rows]


def sdists(every: Wanted) -> Any:
    """Lock the source archives of projects that have no wheel for a platform."""
    return {
        platform: [
            {**row, "sha256": _sha256(PythonIndex(project=row["project"], file=row["file"]))} for row in projects
        ]
        for platform, projects in every["wheels"]["sdists"].items()
    }


def vcruntime(every: Wanted) -> Any:
    """Lock the wheel of Microsoft's C and C++ runtime; it has the same DLLs for every Python."""
    wanted = every["vcruntime"]
    roots = ["--no-deps", f"{wanted['project']}=={wanted['version']}"]
    (choice,) = _choose(roots, wanted["python"], every["wheels"]["tags"]["win-64"], {})
    return {"wheel": {"project": choice["project"], "package": wanted["package"], **choice}}


def _row(choice: Mapping[str, str], names: Mapping[str, str]) -> dict[str, Any]:
    project = choice["project"]
    return {"project": project, "package": names.get(project, project), **choice, "pythons": []}


def _order(row: Mapping[str, Any]) -> tuple[str, str]:
    return row["package"], row["file"]


def _require_for_all(pure: Mapping[str, Mapping[str, Any]], pythons: Sequence[str]) -> None:
    for file, row in pure.items():
        chosen = [each for each in pythons if each in row["pythons"]]  # on one platform or several
        if chosen != list(pythons):
            raise LockInvalid(
                f"{file} was chosen for Python {', '.join(chosen)} only",
                where="bootstrap/python/wanted.yaml",
                todo="name what asks for it among the roots, so that one version serves all Pythons.",
            )


def _choose(
    roots: Sequence[str], python: str, tags: Sequence[str], versions: Mapping[str, str]
) -> list[dict[str, str]]:
    """Ask pip which wheels it would install, holding it to ``versions`` where wheels of them exist for this Python."""
    held = dict(versions)
    while True:
        report = _pip_report(roots, python, tags, held)
        if isinstance(report, list):
            return report
        culprit = next((project for project in held if canonicalize_name(project) in report), None)
        if culprit is None:
            raise LockInvalid(
                f"pip finds no set of wheels for Python {python}",
                where="bootstrap/python/wanted.yaml",
                details=report.splitlines()[-8:],
                todo="change the roots or the tags.",
            )
        del held[culprit]


def _pip_report(
    roots: Sequence[str], python: str, tags: Sequence[str], versions: Mapping[str, str]
) -> list[dict[str, str]] | str:
    """Return the wheels chosen, or the text of pip's refusal."""
    with tempfile.TemporaryDirectory() as room:
        constraints, report = Path(room) / "constraints.txt", Path(room) / "report.json"
        constraints.write_text("".join(f"{name}=={version}\n" for name, version in versions.items()), encoding="utf-8")
        command = [sys.executable, "-m", "pip", "install", "--dry-run", "--ignore-installed"]
        command += ["--only-binary=:all:", "--implementation=cp", f"--python-version={python}", f"--target={room}/x"]
        command += [f"--abi={abi}" for abi in (f"cp{python.replace('.', '')}", "abi3", "none")]
        command += [f"--platform={tag}" for tag in tags]
        command += [f"--constraint={constraints}", f"--report={report}", *roots]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:  # which requirements are in each other's way is told only there
            return done.stdout.partition("The conflict is caused by:")[2] + done.stderr
        return [
            {
                "project": canonicalize_name(item["metadata"]["name"]),
                "version": item["metadata"]["version"],
                "file": item["download_info"]["url"].rsplit("/", 1)[-1],
                "sha256": item["download_info"]["archive_info"]["hashes"]["sha256"],
            }
            for item in json.loads(report.read_text(encoding="utf-8"))["install"]
        ]


def _sha256(place: Provider) -> str:
    from kafka_forge.sources.place import NotObtainedError

    if place.where in _KNOWN:
        return _KNOWN[place.where]
    with tempfile.TemporaryDirectory() as room, Silent().task(place.where) as task:
        file = Path(room) / "bytes"
        try:
            place.fetch(file, task)
        except NotObtainedError as error:
            raise SourceUnreachable(
                f"{place.where} cannot be had", where=place.where, details=[str(error)], todo="mend wanted.yaml."
            ) from error
        return hashlib.sha256(file.read_bytes()).hexdigest()


if __name__ == "__main__":
    main(sys.argv[1:])
