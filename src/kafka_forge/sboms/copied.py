"""``sbom.yaml`` beside a recipe: what of other projects stands in its sources, and is in the package.

Nobody's build system tells this, and projects that copy say it in prose. So it is data that a person reads out of the
sources, and that every build holds against them: the files must be there, what is noted of a version must still be
said, and each text of a license must have its place here.
"""

from __future__ import annotations

import re
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from packaging.licenses import InvalidLicenseExpression, canonicalize_license_expression
from pydantic import Field, ValidationError, field_validator
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from kafka_forge.errors import RecipeInvalid
from kafka_forge.ground import archives
from kafka_forge.sboms.facts import Piece, Role
from kafka_forge.values import selectors
from kafka_forge.values.contract import Model

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

NAME = "sbom.yaml"
_TEXT = re.compile(r"(licen[cs]es?|copying|notice)([._-].*)?", re.IGNORECASE)
_OWN = re.compile(r"(licen[cs]e|copying)(\.(txt|md|rst))?", re.IGNORECASE)
_CODE = {".c", ".h", ".py", ".pyi", ".sh"}
"""Whose file's name tells of what it does."""
_LONGEST = 4 << 20  # bytes of a file that is looked into


class Copy(Model):
    """One project's code."""

    name: str
    version: str = ""
    """Or the revision that it was copied at."""
    license: str
    """An SPDX expression."""
    home: str = ""
    files: tuple[str, ...] = Field(min_length=1)
    """Its files in the sources, without the archive's own folder; a folder ends in ``/``."""
    text: str = ""
    """The file of the sources that has its license, where it is not in the files themselves."""
    says: dict[str, str] = Field(default_factory=dict)
    """File → words that stand in it as long as the version is this one."""
    note: str = ""

    @field_validator("license")
    @classmethod
    def _known(cls, value: str) -> str:
        try:
            return canonicalize_license_expression(value)
        except InvalidLicenseExpression as error:
            raise ValueError(str(error)) from error


class Copies(Model):
    """The file."""

    copied: tuple[Copy, ...] = ()
    not_in_it: dict[str, str] = Field(default_factory=dict)
    """Texts of licenses in the sources → why what they are about is not in the package."""

    def pieces(self) -> tuple[Piece, ...]:
        """Return what is copied."""
        return tuple(
            Piece(each.name, each.version, each.license, each.home, Role.COPIED, each.files, each.text, each.note)
            for each in self.copied
        )


def load(recipe_dir: Path, platform: str) -> Copies | None:
    """Return what a recipe says of copies, as it is for a platform; None where it has no ``sbom.yaml``.

    Raises:
        RecipeInvalid: the file is no YAML, or breaks its schema.
    """
    file = recipe_dir / NAME
    if not file.is_file():
        return None
    try:
        data = YAML(typ="safe").load(file.read_text(encoding="utf-8"))
        return Copies.model_validate(selectors.resolve(data or {}, platform))
    except (YAMLError, selectors.SelectorError) as error:
        raise RecipeInvalid(
            f"{NAME} cannot be read: {error}", where=str(file), todo="mend the file; CONTRIBUTING.md says how."
        ) from error
    except ValidationError as error:
        raise RecipeInvalid(
            f"{NAME} breaks its schema",
            where=str(file),
            details=[f"{'.'.join(map(str, each['loc'])) or '(top)'}: {each['msg']}" for each in error.errors()],
            todo="mend the keys named above; CONTRIBUTING.md says how.",
        ) from error


def check(copies: Copies, sources: Sequence[Path], where: Path) -> None:
    """Hold what a recipe says against its sources.

    Args:
        copies: what it says.
        sources: its archives; what is no archive is passed over.
        where: the file, for the error.

    Raises:
        RecipeInvalid: a file is not there, no longer says what is noted, or has a license that nothing here tells of.
        ArchiveRefused, ArchiveDamaged: as `archives.entries`.
    """
    asked = {name for each in copies.copied for name in each.says}
    names, read = _contents([file for file in sources if archives.format_of(file)], asked)
    if not names:
        return
    if problems := [*_absent(copies, names), *_silent(copies, read), *_untold(copies, names)]:
        raise RecipeInvalid(
            f"{NAME} does not fit the sources",
            where=str(where),
            details=problems,
            todo="read in the sources what is copied into them now, and write it down; CONTRIBUTING.md says how.",
        )


def _contents(sources: Sequence[Path], asked: set[str]) -> tuple[set[str], dict[str, str]]:
    names: set[str] = set()
    read: dict[str, str] = {}
    for file in sources:
        for entry in archives.entries(file):
            if entry.kind is archives.Kind.FILE:
                name = entry.name.partition("/")[2] or entry.name
                names.add(name)
                if name in asked and entry.size <= _LONGEST:
                    read[name] = entry.read().decode("utf-8", errors="replace")
    return names, read


def _absent(copies: Copies, names: set[str]) -> Iterator[str]:
    named = [*((each.name, file) for each in copies.copied for file in (*each.files, *filter(None, [each.text])))]
    named += [("not_in_it", file) for file in copies.not_in_it]
    for owner, file in named:
        if not (any(name.startswith(file) for name in names) if file.endswith("/") else file in names):
            yield f"{owner}: the sources have no {file}"


def _silent(copies: Copies, read: Mapping[str, str]) -> Iterator[str]:
    for each in copies.copied:
        for file, words in each.says.items():
            if words not in read.get(file, ""):
                yield f"{each.name}: {file} does not say {words!r}: is it another version?"


def _untold(copies: Copies, names: set[str]) -> Iterator[str]:
    told = {each.text for each in copies.copied} | copies.not_in_it.keys()
    for name in sorted(names - told):
        path = PurePosixPath(name)
        if path.suffix in _CODE:
            continue
        if _TEXT.fullmatch(path.name) and not (len(path.parts) == 1 and _OWN.fullmatch(path.name)):
            yield f"{name} is the text of a license: of what?"
