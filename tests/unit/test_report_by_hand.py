"""Reports that somebody wrote by hand: what they name is put behind a folder of ours, or is refused."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from kafka_forge.cli import _run

from .proven import proven
from .reports import whole

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize(
    "changed",
    [
        {"platform": "noarch"},
        {"file": "../linux-64/one-1-h0_0.conda"},
        {"file": "linux-64/..\\one.conda"},
        {"file": "noarch/.."},
    ],
)
def test_a_report_that_names_no_place_in_a_channel_is_none(
    tmp_path: Path, changed: dict[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    report = json.loads(whole(proven(tmp_path, "one")).model_dump_json())
    report["artifacts"][0].update(changed)
    (tmp_path / "report.json").write_text(json.dumps(report), encoding="utf-8")
    for command in (
        ["publish", "--channel", str(tmp_path / "channel"), "--from", str(tmp_path)],
        ["report", "merge", str(tmp_path / "report.json"), "--output", str(tmp_path / "merged"), "--artifacts"],
        ["report", "show", "--file", str(tmp_path / "report.json")],
    ):
        code = _run(command, debug=False)
        assert code == 11, command
    assert "KF999" not in capsys.readouterr().err
