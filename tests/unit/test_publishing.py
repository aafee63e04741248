"""Publishing to a folder, and what must be true before anything is published anywhere."""

from __future__ import annotations

import json
import os
import sys
from typing import TYPE_CHECKING

import pytest

from kafka_forge.cli import _run
from kafka_forge.errors import AlreadyPublished, NotProven
from kafka_forge.ground.progress import Silent
from kafka_forge.publishing import publish, s3, servers
from kafka_forge.publishing.account import Account
from kafka_forge.publishing.folder import Folder
from kafka_forge.report import merging
from kafka_forge.values.model import Verdict

from .proven import proven
from .reports import whole

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def output(tmp_path: Path) -> Path:
    """An output folder with two artifacts and a green report."""
    folder = tmp_path / "output"
    report = whole(proven(folder, "one"), proven(folder, "two", "win-64"))
    (folder / "report.json").write_text(report.model_dump_json(), encoding="utf-8")
    return folder


def names(channel: Path) -> set[str]:
    return {path.name for path in channel.rglob("*.conda")}


def indexed(channel: Path, subdir: str) -> set[str]:
    return set(json.loads((channel / subdir / "repodata.json").read_text(encoding="utf-8"))["packages.conda"])


def test_what_is_proven_becomes_a_channel_and_a_second_time_nothing_changes(
    output: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    channel = tmp_path / "channel"
    arguments = ["publish", "--channel", str(channel), "--from", str(output), "--json"]
    assert _run(arguments, debug=True) == 0
    assert json.loads(capsys.readouterr().out)["published"] == ["linux-64/one-1-h0_0.conda", "win-64/two-1-h0_0.conda"]
    assert indexed(channel, "linux-64") == {"one-1-h0_0.conda"}
    assert indexed(channel, "win-64") == {"two-1-h0_0.conda"}
    assert _run(arguments, debug=True) == 0
    assert json.loads(capsys.readouterr().out)["published"] == []
    assert not list(channel.glob(".publish-*"))


def test_a_file_is_never_replaced(output: Path, tmp_path: Path) -> None:
    other = tmp_path / "channel" / "win-64" / "two-1-h0_0.conda"
    other.parent.mkdir(parents=True)
    other.write_bytes(b"what users have")
    with pytest.raises(AlreadyPublished):
        publish(merging.load(output / "report.json"), output, Folder(tmp_path / "channel"), Silent())
    assert names(tmp_path / "channel") == {"two-1-h0_0.conda"}
    assert other.read_bytes() == b"what users have"


def test_nothing_is_published_by_halves(output: Path, tmp_path: Path) -> None:
    channel = tmp_path / "channel"
    channel.mkdir()
    (channel / "win-64").write_text("in the way of the second file", encoding="utf-8")
    assert _run(["publish", "--channel", str(channel), "--from", str(output)], debug=False) != 0
    assert names(channel) == set()
    assert not list(channel.glob(".publish-*"))


@pytest.mark.parametrize("verdict", [Verdict.FAIL, Verdict.INSPECTED, Verdict.REFUSED])
def test_only_what_is_green(tmp_path: Path, verdict: Verdict) -> None:
    report = whole(proven(tmp_path / "output", "one", "linux-64", verdict))
    with pytest.raises(NotProven):
        publish(report, tmp_path / "output", Folder(tmp_path / "channel"), Silent())
    assert not (tmp_path / "channel").exists()


def test_what_nothing_could_run_is_published_only_where_it_is_asked_for(tmp_path: Path) -> None:
    folder, channel = tmp_path / "output", tmp_path / "channel"
    report = whole(proven(folder, "one"), proven(folder, "two", "osx-64", Verdict.INSPECTED))
    (folder / "report.json").write_text(report.model_dump_json(), encoding="utf-8")
    arguments = ["publish", "--channel", str(channel), "--from", str(folder)]
    assert _run(arguments, debug=False) == 60
    assert not channel.exists()
    assert _run([*arguments, "--inspected"], debug=True) == 0
    assert names(channel) == {"one-1-h0_0.conda", "two-1-h0_0.conda"}


def test_only_the_very_bytes_that_were_proven(output: Path, tmp_path: Path) -> None:
    report = merging.load(output / "report.json")
    file = output / "linux-64" / "one-1-h0_0.conda"
    file.chmod(0o644)
    for spoil in (lambda: file.write_bytes(b"exchanged"), file.unlink):
        spoil()
        with pytest.raises(NotProven):
            publish(report, output, Folder(tmp_path / "channel"), Silent())
    assert not (tmp_path / "channel").exists()


@pytest.mark.parametrize(
    ("text", "server"),
    [
        ("quetz+http://localhost:8000/mine", servers.Server("quetz", "http://localhost:8000", "mine")),
        (
            "prefix+https://p.example/deep/mine/",
            servers.Server("prefix", "https://p.example/deep", "mine"),
        ),
        ("anaconda:owner/label", servers.Server("anaconda", None, "owner/label")),
        ("anaconda:", None),
        ("quetz:mine", None),
        ("quetz+ftp://localhost/mine", None),
        ("quetz+https://localhost", None),
        ("somewhere", None),
    ],
)
def test_how_a_server_is_named(text: str, server: servers.Server | None) -> None:
    assert servers.parse(text) == server


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("s3://mine/conda/channel/", ("mine", "conda/channel")),
        ("s3://mine", ("mine", "")),
        ("s3://mine/", ("mine", "")),
        ("s3://Mine/channel", None),
        ("s3://mine//channel", None),
        ("s3:mine", None),
        ("s3://", None),
    ],
)
def test_how_a_bucket_is_named(text: str, place: tuple[str, str] | None) -> None:
    assert s3.parse(text) == place


@pytest.fixture
def amazon(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """An environment with an access key and no other word for Amazon's tools."""
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "key")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    return monkeypatch


def test_the_account_is_what_amazons_tools_are_told_and_an_empty_word_is_none(amazon: pytest.MonkeyPatch) -> None:
    amazon.setenv("AWS_ENDPOINT_URL_S3", "")
    assert Account.of_environment() == Account("https://s3.us-east-1.amazonaws.com", "us-east-1", "key", "secret")
    amazon.setenv("AWS_DEFAULT_REGION", "eu-west-1")
    amazon.setenv("AWS_SESSION_TOKEN", "for an hour")
    amazon.setenv("AWS_SKIP_SIGNATURE", "true")
    account = Account.of_environment()
    assert (account.endpoint, account.session) == ("https://s3.eu-west-1.amazonaws.com", "for an hour")
    assert "AWS_SKIP_SIGNATURE" not in account.environment()
    assert "secret" not in repr(account)
    amazon.setenv("AWS_ENDPOINT_URL", "http://localhost:9000/")
    assert Account.of_environment().endpoint == "http://localhost:9000"


def test_without_a_key_or_without_obstore_s3_says_what_to_do(
    output: Path, amazon: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["publish", "--channel", "s3://mine/channel", "--from", str(output)]
    amazon.delenv("AWS_SECRET_ACCESS_KEY")
    assert _run(arguments, debug=False) == 61
    assert "set AWS_ACCESS_KEY_ID" in capsys.readouterr().err
    amazon.setitem(sys.modules, "obstore", None)
    assert _run(arguments, debug=False) == 90
    assert "kafka-forge[s3]" in capsys.readouterr().err


@pytest.mark.parametrize("channel", ["s3:mine", "s3://", "quetz:mine", "https://example.org/channel", " "])
def test_a_channel_that_cannot_be_published_to(output: Path, channel: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert _run(["publish", "--channel", channel, "--from", str(output)], debug=False) == 10
    assert "KF601" in capsys.readouterr().err
