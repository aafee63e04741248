"""A new recipe: its sdist is looked for and read, the files are written beside the others, and looked at."""

from __future__ import annotations

import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from packaging.requirements import InvalidRequirement, Requirement

from kafka_forge import platforms
from kafka_forge.auditing.audit import contracts
from kafka_forge.bumping import versions
from kafka_forge.contracts.loading import load_contract
from kafka_forge.engine import engine
from kafka_forge.errors import ChecksumMismatch, PackageInvalid, RecipeThere, SourceUnreachable, UnknownPackage
from kafka_forge.feedstocks import linting
from kafka_forge.ground.files import Store, atomic_path, sha256_of
from kafka_forge.patching import source
from kafka_forge.planning import plan
from kafka_forge.scenarios.catalogue import SCENARIOS
from kafka_forge.sketching import promises, sdist, writing
from kafka_forge.sketching.names import Names, normal
from kafka_forge.sources import NotObtainedError, PythonIndex
from kafka_forge.sources.python_index import files_of
from kafka_forge.values import python_names
from kafka_forge.values.selection import Selection

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from packaging.version import Version

    from kafka_forge.feedstocks.linting import Finding
    from kafka_forge.ground.paths import Cache
    from kafka_forge.ground.progress import Progress
    from kafka_forge.sources.index_page import IndexFile

_PREFIX = "pypi:"
_ENDING = ".tar.gz"


@dataclass(frozen=True, slots=True)
class Sketched:
    """A new recipe.

    Attributes:
        name: the recipe's.
        version: the package's version.
        files: what was written, relative to the checkout.
        unknown: projects whose conda-forge names are to be looked up.
        findings: what conda-forge's rules find in it.
        scenario: whether messages can be passed through it.
    """

    name: str
    version: str
    files: tuple[str, ...]
    unknown: tuple[str, ...]
    findings: tuple[Finding, ...]
    scenario: bool


def new(spec: str, maintainers: Sequence[str], root: Path, cache: Cache, progress: Progress) -> Sketched:
    """Write the recipe of a project of the Python index: all its files, or none.

    Args:
        spec: ``pypi:NAME``, or ``pypi:NAME==VERSION``.
        maintainers: users of GitHub's; none leaves a placeholder.
        root: the checkout.
        cache: where the sdist is kept.
        progress: told what is fetched.

    Raises:
        UnknownPackage: it is no such spec, or the index has no sdist of it.
        RecipeThere: there is a recipe of that name.
        SourceUnreachable, ChecksumMismatch: the sdist cannot be had, or is not what the index states.
        PackageInvalid: the sdist does not say what it is.
        RecipeInvalid, ContractInvalid: what was written is not right; it is gone again.
    """
    wanted = _requirement(spec)
    file, version, stated = _chosen(wanted, _files(wanted))
    archive = _fetched(wanted.name, file, stated, Store(cache.store), progress)
    with tempfile.TemporaryDirectory(prefix="kafka-forge-new-") as room:
        folder = Path(room) / "source"
        folder.mkdir()
        source.unpack(source.Tree(file, "", archive), folder)
        said = sdist.read(folder)
    names = Names(root)
    name = names.of(said.project)
    target = root / "recipes" / name
    if target.exists():
        raise RecipeThere(
            f"there is a recipe {name}",
            where=str(target),
            todo=f"`kafka-forge bump {name}` brings it to another version.",
        )
    sketch = writing.Sketch(said, name, file, sha256_of(archive), maintainers, *_pythons(root))
    with atomic_path(target) as draft:
        _write(draft, sketch, names, root)
        findings = _looked_at(draft, sketch, root)
    files = tuple(path.relative_to(root).as_posix() for path in sorted(target.iterdir()))
    return Sketched(name, version, files, tuple(names.unknown), findings, name in SCENARIOS)


def _requirement(spec: str) -> Requirement:
    try:
        if spec.startswith(_PREFIX):
            return Requirement(spec.removeprefix(_PREFIX))
        why = f"it does not begin with {_PREFIX}"
    except InvalidRequirement as error:
        why = str(error).splitlines()[0]
    raise UnknownPackage(f"{spec!r} is no project: {why}", todo="name one as pypi:NAME or pypi:NAME==VERSION.")


def _files(wanted: Requirement) -> Mapping[str, IndexFile]:
    try:
        return files_of(wanted.name)
    except NotObtainedError as error:
        raise UnknownPackage(
            f"the Python index has no {wanted.name}", details=[str(error)], todo="see how the index spells it."
        ) from error


def _chosen(wanted: Requirement, files: Mapping[str, IndexFile]) -> tuple[str, str, str]:
    """Return the name, the version and the stated sum of the newest sdist that is asked for."""
    found: dict[Version, tuple[str, str, str]] = {}
    for name, file in files.items():
        project, _, version = name.removesuffix(_ENDING).rpartition("-")
        released = versions.released(version)
        ours = name.endswith(_ENDING) and normal(project) == normal(wanted.name) and not file.yanked
        if ours and released and wanted.specifier.contains(released):
            found[released] = (name, version, file.sha256)
    if not found:
        raise UnknownPackage(
            f"the Python index has no sdist of {wanted}",
            details=[f"it has {len(files)} files of {wanted.name}"],
            todo="name another version; a project without sdists takes a recipe by hand, from its repository.",
        )
    return found[max(found)]


def _fetched(project: str, file: str, stated: str, store: Store, progress: Progress) -> Path:
    place = PythonIndex(project=project, file=file)
    store.root.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".new-", dir=store.root) as room, progress.task(file) as task:
        draft = Path(room) / "bytes"
        try:
            place.fetch(draft, task)
        except NotObtainedError as error:
            raise SourceUnreachable(
                f"the index names {file}, and does not give it", details=[str(error)], todo="try again later."
            ) from error
        found = sha256_of(draft)
        if stated and stated != found:
            raise ChecksumMismatch(
                f"{file} is not the one that the index states; nothing was kept",
                where=place.where,
                details=[f"stated sha256 {stated}", f"found  sha256 {found}"],
                todo="do not trust it; try again when the index and its file agree.",
            )
        return store.get(found) or store.add(draft, found, origin=place.where)


def _pythons(root: Path) -> tuple[str, list[str]]:
    """Return conda-forge's oldest Python, and all that the recipes here are built for, oldest first."""
    from ruamel.yaml import YAML

    data = YAML(typ="safe").load((root / "recipes" / "variants.yaml").read_text(encoding="utf-8"))
    named = [python_names.named(str(each)) for each in data["python"]]
    plain = sorted({each for each in named if each and not each.endswith("t")}, key=python_names.order)
    return str(data["python_min"][0]), plain


def _write(draft: Path, sketch: writing.Sketch, names: Names, root: Path) -> None:
    draft.mkdir()
    texts = {
        "recipe.yaml": writing.recipe(sketch, names),
        "contract.yaml": promises.contract(sketch, contracts(root).get(sketch.name)),
        "sources.yaml": writing.hints(sketch),
        "conda-forge.yml": writing.settings(sketch),
    }
    for name, text in texts.items():
        (draft / name).write_text(text, encoding="utf-8")
    beside = sorted((root / "recipes").glob("*/record.py"))  # the same in every recipe
    if not beside:
        raise PackageInvalid("no recipe here has a record.py", where=str(root), todo="take it back from git.")
    shutil.copyfile(beside[0], draft / "record.py")


def _looked_at(draft: Path, sketch: writing.Sketch, root: Path) -> tuple[Finding, ...]:
    """Render, read and lint what was written, on every platform."""
    for platform in plan.platforms_of(Selection(platforms=("all",))):
        engine.render(draft, [root / "recipes" / "variants.yaml"], platform)
    load_contract(draft / "contract.yaml", platforms.current(), sketch.pythons[-1])
    return linting.lint(linting.read(sketch.name, draft, draft / "conda-forge.yml"), {})
