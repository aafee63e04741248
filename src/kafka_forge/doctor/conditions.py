"""The few kinds of condition that an entry of ``known.yaml`` may have; each tells by evidence whether it holds."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Annotated, Literal, Union

from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.version import InvalidVersion, Version
from pydantic import AfterValidator, BaseModel, ConfigDict

if TYPE_CHECKING:
    from kafka_forge.doctor.seen import Seen


def _specifier(text: str) -> str:
    try:
        SpecifierSet(text)
    except InvalidSpecifier as error:
        raise ValueError(str(error)) from error
    return text


Versions = Annotated[str, AfterValidator(_specifier)]


def fits(version: str | None, versions: str) -> bool:
    """Return whether a version is among those that a specifier names; one that does not parse is among none.

    >>> fits("2.5.0", ">=2.5,<2.5.3"), fits("2.5.3", ">=2.5,<2.5.3"), fits(None, "")
    (True, False, False)
    """
    if version is None:
        return False
    try:
        return SpecifierSet(versions).contains(Version(version), prereleases=True)
    except InvalidVersion:
        return False


class _Condition(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Distribution(_Condition):
    """A distribution is there in one of these versions."""

    distribution: str
    versions: Versions = ""

    def holds(self, seen: Seen, client: str) -> str | None:  # noqa: ARG002  (all of them are asked alike)
        """Return what shows that it holds; None where it does not."""
        version = seen.version(self.distribution)
        return f"{self.distribution} {version}" if fits(version, self.versions) else None


class Absent(_Condition):
    """None of these distributions is there."""

    absent: tuple[str, ...]

    def holds(self, seen: Seen, client: str) -> str | None:  # noqa: ARG002
        """Return what shows that it holds; None where it does not."""
        there = [name for name in self.absent if seen.version(name) is not None]
        return None if there else f"not installed: {', '.join(self.absent)}"


class Python(_Condition):
    """The interpreter is of one of these versions."""

    python: Versions

    def holds(self, seen: Seen, client: str) -> str | None:  # noqa: ARG002
        """Return what shows that it holds; None where it does not."""
        return f"Python {seen.python.version}" if fits(seen.python.version, self.python) else None


class Librdkafka(_Condition):
    """The client runs on a librdkafka of one of these versions, whatever package it comes from."""

    librdkafka: Versions

    def holds(self, seen: Seen, client: str) -> str | None:
        """Return what shows that it holds; None where it does not."""
        version = seen.librdkafka(client)
        return f"{client} runs on librdkafka {version}" if fits(version, self.librdkafka) else None


class FeatureMissing(_Condition):
    """The client's librdkafka tells its features, and this one is not among them."""

    feature_missing: str

    def holds(self, seen: Seen, client: str) -> str | None:
        """Return what shows that it holds; None where it does not."""
        features = seen.features(client)
        if features is None or self.feature_missing in features:
            return None
        return f"builtin.features of {client}'s librdkafka has no {self.feature_missing}"


class Bundled(_Condition):
    """The client's librdkafka is a copy inside its wheel, or is not."""

    bundled: bool

    def holds(self, seen: Seen, client: str) -> str | None:
        """Return what shows that it holds; None where it does not."""
        imported = seen.clients.get(client)
        paths = [library.path for library in imported.librdkafka] if imported else []
        bundled = [path for path in paths if re.search(r"[/\\][^/\\]+\.(libs|dylibs)[/\\]", path)]
        if not paths or bool(bundled) is not self.bundled:
            return None
        return f"loaded: {(bundled or paths)[0]}"


class ImportFails(_Condition):
    """A module of the client fails to import with an error that this pattern is found in."""

    import_fails: str
    says: str

    def holds(self, seen: Seen, client: str) -> str | None:
        """Return what shows that it holds; None where it does not."""
        imported = seen.clients.get(client)
        ended = imported.imports.get(self.import_fails) if imported else None
        if ended is None or ended.error is None or not re.search(self.says, ended.error):
            return None
        return f"import {self.import_fails}: {ended.error}"


class CMode(_Condition):
    """pykafka's C extension is missing, or its consumer is refused by librdkafka."""

    c_mode: Literal["missing", "refused"]

    def holds(self, seen: Seen, client: str) -> str | None:
        """Return what shows that it holds; None where it does not."""
        imported = seen.clients.get(client)
        mode = imported.c_mode if imported else None
        if mode is None:
            return None
        if self.c_mode == "missing":
            return None if mode.there else f"pykafka.rdkafka._rd_kafka: {(mode.error or '').partition(' (')[0]}"
        return mode.refused


Condition = Union[  # noqa: UP007  (pydantic reads it when it runs, on Python 3.10 too)
    Distribution, Absent, Python, Librdkafka, FeatureMissing, Bundled, ImportFails, CMode
]
