"""``python -m tests.checks_page`` writes docs/checks.md, of the checks themselves.

With ``--examples`` it first runs the checks' unit tests and notes what the checks conclude there, from evidence
captured in real runs and from the same evidence falsified: the examples of the page.
"""

from __future__ import annotations

import inspect
import json
import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ruamel.yaml import YAML
from ruamel.yaml.compat import StringIO

from kafka_forge import checks
from kafka_forge.ground.files import write_text_atomic
from kafka_forge.ground.paths import project_root
from kafka_forge.values.model import Verdict

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kafka_forge.checks import Check

PAGE = project_root() / "docs" / "checks.md"
EXAMPLES = Path(__file__).parent / "unit" / "data" / "check_examples.json"
"""Check id → ``arguments`` that passed, and the summaries of a ``pass`` and of a ``fail``."""
_TESTS = Path(__file__).parent / "unit"
_HEAD = """# The checks

<!-- made by `python -m tests.checks_page`, of the checks themselves -->

A contract is a YAML file that says what a package promises: under `promises`, each line names a check of this page,
with its arguments. `kafka-forge audit SPEC --contract FILE` holds any package to one, so these can be used for packages
that nobody here builds. Contracts to look at are those of this project's [recipes](../recipes), and
[aiokafka's](../src/kafka_forge/auditing/contracts/aiokafka.yaml), which none of them builds; the
[schema](../src/kafka_forge/schemas/contract.schema.json) describes the file. A value can depend on the platform, the
Python, the kind of package and its version: `{if: linux and wheel, then: …, else: …}`, with the words of recipes
(`linux`, `osx`, `win`, `unix`, `x86_64`, `match(python, ">=3.14")`…), `match(version, ">=2.15")`, and `conda`, `wheel`
and `system` (what stands in an environment already). What a package is known not to do stands under `refusals`, with
the failure that shows it and a public source ([CONTRIBUTING.md](../CONTRIBUTING.md#add-a-promise)).

    version: 1
    environment:
      extras: [lz4]                     # installed beside it, for codecs say
    promises:
      imports: {modules: [kafka]}
      roundtrip-delivery: {modes: [default]}
    refusals: []

The examples are what the checks concluded in their unit tests, from evidence captured in real runs and from the same
evidence falsified.
"""
_STAGES = {
    "inspect": "Looked at in a fresh environment, without a broker",
    "extras": "Looked at once optional dependencies are installed",
    "roundtrip": "Messages through a real broker",
    "survives": "A cluster that suffers",
}


def page(examples: dict[str, Any]) -> str:
    """Return the page's text."""
    parts = [_HEAD]
    for stage, title in _STAGES.items():
        of_stage = [check for check in checks.by_id().values() if check.stage == stage]
        parts.append(f"\n## {title}\n")
        parts += [_section(check, examples.get(check.id, {})) for check in of_stage]
    return "".join(parts)


def _section(check: Check, example: dict[str, Any]) -> str:
    why = _prose(type(check).__doc__ or "")
    lines = [f"\n### {check.id}\n", f"Promises: {_plain(check.title)}.\n", f"{why}\n", *_arguments(check)]
    if "pass" in example:
        lines.append(f"Example:\n\n{_yaml({check.id: example.get('arguments', {})})}")
    lines += [f"- **{word}** {_plain(example[word])}" for word in ("pass", "fail") if word in example]
    lines.append(f"- **what to do** {_plain(check.remedy)}\n")
    return "\n".join(lines)


def _arguments(check: Check) -> Iterator[str]:
    """Give what the check's arguments are, by their model."""
    model = check.arguments
    if model.model_fields:
        fields = model.model_fields.items()
        names = ", ".join(f"`{name}`{'' if field.is_required() else ' (optional)'}" for name, field in fields)
        yield f"Arguments: {names}. {_prose(model.__doc__ or '')}\n"
    else:
        yield "Arguments: none.\n"


def _prose(text: str) -> str:
    """Return a docstring as Markdown: its paragraphs, with names as code."""
    plain = re.sub(r"``(.+?)``", r"`\1`", inspect.cleandoc(text))
    return plain.strip()


def _plain(summary: str) -> str:
    """Return a sentence as Markdown shows it as it is."""
    return "".join(f"\\{char}" if char in "\\`*_<>[]|" else char for char in summary)


def _yaml(data: dict[str, Any]) -> str:
    writer = YAML()
    writer.default_flow_style = None
    writer.width = 100
    stream = StringIO()
    writer.dump(data, stream)
    return "".join(f"    {line}\n" for line in stream.getvalue().splitlines())


# --- examples ---------------------------------------------------------------------------------------------------

_found: dict[str, dict[str, Any]] = {}


def collect() -> None:
    """Run the unit tests that judge, with this module as their plugin, which writes `EXAMPLES`.

    Raises:
        CalledProcessError: a test failed; nothing was written.
    """
    tests = {path: path.read_text(encoding="utf-8") for path in sorted(_TESTS.glob("test_*.py"))}
    judging = [path for path, text in tests.items() if "checks" in text or "told_steps" in text]
    named = [str(path) for path in judging if path.stem != "test_checks_page"]
    subprocess.run([sys.executable, "-m", "pytest", "-q", "-p", "tests.checks_page", *named], check=True)


def pytest_configure() -> None:
    """Listen to every check."""
    for check in checks.by_id().values():
        _listen(check, _found.setdefault(check.id, {}))


def pytest_sessionfinish(exitstatus: int) -> None:
    """Write what was heard, where all tests have passed."""
    if not exitstatus:
        heard = {name: dict(sorted(example.items())) for name, example in sorted(_found.items())}
        write_text_atomic(EXAMPLES, json.dumps(heard, indent=1, ensure_ascii=False) + "\n")


def _listen(check: Check, into: dict[str, Any]) -> None:
    """Note the first pass and the first failure of a check, with the arguments that passed."""
    judge = check.judge

    def noting(_self: Check, arguments: Any, evidence: Any) -> Any:
        results = judge(arguments, evidence)
        for result in results:
            word = result.verdict.value
            if result.verdict in (Verdict.PASS, Verdict.FAIL) and word not in into:
                into[word] = result.summary
                if result.verdict is Verdict.PASS and arguments is not None:
                    into["arguments"] = arguments.model_dump(mode="json", exclude_defaults=True)
        return results

    setattr(type(check), "judge", noting)  # noqa: B010  (a class cannot be told so by its type)


def examples() -> dict[str, Any]:
    """Return the examples as they were collected last."""
    found: dict[str, Any] = json.loads(EXAMPLES.read_text(encoding="utf-8"))
    return found


if __name__ == "__main__":
    if "--examples" in sys.argv:
        collect()
    write_text_atomic(PAGE, page(examples()))
    sys.stdout.write(f"{PAGE}\n")
