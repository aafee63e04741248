"""librdkafka's own tests in the library as it is installed: all of them pass, and an emulator is spared three."""

from __future__ import annotations

import pytest

from kafka_forge.inspection import own_tests

from . import artifacts

pytestmark = [pytest.mark.integration, pytest.mark.timeout(1800)]  # it builds what is not built yet


def test_all_pass_in_the_installed_library_and_the_quick_parts_name_all_but_three(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """What somebody has set for another run (``RD_UT_TEST``) leaves nothing out."""
    monkeypatch.setenv("RD_UT_TEST", "crc32c")
    with artifacts.installed("librdkafka") as made:
        seen = own_tests.run(made)
    assert seen["status"] == 0, seen["lines"]
    assert all(seen["tests"].values())
    assert len(seen["tests"]) >= 28
    slow = {name for name in seen["tests"] if not any(part in name for part in own_tests._QUICK)}
    assert slow == {"map", "msg", "assignors"}
