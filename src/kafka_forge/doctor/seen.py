"""What was seen of an environment: the evidence that findings are made of, as ``inside/look.py`` answers it."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict, Field


class Evidence(BaseModel):
    """What all of these share: they are not changed; what a newer `look` adds is kept out."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class Python(Evidence):
    """The interpreter."""

    executable: str
    version: str
    implementation: str
    prefix: str
    base_prefix: str
    free_threaded: bool = False
    gil: bool = True
    system: str = Field(description="platform.system() in lower case: linux, darwin, windows")
    machine: str = ""
    libc: str | None = None
    user_site: str = ""
    managed: bool = Field(default=False, description="pip refuses to install into it (PEP 668)")


class Distribution(Evidence):
    """A client's metadata folder (dist-info or egg-info) that the interpreter can see."""

    name: str = Field(description="as PEP 503 compares names")
    version: str | None
    path: str
    order: int = Field(description="the place of its folder on sys.path; the first one of a name is the one in use")
    installer: str | None = None
    tags: tuple[str, ...] = ()
    direct_url: str | None = None
    editable: bool = False
    listed: int = 0
    missing: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()


class CondaPackage(Evidence):
    """A record of ``conda-meta``."""

    name: str
    version: str
    build: str
    number: int | None = None
    channel: str | None = None


class Import(Evidence):
    """How the import of a module ended."""

    ok: bool
    file: str | None = None
    version: str | None = None
    error: str | None = None
    gil: dict[str, Any] | None = None
    seconds: float = 0.0


class Library(Evidence):
    """A librdkafka or an OpenSSL that a process has loaded."""

    path: str
    version: str | None = None
    number: int | None = None
    features: tuple[str, ...] | None = None
    error: str | None = None


class CMode(Evidence):
    """Whether pykafka's C extension imports (``there``), and why its consumer does not start (``refused``)."""

    there: bool
    error: str | None = None
    file: str | None = None
    refused: str | None = None
    untold: str | None = None


class Imported(Evidence):
    """What a process of its own saw that imported one client, or all of them."""

    imports: dict[str, Import] = {}
    c_mode: CMode | None = None
    refused: str | None = None
    told: bool = False
    librdkafka: tuple[Library, ...] = ()
    says: str | None = Field(default=None, description="librdkafka's version as the client has it")
    openssl: tuple[Library, ...] = ()
    status: int | None = 0
    hung: bool = False
    said: tuple[str, ...] = ()


class Certificates(Evidence):
    """Which CA certificates OpenSSL (``file``, ``folder``) and a librdkafka that probes would take."""

    file: str | None = None
    folder: str | None = None
    found: tuple[str, ...] = ()
    probed: tuple[str, ...] = ()
    openssl: str = ""


class Kerberos(Evidence):
    """What librdkafka needs for GSSAPI."""

    kinit: str | None = None
    plugins: tuple[str, ...] = ()


class Certificate(Evidence):
    """The certificate that a listener shows; times by ISO 8601, UTC."""

    subject: str
    issuer: str
    names: tuple[str, ...] = ()
    not_before: str
    not_after: str


class BrokerSeen(Evidence):
    """How far one gets with a listener: ``stage`` is the last thing that was tried, or ``answers``."""

    address: str
    protocol: str = Field(description="security.protocol as it was asked for")
    stage: str = Field(description="name, connect, ask or answers")
    error: str | None = None
    listener: str | None = Field(default=None, description="what the listener speaks: plain or tls")
    tls: str | None = None
    certificate: Certificate | None = None
    distrust: str | None = Field(default=None, description="why the certificate is not believed")
    distrust_code: int | None = Field(default=None, description="X509_V_ERR of OpenSSL")
    mechanisms: tuple[str, ...] | None = Field(default=None, description="SASL's; null of a listener without SASL")
    release: str | None = None
    apis: dict[str, tuple[int, int]] = {}
    topic_error: str | None = Field(default=None, description="why no topic could be made for the round trips")


class Exchange(Evidence):
    """A round trip of one client in one mode, on a topic of its own."""

    client: str
    mode: str
    asked: int
    sent: int = 0
    received: int = 0
    seconds: float = 0.0
    error: str | None = None
    untried: str | None = None
    hung: bool = False
    said: tuple[str, ...] = ()


class Seen(Evidence):
    """All of it."""

    python: Python
    path: tuple[str, ...] = ()
    variables: dict[str, str] = {}
    distributions: tuple[Distribution, ...] = ()
    others: dict[str, str] = {}
    conda: tuple[CondaPackage, ...] = ()
    certificates: Certificates = Certificates()
    kerberos: Kerberos = Kerberos()
    present: tuple[str, ...] = ()
    clients: dict[str, Imported] = {}
    together: Imported | None = None
    broker: BrokerSeen | None = None
    exchanges: tuple[Exchange, ...] = ()

    def version(self, distribution: str) -> str | None:
        """Return the version of a distribution; None where it is not there.

        Of several, it is that which a module says it has, or else the first one on ``sys.path``.
        """
        own = sorted((each for each in self.distributions if each.name == distribution), key=lambda each: each.order)
        if not own:
            return self.others.get(distribution)
        told = {ended.version for client in self.clients.values() for ended in client.imports.values()}
        return next((each.version for each in own if each.version in told), own[0].version)

    def librdkafka(self, client: str) -> str | None:
        """Return the version of the librdkafka that a client runs on; None where there is none, or it is not told."""
        imported = self.clients.get(client)
        if imported is None:
            return None
        versions = [library.version for library in imported.librdkafka if library.version]
        return versions[0] if versions else imported.says

    def features(self, client: str) -> frozenset[str] | None:
        """Return the features of that librdkafka; None where they are not told."""
        imported = self.clients.get(client)
        told = [library.features for library in imported.librdkafka if library.features] if imported else []
        return frozenset(told[0]) if told else None
