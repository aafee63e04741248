"""Everything of the embedded base trusts one file of the prefix, `ssl/cert.pem`, without any activation.

That is where conda-forge's OpenSSL looks, and what its `ca-certificates` brings. So an authority that is added to that
file is trusted by every Python, by OpenSSL, libcurl and librdkafka, and one that is not is refused.
"""

from __future__ import annotations

import contextlib
import http.server
import json
import ssl
import subprocess
import threading
from typing import TYPE_CHECKING, Any, ClassVar

import pytest

from kafka_forge import bases, brokers, platforms
from kafka_forge.bases.python_locks import Interpreters, load
from kafka_forge.brokers import admin, security
from kafka_forge.brokers.security.certificates import Authority
from kafka_forge.channels.solving import solve
from kafka_forge.environments import activation, environment
from kafka_forge.ground.paths import Cache, project_root
from kafka_forge.ground.progress import Silent

from .security_clients import installed

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

pytestmark = [
    pytest.mark.integration,
    pytest.mark.skipif(platforms.current() != "linux-64", reason="the embedded base's tools are for linux-64"),
]

PYTHONS = [
    interpreter.python
    for interpreter in load(Interpreters, project_root()).interpreters
    if "linux-64" in interpreter.platforms
]

PATHS = "import json, ssl; print(json.dumps(ssl.get_default_verify_paths()))"
HANDSHAKE = """
import socket, ssl, sys
context = ssl.create_default_context()
try:
    with socket.create_connection(("127.0.0.1", int(sys.argv[1])), timeout=60) as plain:
        with context.wrap_socket(plain, server_hostname="localhost") as secured:
            print("trusted", secured.version(), len(context.get_ca_certs()) > 1)
except ssl.SSLError as error:
    print(error.reason)
"""
CURL = """
import ctypes, sys
curl = ctypes.CDLL(sys.prefix + "/lib/libcurl.so.4")
curl.curl_easy_init.restype = ctypes.c_void_p
curl.curl_easy_setopt.argtypes = [ctypes.c_void_p, ctypes.c_int]
handle = curl.curl_easy_init()
curl.curl_easy_setopt(handle, 10002, ctypes.c_char_p(b"https://localhost:" + sys.argv[1].encode()))  # CURLOPT_URL
curl.curl_easy_setopt(handle, 44, ctypes.c_long(1))  # CURLOPT_NOBODY
curl.curl_easy_perform.argtypes = [ctypes.c_void_p]
print(curl.curl_easy_perform(handle))
"""
REFUSED = "CERTIFICATE_VERIFY_FAILED"
CURLE_OK, CURLE_PEER_FAILED_VERIFICATION = "0", "60"  # curl.h


class Answer(http.server.BaseHTTPRequestHandler):
    """Says that all is well, and notes what was asked."""

    asked: ClassVar[list[str]] = []

    def do_HEAD(self) -> None:
        self.asked.append(self.path)
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def do_POST(self) -> None:
        self.do_HEAD()

    def log_message(self, *_: Any) -> None: ...


class Quiet(http.server.ThreadingHTTPServer):
    """Says nothing of clients that end the handshake."""

    def handle_error(self, *_: Any) -> None: ...


@pytest.fixture(scope="module")
def authority() -> Authority:
    return Authority()


@pytest.fixture(scope="module")
def port(authority: Authority, tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """A web server of this process, with a certificate for localhost by that authority."""
    file = tmp_path_factory.mktemp("server") / "both.pem"
    file.write_bytes(authority.issue("localhost", ("localhost", "127.0.0.1")).both)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file)
    with Quiet(("127.0.0.1", 0), Answer) as server:
        server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield int(server.server_address[1])
        server.shutdown()
        thread.join()


@pytest.fixture(scope="module")
def channel() -> str:
    return bases.select("embedded", "linux-64", Cache.default(), Silent()).channel


def made(channel: str, prefix: Path, *specs: str) -> Path:
    environment.link(
        solve(specs, [channel], "linux-64", what="the test's environment"), "linux-64", Cache.default(), prefix
    )
    return prefix


def run(program: Path, *arguments: str, **variables: str) -> str:
    """Run a program with no environment variable of conda's or ours; return all that it writes."""
    done = subprocess.run(
        [program, *arguments],
        env={"PATH": "/usr/bin:/bin", "HOME": "/nonexistent", "LC_ALL": "C.UTF-8", **variables},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
        timeout=300,
    )
    return done.stdout.strip()


@contextlib.contextmanager
def trusting(prefix: Path, authority: Authority) -> Iterator[None]:
    """Add an authority to the prefix's certificates; the file is a link into the packages' cache, so it is replaced."""
    file = prefix / "ssl" / "cacert.pem"
    before = file.read_bytes()
    replace(file, before + authority.certificate)
    try:
        yield
    finally:
        replace(file, before)


def replace(file: Path, content: bytes) -> None:
    file.with_suffix(".new").write_bytes(content)
    file.with_suffix(".new").replace(file)


@pytest.mark.parametrize("python", PYTHONS)
def test_a_python_trusts_the_prefixs_certificates(
    python: str, channel: str, authority: Authority, port: int, tmp_path: Path
) -> None:
    prefix = made(channel, tmp_path / "prefix", f"python {python}.*")
    program = prefix / "bin" / "python"
    assert json.loads(run(program, "-c", PATHS)) == expected(prefix)
    assert run(program, "-c", HANDSHAKE, str(port)) == REFUSED
    with trusting(prefix, authority):
        assert run(program, "-c", HANDSHAKE, str(port)) == "trusted TLSv1.3 True"
        # what the user names goes before, even if it is not there
        elsewhere = str(tmp_path / "elsewhere.pem")
        told = json.loads(run(program, "-c", PATHS, SSL_CERT_FILE=elsewhere))
        assert told[:1] + told[3:4] == [None, str(prefix / "ssl" / "cert.pem")]
        refused = run(program, "-c", HANDSHAKE, str(port), SSL_CERT_FILE=elsewhere)
        assert refused == REFUSED
    (tmp_path / "elsewhere.pem").write_bytes(authority.certificate)
    assert run(program, "-c", HANDSHAKE, str(port), SSL_CERT_FILE=elsewhere) == "trusted TLSv1.3 False"


def expected(prefix: Path) -> list[str | None]:
    """What conda-forge's Python answers there; the folder is used where it is."""
    file, folder = prefix / "ssl" / "cert.pem", prefix / "ssl" / "certs"
    there = str(folder) if folder.is_dir() else None
    return [str(file), there, "SSL_CERT_FILE", str(file), "SSL_CERT_DIR", str(folder)]


def test_openssl_and_libcurl_trust_the_prefixs_certificates(
    channel: str, authority: Authority, port: int, tmp_path: Path
) -> None:
    prefix = made(channel, tmp_path / "prefix", f"python {PYTHONS[-1]}.*", "openssl", "libcurl")
    openssl, python = prefix / "bin" / "openssl", prefix / "bin" / "python"
    ask = ["s_client", "-connect", f"127.0.0.1:{port}", "-servername", "localhost", "-verify_hostname", "localhost"]
    assert run(openssl, "version", "-d") == f'OPENSSLDIR: "{prefix}/ssl"'
    assert "verify error:num=20:unable to get local issuer certificate" in run(openssl, *ask)
    assert run(python, "-c", CURL, str(port)) == CURLE_PEER_FAILED_VERIFICATION
    with trusting(prefix, authority):
        assert "Verify return code: 0 (ok)" in run(openssl, *ask)
        assert run(python, "-c", CURL, str(port)) == CURLE_OK


PRODUCE = """
import json, sys
from confluent_kafka import Producer
seen = []
producer = Producer({**json.loads(sys.argv[1]), "log_level": 0, "error_cb": lambda error: seen.append(error.str())})
producer.produce("t", b"x", on_delivery=lambda error, _: seen.append(error.str() if error else "written"))
while not seen:
    producer.poll(0.1)
print(seen[0])
"""


def test_librdkafka_trusts_the_prefixs_certificates() -> None:
    """Brokers are verified by them where `ssl.ca.location` is not set."""
    plan = security.chosen(tls=True, sasl=["plain"], acl=False)
    with (
        installed("python-confluent-kafka", "linux-64") as client,
        brokers.start(brokers.DEFAULT, Cache.default(), Silent(), security=plan) as broker,
    ):
        assert broker.secured is not None
        admin.create_topics(broker.address, {"t": 1}, watch=broker.check)
        how = broker.secured.access("writer")
        told = {
            "bootstrap.servers": how.addresses,
            "security.protocol": how.protocol,
            "sasl.mechanism": "PLAIN",
            "sasl.username": how.user,
            "sasl.password": how.password,
        }
        assert "certificate verify failed" in produce(client.made.prefix, told)
        with trusting(client.made.prefix, broker.secured.authority):
            assert produce(client.made.prefix, told) == "written"


def test_librdkafka_asks_for_tokens_where_the_prefixs_certificates_vouch(authority: Authority, port: int) -> None:
    """An identity provider is verified by them where `https.ca.location` is not set."""
    told = {
        "bootstrap.servers": "127.0.0.1:9",
        "security.protocol": "SASL_PLAINTEXT",
        "sasl.mechanism": "OAUTHBEARER",
        "sasl.oauthbearer.method": "oidc",
        "sasl.oauthbearer.client.id": "me",
        "sasl.oauthbearer.client.secret": "it, is=me",
    }
    with installed("python-confluent-kafka", "linux-64") as client:
        for path in ("/before", "/after"):
            told["sasl.oauthbearer.token.endpoint.url"] = f"https://localhost:{port}{path}"
            with trusting(client.made.prefix, authority) if path == "/after" else contextlib.nullcontext():
                assert "Failed to acquire SASL OAUTHBEARER token" in produce(client.made.prefix, told)
    assert set(Answer.asked) & {"/before", "/after"} == {"/after"}


def produce(prefix: Path, told: Mapping[str, str]) -> str:
    return run(prefix / "bin" / "python", "-c", PRODUCE, json.dumps(told))


def test_on_windows_activation_names_the_prefixs_certificates(tmp_path: Path) -> None:
    """There no library knows its prefix, on conda-forge neither; Python trusts what Windows trusts as well."""
    with installed("python-confluent-kafka", "win-64") as client:
        runner = client.made.runner
        assert runner is not None
        file = client.made.prefix / "Library" / "ssl" / "cacert.pem"
        assert file.is_file()
        assert (file.parent / "cert.pem").read_bytes() == file.read_bytes()
        (tmp_path / "paths.py").write_text(
            "import json, ssl; print(json.dumps([ssl.get_default_verify_paths().cafile is not None,"
            " len(ssl.create_default_context().get_ca_certs()) > 99]))"
        )
        seen = subprocess.run(
            runner.command([client.made.interpreter, runner.path(tmp_path / "paths.py")]),
            env=activation.variables(client.made),
            capture_output=True,
            text=True,
            timeout=600,
            check=True,
        )
        assert seen.stdout.split("\n")[0].strip() == "[true, true]"
