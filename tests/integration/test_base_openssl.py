"""What OpenSSL loads at run time, with the real client: the legacy provider, for old keystores, and engines.

The keystore is as OpenSSL 1.1 and old Javas write it: the certificates are encrypted with RC2 of 40 bits. librdkafka's
CONFIGURATION.md says how it is read: `ssl.providers=default,legacy`. Nothing is activated, so nothing names folders.
"""

from __future__ import annotations

import json
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from kafka_forge import bases, brokers, platforms
from kafka_forge.brokers import admin, security
from kafka_forge.channels.solving import solve
from kafka_forge.environments import activation, environment
from kafka_forge.ground import processes
from kafka_forge.ground.paths import Cache
from kafka_forge.ground.progress import Silent

from .security_clients import Client, installed

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from kafka_forge.brokers.security.pasting import Access

pytestmark = [
    pytest.mark.integration,
    pytest.mark.skipif(platforms.current() != "linux-64", reason="the emulators are locked for linux-64 only"),
]

HERE = Path(__file__).parent
PASSWORD = "it, is=me"
PLATFORMS = ["linux-64", "win-64", "linux-aarch64", "linux-ppc64le"]


@dataclass(frozen=True, slots=True)
class OpenSsl:
    """The embedded base's OpenSSL on this machine, in an environment of its own."""

    prefix: Path

    def run(self, *arguments: str | Path) -> str:
        done = subprocess.run(
            [self.prefix / "bin" / "openssl", *arguments],
            env={"PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8"},
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout


@pytest.fixture(scope="module")
def openssl(tmp_path_factory: pytest.TempPathFactory) -> OpenSsl:
    cache = Cache.default()
    channel = bases.select("embedded", "linux-64", cache, Silent()).channel
    prefix = tmp_path_factory.mktemp("openssl") / "prefix"
    environment.link(solve(["openssl"], [channel], "linux-64", what="OpenSSL alone"), "linux-64", cache, prefix)
    return OpenSsl(prefix)


@pytest.fixture(scope="module")
def access() -> Iterator[Access]:
    """A broker that knows its users by their certificates, and how its administrator gets in."""
    plan = security.chosen(tls=True, sasl=[], acl=True)
    with brokers.start(brokers.DEFAULT, Cache.default(), Silent(), security=plan) as broker:
        admin.create_topics(broker.address, {"t": 1}, watch=broker.check)
        assert broker.secured is not None
        yield broker.secured.access("admin")


@pytest.fixture(scope="module")
def keystore(access: Access, openssl: OpenSsl, tmp_path_factory: pytest.TempPathFactory) -> Path:
    assert access.certificate
    assert access.key
    made = tmp_path_factory.mktemp("keystore") / "old.p12"
    pair: list[str | Path] = ["-in", access.certificate, "-inkey", access.key]
    openssl.run("pkcs12", "-export", "-legacy", *pair, "-out", made, "-passout", f"pass:{PASSWORD}")
    return made


@pytest.fixture(scope="module", params=PLATFORMS)
def client(request: pytest.FixtureRequest) -> Iterator[Client]:
    with installed("python-confluent-kafka", request.param) as made:
        yield made


def ask(client: Client, value: str, told: Mapping[str, str]) -> Any:
    """Let the client write a value and read it back, with no variable of an activation; return what it answers."""
    runner = client.made.runner
    assert runner is not None
    environ = {
        name: text
        for name, text in activation.variables(client.made).items()
        if not name.startswith(("SSL_", "OPENSSL_"))
    }
    done = processes.run(
        runner.command([client.made.interpreter, "-m", "inside_confluent", value, json.dumps(told)]),
        environment={**environ, "PYTHONPATH": client.path(HERE)},
        timeout=60 * runner.slowness,
    )
    text = done.output.decode(errors="replace")
    assert done.returncode == 0, text[-4000:]
    return json.loads([line for line in text.splitlines() if line.startswith('"')][-1])


def settings(client: Client, access: Access, **more: str) -> dict[str, str]:
    """Return what leads to the broker, without the user's certificate."""
    assert access.ca
    told = {"bootstrap.servers": access.addresses, "security.protocol": access.protocol}
    told["ssl.ca.location"] = client.path(access.ca)
    return told | {name.replace("_", "."): value for name, value in more.items()}


def test_an_old_keystore_lets_a_client_in(client: Client, access: Access, keystore: Path) -> None:
    of_keystore = {"ssl_keystore_location": client.path(keystore), "ssl_keystore_password": PASSWORD}
    told = settings(client, access, **of_keystore, ssl_providers="default,legacy")
    assert ask(client, "by an old keystore", told) == "by an old keystore"
    # it is an old one
    refused = ask(client, "", settings(client, access, **of_keystore))
    assert "unsupported" in refused
    assert "not made" in refused


def test_openssls_settings_may_load_the_legacy_provider(openssl: OpenSsl, keystore: Path, tmp_path: Path) -> None:
    """As one switches it on for programs that have no setting of their own for it."""
    told = tmp_path / "openssl.cnf"
    told.write_text(
        "openssl_conf = all\n[all]\nproviders = both\n[both]\ndefault = on\nlegacy = on\n[on]\nactivate = 1\n"
    )
    read = subprocess.run(
        [openssl.prefix / "bin" / "openssl", "pkcs12", "-in", keystore, "-passin", f"pass:{PASSWORD}", "-nodes"],
        env={"PATH": "/usr/bin:/bin", "OPENSSL_CONF": str(told)},
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    )
    assert "BEGIN CERTIFICATE" in read.stdout
    assert "BEGIN PRIVATE KEY" in read.stdout


# --- engines ---------------------------------------------------------------------------------------------------------


def test_the_folders_are_those_of_the_prefix(openssl: OpenSsl) -> None:
    assert openssl.run("version", "-m").strip() == f'MODULESDIR: "{openssl.prefix}/lib/ossl-modules"'
    assert openssl.run("version", "-e").strip() == f'ENGINESDIR: "{openssl.prefix}/lib/engines-3"'
    assert "(padlock)" in openssl.run("engine", "padlock")
    assert "(loader_attic)" in openssl.run("engine", "loader_attic")


@pytest.fixture(scope="module", params=[each for each in PLATFORMS if each.startswith("linux-")])
def on_linux(request: pytest.FixtureRequest) -> Iterator[Client]:
    """Windows' OpenSSL loads none, on conda-forge neither (it is configured with `no-module`)."""
    with installed("python-confluent-kafka", request.param) as made:
        yield made


def test_an_engine_that_is_not_there_is_looked_for(on_linux: Client, access: Access) -> None:
    """Without engines in OpenSSL, librdkafka has no such setting: "not supported in this build".

    No engine is loaded here: that is librdkafka's part, and its own.
    """
    path = on_linux.made.prefix / "lib" / "engines-3" / "absent.so"
    refused = ask(on_linux, "", settings(on_linux, access, ssl_engine_location=on_linux.path(path)))
    assert "ENGINE_ctrl_cmd_string LOAD" in refused
