"""The form of a document, as far as it is read here: CycloneDX's schema lets more be left out, and has more."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

from packageurl import PackageURL
from pydantic import AfterValidator, BaseModel, Field, ValidationError

if TYPE_CHECKING:
    from kafka_forge.values.model import JsonObject

_SHOWN = 5


def _purl(text: str) -> str:
    PackageURL.from_string(text)
    return text


_Purl = Annotated[str, AfterValidator(_purl)]


class _Property(BaseModel):
    name: str
    value: str = ""


class _License(BaseModel):
    id: str | None = None
    name: str | None = None


class _Choice(BaseModel):
    expression: str | None = None
    license: _License = _License()


class _Hash(BaseModel):
    alg: str
    content: str


class _Reference(BaseModel):
    url: str


class _Component(BaseModel):
    reference: str = Field(alias="bom-ref")
    name: str
    version: str = ""
    purl: _Purl | None = None
    licenses: list[_Choice] = []
    hashes: list[_Hash] = []
    references: list[_Reference] = Field([], alias="externalReferences")
    properties: list[_Property] = []


class _Part(_Component):
    scope: Literal["required", "optional", "excluded"]


class _Issue(BaseModel):
    id: str | None = None
    name: str = ""
    description: str = ""


class _Patch(BaseModel):
    diff: _Reference
    resolves: list[_Issue] = Field(min_length=1)


class _Pedigree(BaseModel):
    ancestors: list[_Component] = []
    patches: list[_Patch] = []


class _Subject(_Component):
    version: str
    purl: _Purl
    pedigree: _Pedigree = _Pedigree()


class _Tool(BaseModel):
    name: str
    version: str


class _Tools(BaseModel):
    components: list[_Tool]


class _Metadata(BaseModel):
    component: _Subject
    timestamp: str
    tools: _Tools


class _Document(BaseModel):
    version_of_format: str = Field(alias="specVersion", pattern=r"^\d+\.\d+$")
    serial: str = Field(alias="serialNumber")
    metadata: _Metadata
    components: list[_Part] = []


def faults(data: JsonObject) -> list[str]:
    """Return where a CycloneDX document is of another form than this toolkit writes and reads.

    >>> faults({"specVersion": "1.6", "serialNumber": "urn:uuid:0"})
    ['metadata is not as in each of these documents: Field required']
    """
    try:
        _Document.model_validate(data)
    except ValidationError as error:
        wrong = ((".".join(map(str, each["loc"])), each["msg"]) for each in error.errors()[:_SHOWN])
        return [f"{place} is not as in each of these documents: {why}" for place, why in wrong]
    return []
