"""Sources: the sha256 decides, a place that fails hands on to the next, and the user sees every answer."""

from __future__ import annotations

import gzip
import hashlib
import http.server
import subprocess
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest

from kafka_forge.errors import ChecksumMismatch, LockInvalid, NoNetwork, SourceUnreachable
from kafka_forge.ground.files import Store
from kafka_forge.ground.progress import Silent
from kafka_forge.sources import DebianSource, PythonIndex, Source, Upstream, apt, load_hints, obtain
from kafka_forge.sources import http as downloads
from kafka_forge.sources.maven import mirror_of_central
from kafka_forge.sources.python_index import PipSettings, settings_from
from kafka_forge.sources.transform import Transform, retop
from tests.told import Told

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

DATA = b"the bytes that are asked for"
SUM = hashlib.sha256(DATA).hexdigest()
SILENT = "http://127.0.0.1:1/file"
"""Nothing listens on port 1: the connection is refused."""

pytestmark = pytest.mark.enable_socket


class Site(http.server.ThreadingHTTPServer):
    """A web server on 127.0.0.1: path → (status, body), or a list of them, one a request."""

    def __init__(self) -> None:
        self.pages: dict[str, Any] = {}
        self.asked: list[str] = []
        super().__init__(("127.0.0.1", 0), _Handler)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"


class _Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        site = self.server
        assert isinstance(site, Site)
        site.asked.append(self.path)
        page = site.pages.get(self.path, (404, b""))
        status, body = page.pop(0) if isinstance(page, list) else page
        self.send_response(status)
        kind = "application/vnd.pypi.simple.v1+json" if body[:1] == b"{" else "text/html"
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        pass


@pytest.fixture
def site() -> Iterator[Site]:
    server = Site()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(downloads, "_BACK_OFF_SECONDS", 0.001)
    downloads.forget_silent_hosts()
    yield
    downloads.forget_silent_hosts()


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "store")


def _pip_is_set_to(monkeypatch: pytest.MonkeyPatch, index: str) -> None:
    def settings() -> PipSettings:
        return PipSettings((index,), None)

    monkeypatch.setattr("kafka_forge.sources.python_index.pip_settings", settings)
    monkeypatch.setattr("kafka_forge.sources.pip_settings", settings)


def _leftovers(store: Store) -> list[str]:
    return [str(path) for path in store.root.rglob("*") if path.is_file() and ".locks" not in path.parts]


def test_stored_bytes_are_given_without_asking_anybody(site: Site, store: Store) -> None:
    site.pages["/file"] = (200, DATA)
    source = Source("file", SUM, (f"{site.url}/file",))
    first = obtain(source, store, Silent())
    assert first.read_bytes() == DATA
    assert obtain(source, store, Silent()) == first
    assert site.asked == ["/file"]


def test_the_next_place_is_asked_when_one_says_no_or_has_wrong_bytes(site: Site, store: Store) -> None:
    site.pages |= {"/wrong": (200, b"other bytes"), "/right": (200, DATA)}
    urls = (SILENT, f"{site.url}/absent", f"{site.url}/wrong", f"{site.url}/right")
    told = Told()
    assert obtain(Source("file", SUM, urls), store, told).read_bytes() == DATA
    assert len(told.lines) == 1
    assert "/wrong" in told.lines[0]


def test_wrong_bytes_name_both_sums_and_keep_nothing(site: Site, store: Store) -> None:
    site.pages["/wrong"] = (200, b"other bytes")
    with pytest.raises(ChecksumMismatch) as caught:
        obtain(Source("file", SUM, (f"{site.url}/wrong", f"{site.url}/absent")), store, Silent())
    shown = str(caught.value)
    assert SUM in shown
    assert hashlib.sha256(b"other bytes").hexdigest() in shown
    assert "/absent: HTTP 404" in shown
    assert _leftovers(store) == []


def test_when_every_place_says_no_the_user_sees_each_answer(site: Site, store: Store) -> None:
    hint = DebianSource(package="pkg", file="pkg_1.orig.tar.gz")
    with pytest.raises(SourceUnreachable) as caught:
        obtain(Source("pkg", SUM, (SILENT, f"{site.url}/pkg"), (_NoApt(hint),)), store, Silent())
    refused, absent, debian = caught.value.details
    assert "refused" in refused
    assert absent == f"{site.url}/pkg: HTTP 404 Not Found"
    assert debian == "Debian source: pkg_1.orig.tar.gz: not tried: no apt on this machine"


class _NoApt:
    """A Debian provider on a machine whose PATH has no apt."""

    transform = None

    def __init__(self, provider: DebianSource) -> None:
        self.provider = provider
        self.where = provider.where

    def fetch(self, target: Path, task: Any) -> None:
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("PATH", str(target.parent))
            apt.machine_apt.cache_clear()
            try:
                self.provider.fetch(target, task)
            finally:
                apt.machine_apt.cache_clear()

    def look(self) -> None:
        self.provider.look()


def test_no_network_is_told_apart_from_a_source_that_is_not_there(
    site: Site, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = Source("file", SUM, (SILENT,))
    _pip_is_set_to(monkeypatch, SILENT)
    with pytest.raises(NoNetwork):
        obtain(source, store, Silent())
    _pip_is_set_to(monkeypatch, f"{site.url}/simple/")
    with pytest.raises(SourceUnreachable):
        obtain(source, store, Silent())


def test_a_servers_hiccup_is_tried_again_and_its_no_is_final(site: Site, store: Store) -> None:
    site.pages["/hiccup"] = [(503, b""), (500, b""), (200, DATA)]
    obtain(Source("file", SUM, (f"{site.url}/gone", f"{site.url}/hiccup")), store, Silent())
    assert site.asked == ["/gone", "/hiccup", "/hiccup", "/hiccup"]


def test_a_silent_host_is_waited_for_once(site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tries = []
    real = downloads._answer

    def counted(url: str, *rest: Any) -> Any:
        tries.append(url)
        return real(url, *rest)

    monkeypatch.setattr(downloads, "_answer", counted)
    site.pages["/right"] = (200, DATA)
    for name in ("a", "b", "c"):
        obtain(Source("file", SUM, (SILENT, f"{site.url}/right")), Store(tmp_path / name), Silent())
    assert tries.count(SILENT) == 2


def test_many_at_once_download_once(site: Site, store: Store) -> None:
    site.pages["/file"] = (200, DATA)
    source = Source("file", SUM, (f"{site.url}/file",))
    with ThreadPoolExecutor(8) as pool:
        paths = set(pool.map(lambda _: obtain(source, store, Silent()), range(8)))
    assert len(paths) == 1
    assert site.asked == ["/file"]


@pytest.mark.parametrize("form", ["json", "html"])
def test_the_python_index_is_read_in_both_forms(
    site: Site, store: Store, monkeypatch: pytest.MonkeyPatch, form: str
) -> None:
    _pip_is_set_to(monkeypatch, f"{site.url}/simple")
    site.pages["/simple/my-project/"] = {
        "json": (200, b'{"files": [{"filename": "my_project-1.tar.gz", "url": "../../f/my_project-1.tar.gz"}]}'),
        "html": (200, b'<a href="../../f/my_project-1.tar.gz#sha256=0">my_project-1.tar.gz</a>'),
    }[form]
    site.pages["/f/my_project-1.tar.gz"] = (200, DATA)
    hint = PythonIndex(project="My.Project", file="my_project-1.tar.gz")
    assert obtain(Source("p", SUM, (), (hint,)), store, Silent()).read_bytes() == DATA


def test_a_file_url_and_a_transform_that_does_not_fit(tmp_path: Path, store: Store) -> None:
    here = tmp_path / "a file"
    here.write_bytes(DATA)
    with pytest.raises(SourceUnreachable, match="no place") as caught:
        obtain(Source("f", SUM, (), (Upstream(here.as_uri(), Transform(retop="x")),)), store, Silent())
    assert "not gzip-compressed" in str(caught.value)
    assert obtain(Source("f", SUM, (here.as_uri(),)), store, Silent()).read_bytes() == DATA
    assert here.exists()


def _git_archive(repository: Path, top: str) -> bytes:
    return subprocess.run(
        ["git", "archive", f"--prefix={top}/", "HEAD"], cwd=repository, capture_output=True, check=True
    ).stdout


@pytest.mark.parametrize(
    "new", ["x", "librdkafka-2.14.2", "a-top-folder-with-a-name-of-more-than-fifty-characters-1.0"]
)
def test_retop_gives_what_git_itself_would_have_written(tmp_path: Path, new: str) -> None:
    # names around ustar's 100 bytes, where git parts a path into prefix and name
    deep = tmp_path / "folder" / ("d" * 40) / ("e" * 30)
    deep.mkdir(parents=True)
    for length in range(1, 60, 3):
        (deep / ("f" * length)).write_text("x" * length * 40)
    (tmp_path / "link").symlink_to("folder")
    git = ["git", "-c", "user.name=n", "-c", "user.email=e", "-c", "init.defaultBranch=main"]
    for command in (["init", "-q"], ["add", "."], ["commit", "-qm", "all"]):
        subprocess.run([*git, *command], cwd=tmp_path, check=True)
    assert retop(_git_archive(tmp_path, "old-1.0"), new) == _git_archive(tmp_path, new)


def test_retop_refuses_what_git_archive_did_not_write() -> None:
    with pytest.raises(ValueError, match="no ustar header"):
        retop(b"x" * 1024, "new")


def test_hints_say_the_file_and_line_of_an_error(tmp_path: Path) -> None:
    path = tmp_path / "sources.yaml"
    path.write_text(f"{SUM}:\n  - kind: debian-source\n    package: zlib\n    fill: zlib_1.orig.tar.gz\n")
    with pytest.raises(LockInvalid) as caught:
        load_hints(path)
    assert caught.value.where == f"{path}:4"
    assert "fill" in str(caught.value)
    path.write_text("a: [\n")
    with pytest.raises(LockInvalid, match="no valid YAML"):
        load_hints(path)
    assert load_hints(tmp_path / "absent.yaml") == {}


def test_hints_give_providers_in_order(tmp_path: Path) -> None:
    path = tmp_path / "sources.yaml"
    path.write_text(
        f"{SUM}:\n  - {{kind: debian-source, package: p, file: f, transform: {{retop: top}}}}\n"
        "  - {kind: maven, group: g, artifact: a, version: '1', classifier: c}\n"
    )
    debian, maven = load_hints(path)[SUM]
    assert debian.transform == Transform(retop="top")
    assert maven.where == "Maven: g:a:1:c"


def test_pips_environment_wins_over_its_files() -> None:
    listing = ":env:.index-url='https://env/simple'\nglobal.cert='/ca.pem'\nglobal.index-url='https://file/simple'"
    assert settings_from(listing, "https://default") == PipSettings(("https://env/simple",), "/ca.pem")
    assert settings_from("", "https://default").indexes == ("https://default",)


def test_apts_mirrors_of_other_projects_are_left_out(tmp_path: Path) -> None:
    listing = tmp_path / "mirrors.txt"
    listing.write_text("# mirrors\nhttp://near/ubuntu/\tpriority:1\n")
    uris = ["http://m/debian-security/", "https://tools.example/apt", "http://m/debian", f"mirror+file:{listing}"]
    assert apt.mirrors_from(uris) == ("http://m/debian/", "http://near/ubuntu/", "http://m/debian-security/")


def test_mavens_settings_may_name_a_mirror_of_central() -> None:
    space = 'xmlns="http://maven.apache.org/SETTINGS/1.2.0"'
    mirror = "<mirror><mirrorOf>{}</mirrorOf><url>https://m/{}</url></mirror>"
    text = f"<settings {space}><mirrors>{mirror.format('other', 1)}{mirror.format('central', 2)}</mirrors></settings>"
    assert mirror_of_central(text) == "https://m/2"
    assert mirror_of_central("<settings/>") is None


def test_truncated_answers_are_not_taken_for_the_file(store: Store, site: Site) -> None:
    site.pages["/cut"] = (200, gzip.compress(DATA)[:-4])
    with pytest.raises(ChecksumMismatch):
        obtain(Source("file", SUM, (f"{site.url}/cut",)), store, Silent())
    assert _leftovers(store) == []
