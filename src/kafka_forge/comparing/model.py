"""The shape of a comparison; ``schemas/diff.schema.json`` is its published JSON schema."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from kafka_forge.values.model import Kind, Verdict  # noqa: TC001  (pydantic reads it)


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Content(_Part):
    """A file's content. The environment's own path counts as a word, so that two environments can be compared."""

    size: int = Field(ge=0, description="bytes")
    sha256: str


class Librdkafka(_Part):
    """The librdkafka that was loaded once the client's modules were imported."""

    path: str = Field(description="relative to the prefix where it is inside it")
    version: str | None = Field(description="as the library says itself; null where it cannot be asked")
    features: list[str] = Field(description="builtin.features, sorted")


class Face(_Part):
    """What one package shows."""

    spec: str = Field(description="as it was asked for")
    kind: Kind
    name: str
    version: str
    build: str = Field(description="the conda build string, or the wheel's tags")
    platform: str
    python: str | None
    sha256: str
    size: int = Field(description="of the package's file, bytes")
    files: dict[str, Content] = Field(
        description="file -> content, as installed; the parts of names that differ by themselves are left out: the "
        "version in .dist-info, the hash that auditwheel and delocate add to a library's name"
    )
    depends: list[str] = Field(description="run dependencies, as the package states them")
    run_exports: list[str] = Field(description="kind: spec")
    environment: dict[str, str] = Field(description="package -> version, all that stood in the fresh environment")
    librdkafka: Librdkafka | None = Field(description="null where not exactly one was loaded, or nothing could be run")
    symbols: dict[str, list[str]] = Field(description="binary -> the names that it exports, sorted")
    floors: dict[str, str | None] = Field(
        description="glibc and macOS: what is declared, and what the binaries need; null where nothing says so"
    )


class Change(_Part):
    """Something that both have, and not alike."""

    name: str
    a: str
    b: str


class Section(_Part):
    """One kind of thing, compared."""

    title: str
    added: list[str] = Field(description="what only B has")
    removed: list[str] = Field(description="what only A has")
    changed: list[Change]
    same: int = Field(ge=0, description="how many are alike in both")


class JudgedCheck(_Part):
    """What a contract's check says about each."""

    id: str
    broker: str | None
    a: Verdict | None = Field(description="null where the check was not asked of it")
    b: Verdict | None
    said: list[str] = Field(description="the summaries of both, A's first; one where they are alike")


class Diff(_Part):
    """Two packages beside one another."""

    what: Literal["diff"] = "diff"
    format: Literal[1] = 1
    a: Face
    b: Face
    sections: list[Section]
    checks: list[JudgedCheck] | None = Field(description="null where they were not held to contracts")

    @property
    def differs(self) -> bool:
        """Whether anything at all differs."""
        found = any(each.added or each.removed or each.changed for each in self.sections)
        return found or any(each.a != each.b for each in self.checks or ())
