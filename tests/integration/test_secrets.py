"""Secrets never reach what is told or written: one is planted in every setting that takes one, and all is searched.

Everything fails here, since what fails tells the most; and the server shows each client its own request, as some do.
"""

from __future__ import annotations

import base64
import contextlib
import functools
import json
import os
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, Encoding, NoEncryption, PrivateFormat

from kafka_forge import brokers
from kafka_forge.bases.packing import Package, pack
from kafka_forge.brokers import security
from kafka_forge.brokers.security.plan import SCRAM
from kafka_forge.channels import channel
from kafka_forge.engine import engine
from kafka_forge.errors import BuildFailed
from kafka_forge.ground import archives
from kafka_forge.ground.paths import Cache
from kafka_forge.ground.progress import Silent
from tests.unit.proven import proven
from tests.unit.reports import whole

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from kafka_forge.brokers import Broker

pytestmark = [pytest.mark.integration, pytest.mark.first]
SECONDS = 300


class Echo(BaseHTTPRequestHandler):
    """Has an index of no packages under /open, and tells everybody else what he has sent."""

    def _answer(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        found = "/open/" in self.path and self.path.endswith("/repodata.json")
        content = b'{"packages": {}, "packages.conda": {}}' if found else f"{self.path}\n{self.headers}".encode()
        self.send_response(200 if found else 404 if "/open/" in self.path else 403)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        if self.command != "HEAD":
            with contextlib.suppress(ConnectionError):
                self.wfile.write(content)

    do_GET = do_HEAD = do_PUT = do_POST = do_PATCH = do_DELETE = _answer  # noqa: N815

    def log_message(self, *_: Any) -> None:
        pass


class Planted:
    """A user's machine on which every secret is marked, and the program on it."""

    def __init__(self, folder: Path, port: int) -> None:
        self.folder, self.port, self.secrets = folder, port, dict[str, str]()
        self.host = f"127.0.0.1:{port}"
        self.home, self.output, self.cache = (folder / name for name in ("home", "output", "cache"))
        self.indexes = self.cache / "packages" / "repodata"
        """What py-rattler has read of channels, with their addresses: in a folder that only its owner can look into."""
        self._write_home()
        self.environment = {name: value for name, value in os.environ.items() if not name.lower().endswith("_proxy")}
        self.environment |= {
            "HOME": str(self.home),
            "KAFKA_FORGE_CACHE": str(self.cache),
            "COLUMNS": "4000",  # no secret is broken by the end of a line
            "PIP_INDEX_URL": self.url("pip", "simple"),
            "PIP_EXTRA_INDEX_URL": f"http://{self.secret('pip-token')}@{self.host}/more",
            "PIP_RETRIES": "0",
            "CARGO_REGISTRY_TOKEN": self.secret("cargo"),
            "KAFKA_FORGE_TOKEN": self.secret("token"),
            "RATTLER_AUTH_FILE": str(self.home / "rattler.json"),
            "AWS_ACCESS_KEY_ID": "an-id",
            "AWS_SECRET_ACCESS_KEY": self.secret("aws"),
            "AWS_SESSION_TOKEN": self.secret("aws-session"),
            "AWS_ENDPOINT_URL_S3": f"http://{self.host}",
            "KAFKA_FORGE_KEY_PASSWORD": self.secret("key-password"),
            "GITHUB_ACTIONS": "true",
            "ACTIONS_ID_TOKEN_REQUEST_TOKEN": self.secret("job"),
            "ACTIONS_ID_TOKEN_REQUEST_URL": f"http://{self.host}/token?version=2",
        }

    def secret(self, place: str) -> str:
        return self.secrets.setdefault(place, f"Zq7-{place}-planted")

    def url(self, place: str, path: str) -> str:
        return f"http://{place}-user:{self.secret(place)}@{self.host}/{path}"

    def _write_home(self) -> None:
        """Write what holds a secret because that is what it is for: into the home folder, which is not searched."""
        (self.home / ".m2").mkdir(parents=True)
        mirror = f"<mirror><id>here</id><mirrorOf>central</mirrorOf><url>{self.url('maven', 'maven2')}</url></mirror>"
        password = (
            f"<server><id>here</id><username>u</username><password>{self.secret('maven-server')}</password></server>"
        )
        (self.home / ".m2" / "settings.xml").write_text(
            f"<settings><mirrors>{mirror}</mirrors><servers>{password}</servers></settings>"
        )
        (self.home / ".netrc").write_text(f"machine 127.0.0.1 login me password {self.secret('netrc')}\n")
        (self.home / ".netrc").chmod(0o600)
        (self.home / "rattler.json").write_text(json.dumps({"127.0.0.1": {"BearerToken": self.secret("rattler")}}))
        (self.home / "client.properties").write_text(
            "security.protocol=SASL_SSL\nsasl.mechanism=PLAIN\nsasl.username=me\n"
            f"sasl.password={self.secret('sasl')}\nssl.key.password={self.secret('key')}\n"
            f"ssl.keystore.location={self.home}/no.p12\nssl.keystore.password={self.secret('keystore')}\n"
        )
        for name in ("mine", "anothers"):
            key = generate_private_key(SECP256R1())
            lock = BestAvailableEncryption(self.secret("key-password" if name == "mine" else "another").encode())
            (self.home / name).write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, lock))
        (self.home / "open").write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
        self.secrets["private-key"] = (self.home / "open").read_text().splitlines()[1]
        (self.home / "oauth.json").write_text(
            json.dumps(
                {
                    "security.protocol": "sasl_plaintext",
                    "sasl.mechanism": "OAUTHBEARER",
                    "sasl.oauthbearer.method": "oidc",
                    "sasl.oauthbearer.client.id": "me",
                    "sasl.oauthbearer.client.secret": self.secret("oauth"),
                    "sasl.oauthbearer.token.endpoint.url": self.url("oauth-url", "token"),
                }
            )
        )

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "kafka_forge.cli", *arguments]
        done = subprocess.run(
            command, env=self.environment, cwd=self.folder, capture_output=True, text=True, timeout=SECONDS, check=False
        )
        assert done.returncode not in (1,) or "--debug" in arguments or arguments[0] == "doctor", done.stderr
        return done

    def spread(self, said: str) -> list[str]:
        """Return where secrets have got to: in what was said, or in a file."""
        assert not self.indexes.exists() or not self.indexes.stat().st_mode & 0o077
        found = [f"said: {each}" for each in self.hidden_in(said.encode())]
        for path in sorted(self.folder.rglob("*")):
            if path.is_file() and not {self.home, self.indexes} & {*path.parents}:
                found += [f"{path.relative_to(self.folder)}: {each}" for each in self.hidden_in(path.read_bytes())]
        return found

    def hidden_in(self, content: bytes) -> list[str]:
        """Return the places whose secrets stand in some bytes, plainly or as HTTP's basic authentication has them."""
        return [
            place for place, secret in self.secrets.items() if any(form in content for form in _forms(place, secret))
        ]


def _forms(place: str, secret: str) -> list[bytes]:
    basic = [f"{place}-user:{secret}", f"me:{secret}", f"{secret}:"]
    return [secret.encode(), *(base64.b64encode(each.encode()).rstrip(b"=")[:-1] for each in basic)]


@pytest.fixture(scope="module")
def machine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Planted]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Echo)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    made = Planted(tmp_path_factory.mktemp("machine"), server.server_port)
    report = whole(proven(made.output, "one"))
    (made.output / "report.json").write_text(report.model_dump_json(), encoding="utf-8")
    yield made
    server.shutdown()
    server.server_close()


def test_the_search_finds_what_is_planted(machine: Planted) -> None:
    said = f"no answer from {machine.url('pip', 'simple')}"
    assert machine.spread(said) == ["said: pip"]
    basic = base64.b64encode(f"me:{machine.secret('netrc')}".encode()).decode()
    assert machine.spread(f"Authorization: Basic {basic}") == ["said: netrc"]


COMMANDS = {
    "sources": ["sources", "kafka-python"],
    "a base that refuses": ["base", "--base", "{shut}"],
    "a base with a token": ["base", "--base", "{token}"],
    "a base that answers": ["base", "--base", "{open}"],
    "a base as JSON": ["base", "--base", "{open}", "--json"],
    "audit": ["audit", "librdkafka", "--base", "{open}", "--channel", "{shut}"],
    "audit of the index": ["audit", "pypi:kafka-python==3.0.12", "--base", "{open}"],
    "broker": ["broker", "start", "--version", "4.4.0"],
    "new": ["new", "pypi:a-project-of-ours"],
    "bump": ["bump", "kafka-python", "--dry-run"],
    **{kind: ["publish", "--from", "{output}", "--channel", kind + "+{server}/mine"] for kind in ("quetz", "prefix")},
    "artifactory": ["publish", "--from", "{output}", "--channel", "artifactory+{server}/mine"],
    "anaconda": ["publish", "--from", "{output}", "--channel", "anaconda+{server}/mine"],
    "a password in a server's URL": ["publish", "--from", "{output}", "--channel", "quetz+{shut}"],
    "s3": ["publish", "--from", "{output}", "--channel", "s3://mine/channel"],
    "a key": ["attest", "key", "{output}/made"],
    "signing by a key": [*("attest", "sign", "{package}", "--channel", "{server}/c", "--key", "{home}/mine")],
    "signing by an open key": [*("attest", "sign", "{package}", "--channel", "{server}/c", "--key", "{home}/open")],
    "a key that does not open": [
        *("attest", "sign", "{package}", "--channel", "{server}/c", "--key", "{home}/anothers")
    ],
    "verifying by a private key": [*("attest", "verify", "{package}", "--key", "{home}/open")],
    "signing for a password": [*("attest", "sign", "{package}", "--channel", "{shut}", "--key", "{home}/mine")],
    "signing for a token": [*("attest", "sign", "{package}", "--channel", "{token}", "--key", "{home}/mine")],
    "signing without a key": [*("attest", "sign", "{package}", "--channel", "{server}/c")],
    "doctor": ["doctor", "--python", sys.executable, "--security", "{home}/client.properties"],
    "doctor as JSON": ["doctor", "--python", sys.executable, "--security", "{home}/client.properties", "--json"],
    "doctor with a broker": [
        *("doctor", "--python", sys.executable, "--security", "{home}/client.properties", "--broker", "{host}"),
    ],
    "doctor, redacted": [
        *("doctor", "--python", sys.executable, "--security", "{home}/oauth.json", "--broker", "{host}", "--redact"),
    ],
    "doctor with OAuth": [
        "doctor",
        "--python",
        sys.executable,
        "--security",
        "{home}/oauth.json",
        "--broker",
        "{host}",
    ],
}


@pytest.mark.parametrize("how", ["--debug", pytest.param("", marks=pytest.mark.long)])  # which tells all that "" does
@pytest.mark.parametrize("command", COMMANDS)
def test_no_secret_is_told_or_written(machine: Planted, command: str, how: str) -> None:
    words = {
        "shut": machine.url("channel", "shut"),
        "open": machine.url("channel", "open"),
        "token": f"http://{machine.host}/t/{machine.secret('channel-token')}/shut",
        "server": f"http://{machine.host}",
        "host": machine.host,
        "output": str(machine.output),
        "package": str(machine.output / "linux-64" / "one-1-h0_0.conda"),
        "home": str(machine.home),
    }
    done = machine.run(*(word.format(**words) for word in COMMANDS[command]), *([how] if how else []))
    assert done.stdout + done.stderr
    assert machine.spread(done.stdout + done.stderr) == [], done.stdout + done.stderr


def test_a_proxys_password_is_not_told(machine: Planted) -> None:
    proxy = machine.url("proxy", "")
    machine.environment |= {"http_proxy": proxy, "https_proxy": proxy}
    for command in (["sources", "kafka-python"], ["base", "--base", "http://somewhere.invalid/channel"], ["doctor"]):
        done = machine.run(*command, "--debug")
        assert machine.spread(done.stdout + done.stderr) == [], done.stdout + done.stderr


RECIPE = """
package: {name: small, version: "1"}
build: {noarch: generic, script: "%s"}
requirements: {host: [word]}
"""


@pytest.mark.parametrize("script", ["echo built > $PREFIX/small", "exit 9"])
def test_neither_a_package_nor_its_log_tells_the_password_of_the_base(
    machine: Planted, script: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KAFKA_FORGE_CACHE", str(machine.cache))
    room = machine.folder / "built" / script.split(maxsplit=1)[0]
    own, recipe = room / "channel", room / "recipe"
    (recipe / "word").mkdir(parents=True)
    (recipe / "word" / "word").write_text("word")
    channel.prepare(own)
    channel.add(own, pack(Package("word", "1", "h0_0", "noarch", noarch="generic"), recipe / "word", room), "noarch")
    (recipe / "recipe.yaml").write_text(RECIPE % script)
    (rendered,) = engine.render(recipe, [], "linux-64")
    build = functools.partial(
        engine.build,
        rendered,
        channels=[own.as_uri(), machine.url("channel", "open")],
        channel_dir=own,
        log=room / "log",
        cache=Cache(machine.cache),
        hints={},
        progress=Silent(),
    )
    if script.startswith("exit"):
        with pytest.raises(BuildFailed) as caught:
            build()
        assert machine.spread(str(caught.value)) == []
    else:
        members = {each.name: each.read() for each in archives.entries(build()) if each.kind is archives.Kind.FILE}
        assert b"http://127.0.0.1" in members["info/about.json"]  # the base is named, and not who asked it
        assert [name for name, content in members.items() if machine.hidden_in(content)] == []
    assert (room / "log").stat().st_size
    assert machine.spread("") == []


LISTENERS = (
    security.Listener("PLAIN", tls=True, mechanisms=("PLAIN",)),
    security.Listener("SCRAM", mechanisms=SCRAM),
)
HOLDERS = ("server.properties", "security/clients.json")
"""Files of a broker whose job is to hold its users' passwords: the broker reads them there, and ``broker list`` shows
what clients are told. Nobody but their owner can read them."""


@pytest.fixture(scope="module")
def secured(machine: Planted) -> Iterator[Broker]:
    """One broker with both listeners, and users whose passwords are planted."""
    users = {name: machine.secret(f"broker-{name}") for name in ("me", "another")}
    plan = security.Plan(LISTENERS, users)
    with brokers.start(brokers.DEFAULT, Cache.default(), Silent(), security=plan) as broker:
        yield broker


def asking(machine: Planted, broker: Broker, listener: str, password: str) -> list[str]:
    """Return the doctor's arguments for a user of a listener, whose settings have the password."""
    assert broker.secured is not None
    access = broker.secured.access("me", listener=listener)
    assert "planted" not in f"{access!r}"
    told = {
        "security.protocol": access.protocol,
        "sasl.mechanism": access.mechanism,
        "sasl.username": "me",
        "sasl.password": machine.secret(password),
        **({"ssl.ca.location": str(access.ca)} if access.ca else {}),
    }
    settings = machine.home / f"{listener}-{password}.json"
    settings.write_text(json.dumps(told))
    return ["--python", sys.executable, "--security", str(settings), "--broker", access.addresses]


@pytest.mark.parametrize("more", ["", "--json", "--redact"])
def test_what_asks_a_secured_broker_tells_no_password(machine: Planted, secured: Broker, more: str) -> None:
    """The doctor's round trips through it: with the right password, and with a wrong one, which waits for its end."""
    cases = [(each.name, password) for each in LISTENERS for password in ("broker-me", "wrong")]
    asked = [("doctor", *asking(machine, secured, *each), *([more] if more else [])) for each in cases]
    with ThreadPoolExecutor(len(asked)) as pool:
        ended = [*pool.map(lambda arguments: machine.run(*arguments), asked)]
    for (_, password), done in zip(cases, ended, strict=True):
        assert machine.spread(done.stdout + done.stderr) == []
        if more == "--json":
            exchanged = json.loads(done.stdout)["seen"]["exchanges"]
            assert any(each["received"] for each in exchanged) is (password == "broker-me")


def test_neither_a_secured_brokers_log_nor_what_it_is_tells_a_password(machine: Planted, secured: Broker) -> None:
    """After all that was asked of it above, and so with what a wrong password has made it write."""
    assert secured.secured is not None
    folder = secured.secured.folder.parent
    assert "invalid credentials" in (folder / "server.log").read_text(encoding="utf-8").lower()
    for path in sorted(each for each in folder.rglob("*") if each.is_file()):
        with contextlib.suppress(FileNotFoundError):  # of a topic that was deleted: its files go a minute later
            if not machine.hidden_in(path.read_bytes()):
                continue
            assert path.relative_to(folder).as_posix() in HOLDERS, path
            assert not folder.stat().st_mode & 0o077
    assert "planted" not in f"{secured!r} {secured.secured.plan!r}"
