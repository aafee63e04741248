"""Secrets in what is told: out of URLs and of our variables, in errors, reports, tracebacks and on the terminal."""

from __future__ import annotations

import io
import sys
from typing import TYPE_CHECKING

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from rich.console import Console

from kafka_forge.cli import options
from kafka_forge.errors import BaseUnreachable, hiding
from kafka_forge.examining import reporting
from kafka_forge.examining.examine import Examined
from kafka_forge.ground import leaving
from kafka_forge.report import terminal
from kafka_forge.values.model import Base
from tests.unit.proven import proven

if TYPE_CHECKING:
    from pathlib import Path

SECRET = "Zq7-planted"
URL = f"https://me:{SECRET}@host.invalid:8443/channel"
WORD = st.text(st.sampled_from("ab9:.%-_~!$&*+,;=@"), min_size=1, max_size=12)
PATH = st.sampled_from(["", "/c", "/c?q=1#f", "/t/x/c"])
AROUND = st.sampled_from(['"{}"', "<{}>", "a {} b"])
PLAIN = ("https://host/path@2.0", "mailto:me@host", "SASL_SSL://host:9092", "a@b", "https://host/?who=me@host", "/t/x")


@given(user=WORD, path=PATH, around=AROUND)
@example(user="me:pass@word", path="", around="{}")
def test_nothing_is_left_of_who_a_url_is_asked_as(user: str, path: str, around: str) -> None:
    shown = hiding.hidden(around.format(f"https://{user}@host:80{path}"))
    assert shown == around.format(f"https://***@host:80{path.replace('/t/x', '/t/***')}")
    assert hiding.hidden(shown) == shown


@pytest.mark.parametrize("text", PLAIN)
def test_what_is_no_secret_stays(text: str) -> None:
    assert hiding.hidden(text) == text


def test_values_of_our_variables_are_hidden_wherever_they_stand(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in hiding.VARIABLES:
        monkeypatch.setenv(name, f"{name.lower()}-1")
        assert hiding.hidden(f"the server says: {name.lower()}-1!") == "the server says: ***!"
    monkeypatch.setenv("KAFKA_FORGE_TOKEN", "a")
    assert hiding.hidden("a banana") == "a banana"


def test_an_error_holds_no_secret_in_any_of_its_texts() -> None:
    error = BaseUnreachable(URL, where=URL, details=[URL], todo=URL)
    assert SECRET not in f"{error!r} {error} {error.args} {error.as_json()}"
    assert "https://***@host.invalid:8443/channel" in str(error)


def test_what_the_program_says_at_its_end_shows_no_secret_of_what_caused_an_error(
    capsys: pytest.CaptureFixture[str],
) -> None:
    def program() -> int:
        raise RuntimeError("no answer") from ValueError(URL)

    assert leaving._status_of(program) == 1
    said = capsys.readouterr().err
    assert "Traceback" in said
    assert "ValueError: https://***@host.invalid:8443/channel" in said


def test_a_report_holds_no_secret_of_its_base_or_its_command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["kafka-forge", "verify", "--base", URL])
    row = proven(tmp_path / "channel", "one")
    base = Base(name=URL, channel=URL, variants=(), reason=f"{URL} answers")
    report = reporting.write("verify", reporting.Begun(), base, Examined([row], [], []), tmp_path).report
    assert SECRET not in report.model_dump_json()
    for file in (tmp_path / "report.json", tmp_path / "report.html"):
        assert SECRET not in file.read_text(encoding="utf-8")
        assert "***@host.invalid" in file.read_text(encoding="utf-8") or file.suffix == ".html"


def test_the_terminal_shows_no_secret(capsys: pytest.CaptureFixture[str]) -> None:
    for kind in (terminal.LiveProgress, terminal.PlainProgress):
        told = io.StringIO()
        progress = kind(Console(file=told, width=200, force_terminal=True))
        with progress.shown() as shown, shown.task(f"ask {URL}") as task:
            task.note(f"asking {URL}")
            shown.say(f"asked {URL}")
            shown.begins(f"ask {URL}")
        assert SECRET not in told.getvalue()
        assert "asked https://***@host.invalid" in told.getvalue()
    options.echo_json({"channel": URL})
    assert "***@host.invalid" in capsys.readouterr().out
