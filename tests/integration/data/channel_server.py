"""A channel server on the loopback, as far as py-rattler-build's uploaders speak to one.

``channel_server.py FOLDER KEY``: prints its port, then keeps what is uploaded in FOLDER and serves it with an index,
with the addresses of Quetz (``/api/channels/NAME/upload/FILE``, ``/get/NAME/…``), prefix (``/api/v1/upload/NAME``) and
Artifactory (``PUT /NAME/SUBDIR/FILE``). A file that is there is a 409 (Artifactory replaces it, as the real one does),
a wrong key a 401. A file named in FOLDER/drop breaks the connection off, one in FOLDER/stall never gets an answer.
"""

from __future__ import annotations

import hashlib
import http.server
import io
import json
import re
import sys
import time
import zipfile
from pathlib import Path

ROOT, KEY = Path(sys.argv[1]), sys.argv[2]


def listed(name: str, file: str) -> bool:
    path = ROOT / name
    return path.is_file() and file in path.read_text(encoding="utf-8").split()


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_: object) -> None: ...

    def answer(self, status: int, body: bytes = b"") -> None:
        self.send_response(status)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def body(self) -> bytes:
        if self.headers.get("transfer-encoding") != "chunked":
            return self.rfile.read(int(self.headers.get("content-length") or 0))
        parts = []
        while size := int(self.rfile.readline(), 16):
            parts.append(self.rfile.read(size))
            self.rfile.readline()
        self.rfile.readline()
        return b"".join(parts)

    def do_GET(self) -> None:
        path = ROOT / self.path.removeprefix("/get/").lstrip("/")
        if path.name == "repodata.json" and path.parent.is_dir():
            there = {each.name: each.read_bytes() for each in path.parent.iterdir()}
            sums = {name: {"sha256": hashlib.sha256(content).hexdigest()} for name, content in there.items()}
            self.answer(200, json.dumps({"packages.conda": sums}).encode())
        elif path.is_file():
            self.answer(200, path.read_bytes())
        else:
            self.answer(404)

    def take(self, channel: str, file: str | None, content: bytes, *, replace: bool = False) -> None:
        bearer = (self.headers.get("authorization") or "").removeprefix("Bearer ")
        if KEY not in (self.headers.get("x-api-key"), bearer):
            self.answer(401)
            return
        with zipfile.ZipFile(io.BytesIO(content)) as package:
            stem = next(name for name in package.namelist() if name.startswith("info-"))
        name = (file or stem.removeprefix("info-").removesuffix(".tar.zst") + ".conda").rsplit("/", 1)[-1]
        if listed("drop", name):
            self.close_connection = True
            self.connection.close()
            return
        if listed("stall", name):
            (ROOT / "stalled").touch()
            time.sleep(60)
        target = ROOT / channel / ("noarch" if "-pyh" in name else "linux-64") / name
        if target.exists() and not replace:
            self.answer(409)
            return
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)
        self.answer(201)

    def do_POST(self) -> None:
        content = self.body()
        quetz = re.match(r"/api/channels/([^/]+)/upload/([^?]+)", self.path)
        if quetz:
            self.take(quetz[1], quetz[2], content)
        else:  # prefix: the package is the multipart body's last part
            start = content.index(b"PK\x03\x04")
            end = content.rindex(b"\r\n--")
            self.take(self.path.rsplit("/", 1)[-1], None, content[start:end])

    def do_PUT(self) -> None:
        channel, _, name = self.path.lstrip("/").split("/")
        self.take(channel, name, self.body(), replace=True)


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
sys.stdout.write(f"{server.server_port}\n")
sys.stdout.flush()
server.serve_forever()
