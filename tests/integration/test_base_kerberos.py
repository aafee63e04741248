"""Kerberos' programs come with librdkafka: a KDC of the environment's own gives tickets, to `kinit` and to the client.

librdkafka runs `kinit` itself (`sasl.kerberos.kinit.cmd`), so without the program GSSAPI by a keytab does not work.
"""

from __future__ import annotations

import json
import os
import socket
import subprocess
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from kafka_forge import platforms
from kafka_forge.brokers import ports
from kafka_forge.environments import activation

from .security_clients import installed

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = [
    pytest.mark.integration,
    pytest.mark.skipif(platforms.current() != "linux-64", reason="the embedded base's tools are for linux-64"),
]

REALM, PASSWORD, SECONDS = "FORGE.EXAMPLE", "it, is=me", 120.0
PRODUCER = """
import json, os, sys, time
from confluent_kafka import Producer
producer = Producer(json.loads(sys.argv[1]))
end = time.monotonic() + 60
while time.monotonic() < end and not os.path.exists(os.environ["KRB5CCNAME"]):
    producer.poll(0.1)
"""


@dataclass(frozen=True, slots=True)
class Realm:
    """An environment with our librdkafka, and a realm that its programs have made and serve."""

    prefix: Path
    folder: Path
    variables: dict[str, str]

    @property
    def tickets(self) -> Path:
        return self.folder / "tickets"

    @property
    def keytab(self) -> Path:
        return self.folder / "me.keytab"

    def run(self, *command: str | Path, told: str = "") -> subprocess.CompletedProcess[str]:
        """Run one of the programs, with ``told`` as its input."""
        return subprocess.run(
            command, env=self.variables, input=told, capture_output=True, text=True, check=False, timeout=SECONDS
        )

    def done(self, *command: str | Path) -> str:
        found = self.run(*command)
        assert found.returncode == 0, (command, found.stdout, found.stderr)
        return found.stdout


def settled(prefix: Path, folder: Path, variables: dict[str, str], port: int) -> Realm:
    """Write the realm's settings."""
    (folder / "krb5.conf").write_text(
        f"[libdefaults]\n default_realm = {REALM}\n dns_lookup_kdc = false\n rdns = false\n"
        f"[realms]\n {REALM} = {{\n  kdc = 127.0.0.1:{port}\n }}\n"
    )
    (folder / "kdc.conf").write_text(
        f"[realms]\n {REALM} = {{\n  database_name = {folder}/principal\n  key_stash_file = {folder}/stash\n"
        f"  acl_file = {folder}/acl\n  kdc_listen = 127.0.0.1:{port}\n  kdc_tcp_listen = 127.0.0.1:{port}\n }}\n"
    )
    path = f"{prefix / 'bin'}:{prefix / 'sbin'}:{variables['PATH']}"
    told = {"KRB5_CONFIG": f"{folder}/krb5.conf", "KRB5_KDC_PROFILE": f"{folder}/kdc.conf", "PATH": path}
    return Realm(prefix, folder, {**variables, **told, "KRB5CCNAME": f"{folder}/tickets"})


def answers(port: int, server: subprocess.Popen[bytes]) -> bool:
    """Tell whether the server is up; raise once it has ended."""
    assert server.poll() is None, "the KDC has ended"
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except OSError:
        return False
    return True


@pytest.fixture(scope="module")
def realm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Realm]:
    folder, (port,) = tmp_path_factory.mktemp("realm"), ports.lasting(1)
    with installed("python-confluent-kafka", "linux-64") as client:
        made = settled(client.made.prefix, folder, activation.variables(client.made), port)
        made.done("kdb5_util", "create", "-s", "-r", REALM, "-P", "the database's")
        made.done("kadmin.local", "-q", f'addprinc -pw "{PASSWORD}" me')
        made.done("kadmin.local", "-q", "addprinc -randkey kafka/localhost")
        made.done("kadmin.local", "-q", "addprinc -randkey robot")
        made.done("kadmin.local", "-q", f"ktadd -k {made.keytab} robot")
        with (folder / "kdc.log").open("wb") as log:
            server = subprocess.Popen(["krb5kdc", "-n"], env=made.variables, stdout=log, stderr=log)
        try:
            end = time.monotonic() + SECONDS
            while not answers(port, server):
                assert time.monotonic() < end
                time.sleep(0.1)
            yield made
        finally:
            server.terminate()
            server.wait(SECONDS)


@pytest.fixture(autouse=True)
def no_tickets(realm: Realm) -> None:
    realm.tickets.unlink(missing_ok=True)


@pytest.mark.parametrize("program", ["kinit", "klist", "kvno", "kdestroy"])
def test_the_programs_are_those_of_the_library(realm: Realm, program: str) -> None:
    assert (realm.prefix / "bin" / program).is_file()
    found = realm.run(program, "-V") if program in ("klist",) else realm.run(program, "--no-such-option")
    said = found.stdout + found.stderr
    assert "Kerberos 5 version 1." in said if program == "klist" else "sage: " in said


def test_a_user_gets_tickets(realm: Realm) -> None:
    """With a password first, then for the broker by what that gave."""
    assert realm.run("klist", "-s").returncode == 1, "there are none before"
    refused = realm.run("kinit", "me", told="another\n")
    assert "Password incorrect" in refused.stderr
    assert realm.run("kinit", "me", told=f"{PASSWORD}\n").returncode == 0
    assert f"krbtgt/{REALM}@{REALM}" in realm.done("klist")
    realm.done("kvno", "kafka/localhost")
    assert f"kafka/localhost@{REALM}" in realm.done("klist")
    realm.done("kdestroy")
    assert not realm.tickets.exists()


def test_librdkafka_gets_its_ticket_by_a_keytab(realm: Realm) -> None:
    """By its own default command; the broker's address leads nowhere."""
    told = {
        "bootstrap.servers": "127.0.0.1:9",
        "security.protocol": "SASL_PLAINTEXT",
        "sasl.mechanism": "GSSAPI",
        "sasl.kerberos.principal": "robot",
        "sasl.kerberos.keytab": os.fspath(realm.keytab),
        "log_level": 0,
    }
    realm.done(realm.prefix / "bin" / "python", "-c", PRODUCER, json.dumps(told))
    assert f"Default principal: robot@{REALM}" in realm.done("klist")
