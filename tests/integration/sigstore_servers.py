"""The servers of a Sigstore instance, and those that tell a GitHub job who it is, all on the loopback.

They answer as Fulcio's, Rekor's and GitHub's documented APIs do, for one client at a time, and judge nobody's identity.
"""

from __future__ import annotations

import base64
import json
import threading
import time
from contextlib import contextmanager
from datetime import datetime, timezone
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding

from tests.unit.sigstore_instance import IDENTITY, ISSUER, Instance

if TYPE_CHECKING:
    from collections.abc import Iterator

REQUEST_TOKEN = "what-the-job-asks-with"
TOKEN = ".".join(
    base64.urlsafe_b64encode(part).rstrip(b"=").decode()
    for part in (
        b'{"alg":"RS256"}',
        json.dumps(
            {
                "iss": ISSUER,
                "aud": "sigstore",
                "sub": "repo:owner/project:environment:release",
                "job_workflow_ref": IDENTITY,
                "iat": int(time.time()) - 5,
                "exp": int(time.time()) + 3600,
            }
        ).encode(),
        b"not-signed",
    )
)


class Servers(ThreadingHTTPServer):
    """All of them at one port."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.instance, self.asked, self.down = Instance(), list[str](), ""

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    def job(self) -> dict[str, str]:
        """The environment of a GitHub job that has ``id-token: write``."""
        return {
            "GITHUB_ACTIONS": "true",
            "ACTIONS_ID_TOKEN_REQUEST_TOKEN": REQUEST_TOKEN,
            "ACTIONS_ID_TOKEN_REQUEST_URL": f"{self.url}/token?api-version=2",
        }

    def configuration(self) -> dict[str, Any]:
        """What a client is told of an instance (ClientTrustConfig of https://github.com/sigstore/protobuf-specs)."""
        service = {"url": self.url, "majorApiVersion": 1, "operator": "tests"}
        service |= {"validFor": {"start": "2025-01-01T00:00:00Z"}}
        return {
            "mediaType": "application/vnd.dev.sigstore.clienttrustconfig.v0.1+json",
            "trustedRoot": self.instance.trusted_root(),
            "signingConfig": {
                "mediaType": "application/vnd.dev.sigstore.signingconfig.v0.2+json",
                "caUrls": [service],
                "oidcUrls": [],
                "rekorTlogUrls": [service],
                "rekorTlogConfig": {"selector": "ANY"},
                "tsaUrls": [],
                "tsaConfig": {"selector": "ANY"},
            },
        }


class Handler(BaseHTTPRequestHandler):
    """One request."""

    server: Servers

    def do_GET(self) -> None:
        granted = self.headers.get("Authorization", "").lower() == f"bearer {REQUEST_TOKEN}"
        self._answer({"value": TOKEN} if granted else None)

    def do_POST(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if self.path == "/api/v2/signingCert":
            self._answer(self._certificate(asked) if self.headers["Authorization"] == f"Bearer {TOKEN}" else None)
        else:
            self._answer(self._entry(asked), 201)

    def _certificate(self, asked: dict[str, Any]) -> dict[str, Any]:
        key = x509.load_pem_x509_csr(base64.b64decode(asked["certificateSigningRequest"])).public_key()
        assert isinstance(key, ec.EllipticCurvePublicKey)
        instance = self.server.instance
        chain = [instance.certificate(key, at=datetime.now(timezone.utc)), instance.root]
        shown = [each.public_bytes(Encoding.PEM).decode() for each in chain]
        return {"signedCertificateEmbeddedSct": {"chain": {"certificates": shown}}}

    def _entry(self, asked: dict[str, Any]) -> dict[str, Any]:
        content = asked["spec"]["proposedContent"]
        certificate = x509.load_pem_x509_certificate(base64.b64decode(content["verifiers"][0]))
        made = self.server.instance.entry(json.loads(content["envelope"]), certificate, datetime.now(timezone.utc))
        proof = made["inclusionProof"]
        return {
            "0" * 80: {
                "body": made["canonicalizedBody"],
                "integratedTime": int(made["integratedTime"]),
                "logID": base64.b64decode(made["logId"]["keyId"]).hex(),
                "logIndex": 0,
                "verification": {
                    "inclusionProof": {
                        "logIndex": 0,
                        "rootHash": base64.b64decode(proof["rootHash"]).hex(),
                        "treeSize": 1,
                        "hashes": [],
                        "checkpoint": proof["checkpoint"]["envelope"],
                    },
                    "signedEntryTimestamp": made["inclusionPromise"]["signedEntryTimestamp"],
                },
            }
        }

    def _answer(self, value: dict[str, Any] | None, status: int = 200) -> None:
        self.server.asked.append(self.path.partition("?")[0])
        down = bool(self.server.down) and self.path.startswith(self.server.down)
        status = 503 if down else 403 if value is None else status
        content = json.dumps({"message": "no"} if status >= 400 else value).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


@contextmanager
def running() -> Iterator[Servers]:
    """Give the servers until the end."""
    with Servers() as servers:
        threading.Thread(target=servers.serve_forever, daemon=True).start()
        yield servers
        servers.shutdown()
