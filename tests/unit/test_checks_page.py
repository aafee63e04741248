"""docs/checks.md is what the checks say of themselves."""

from __future__ import annotations

import pytest

from kafka_forge import checks
from tests import checks_page


def test_the_page_is_what_the_checks_say() -> None:
    page = checks_page.PAGE.read_text(encoding="utf-8")
    assert page == checks_page.page(checks_page.examples()), "python -m tests.checks_page"


@pytest.mark.parametrize("name", checks.by_id())
def test_every_check_has_an_example_of_a_pass_and_of_a_failure(name: str) -> None:
    example = checks_page.examples().get(name, {})
    assert {"pass", "fail"} <= example.keys(), "python -m tests.checks_page --examples"
    check = checks.by_id()[name]
    if "arguments" in example:
        check.arguments.model_validate(example["arguments"])
