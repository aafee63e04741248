"""A server on 127.0.0.1 that stands for upstream: a Python index, a forge with tags and archives."""

from __future__ import annotations

import contextlib
import functools
import hashlib
import http.server
import json
import os
import subprocess
import threading
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_JSON = "application/vnd.pypi.simple.v1+json"


class Upstreams(http.server.ThreadingHTTPServer):
    """Serves a folder; ``instead`` has answers of another kind, path → (status, content type, body)."""

    daemon_threads = True

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.instead: dict[str, tuple[int, str, bytes]] = {}
        self.hangs: dict[str, threading.Event] = {}
        self.over = threading.Event()
        super().__init__(("127.0.0.1", 0), functools.partial(_Handler, directory=str(folder)))

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    @property
    def index(self) -> str:
        return f"{self.url}/simple"

    def release(self, project: str, file: str, data: bytes, **entry: Any) -> str:
        """Put a file into the index; return its sha256."""
        page = self.folder / "simple" / project / "index.json"
        page.parent.mkdir(parents=True, exist_ok=True)
        files = json.loads(page.read_text(encoding="utf-8"))["files"] if page.is_file() else []
        sha256 = hashlib.sha256(data).hexdigest()
        files.append({"filename": file, "url": f"../../files/{file}", "hashes": {"sha256": sha256}, **entry})
        page.write_text(json.dumps({"meta": {"api-version": "1.0"}, "files": files}), encoding="utf-8")
        (self.folder / "files").mkdir(exist_ok=True)
        (self.folder / "files" / file).write_bytes(data)
        return sha256

    def tag(self, repository: str, tag: str, archive: bytes) -> str:
        """Tag a repository, and put the archive beside it where a forge has it; return its sha256."""
        bare = self.folder / repository
        if not bare.is_dir():
            bare.parent.mkdir(parents=True, exist_ok=True)
            _git("init", "--quiet", "--bare", str(bare), folder=bare.parent)
        tree = _git("mktree", folder=bare)
        commit = _git("commit-tree", tree, "-m", tag, folder=bare)
        _git("tag", tag, commit, folder=bare)
        _git("update-server-info", folder=bare)
        file = bare / "archive" / "refs" / "tags" / f"{tag}.tar.gz"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(archive)
        return hashlib.sha256(archive).hexdigest()


class _Handler(http.server.SimpleHTTPRequestHandler):
    def do_GET(self) -> None:
        site = self.server
        assert isinstance(site, Upstreams)
        path = self.path.partition("?")[0]
        if path in site.hangs:
            site.hangs[path].set()
            site.over.wait(60)
        if path in site.instead:
            status, kind, body = site.instead[path]
            self._answer(status, kind, body)
        elif path.startswith("/simple/") and (page := site.folder / path.strip("/") / "index.json").is_file():
            self._answer(200, _JSON, page.read_bytes())
        else:
            super().do_GET()

    def _answer(self, status: int, kind: str, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        with contextlib.suppress(OSError):
            self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        pass


@contextlib.contextmanager
def serving(folder: Path) -> Iterator[Upstreams]:
    """Serve until the block ends."""
    site = Upstreams(folder)
    thread = threading.Thread(target=site.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield site
    finally:
        site.over.set()
        site.shutdown()
        site.server_close()


def commit_all(folder: Path) -> None:
    """Make a git work tree of a folder, in which everything is committed."""
    _git("init", "--quiet", folder=folder)
    _git("add", "--all", "--force", folder=folder)
    _git("commit", "--quiet", "-m", "as it is", folder=folder)


def _git(*arguments: str, folder: Path) -> str:
    who = {f"GIT_{role}_{what}": "test" for role in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
    environment = {**os.environ, **who, "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}
    done = subprocess.run(
        ["git", *arguments], cwd=folder, env=environment, input="", capture_output=True, text=True, check=True
    )
    return done.stdout.strip()
