"""The proof of the patches' headers: ``python -m tests.integration.patch_headers [--timeout SECONDS] [NUMBER…]``.

Each patch of pykafka names tests that fail without it. For patch N this makes a checkout whose recipe has the patches
before N and no others, which always apply, and runs exactly those tests on it, with the fixtures that they have
anyway: what needs the extension builds and installs it. That the tests pass with all patches is the test suite's proof.
"""

from __future__ import annotations

import os
import re
import shutil
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from xml.etree import ElementTree

import click

from kafka_forge.ground import processes
from kafka_forge.ground.paths import project_root
from kafka_forge.patching.headers import Header, read_headers

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

BUILDING = 600.0
"""Seconds that the fixtures of one patch's tests may take: librdkafka may have to be built."""


@dataclass(frozen=True, slots=True)
class Seen:
    """How one named test ended without the patch.

    Attributes:
        fails: whether it failed, and on its own account.
        evidence: the last line of what it said.
    """

    test: str
    fails: bool
    evidence: str


def checkout_before(root: Path, number: int, room: Path) -> None:
    """Make the folder a checkout whose pykafka has the patches before this one; what was built there stays."""
    for name in ("recipes", "bootstrap"):
        shutil.rmtree(room / name, ignore_errors=True)
        shutil.copytree(root / name, room / name)
    recipe = room / "recipes" / "pykafka" / "recipe.yaml"
    text = recipe.read_text(encoding="utf-8")
    for header in read_headers(recipe.parent / "patches")[number - 1 :]:
        line = f"    - patches/{header.path.name}\n"
        assert line in text, f"recipe.yaml does not list {header.path.name}"
        text = text.replace(line, "")
        header.path.unlink()
    recipe.write_text(text if number > 1 else text.replace("  patches:\n", "  patches: []\n"), encoding="utf-8")


def run_without(root: Path, header: Header, room: Path, timeout: float) -> list[Seen]:
    """Run a patch's tests on the patches before it.

    Args:
        root: the checkout.
        header: that of the patch.
        room: a folder for `checkout_before`.
        timeout: seconds for each test, without what its fixtures take; a test that takes longer fails.
    """
    checkout_before(root, header.number, room)
    report = room / "report.xml"
    report.unlink(missing_ok=True)
    options = [f"--junit-xml={report}", f"--timeout={timeout}", "-o", "timeout_func_only=true"]
    done = processes.run(
        [sys.executable, "-m", "pytest", "-vv", "-p", "no:cacheprovider", *options, *header.tests],
        cwd=root,
        environment={**os.environ, "KAFKA_FORGE_ROOT": str(room)},
        timeout=BUILDING + 8 * timeout,
    )
    if done.ended_for:
        return [Seen(test, fails=True, evidence="it hangs, and pytest with it") for test in header.tests]
    if not report.is_file():
        text = done.output.decode("utf-8", "replace").strip()
        return [Seen(test, fails=False, evidence=f"pytest broke off: {text[-300:]}") for test in header.tests]
    cases = list(ElementTree.parse(report).getroot().iter("testcase"))
    return [judge(test, cases) for test in header.tests]


def judge(test: str, cases: Sequence[ElementTree.Element]) -> Seen:
    """A test with parameters fails if it does with one of them. One whose fixtures fail has not been run."""
    path, _, function = test.partition("::")
    module = path.removesuffix(".py").replace("/", ".")
    mine = [
        case for case in cases if case.get("classname") == module and case.get("name", "").split("[")[0] == function
    ]
    ends = [(kind, text) for case in mine for kind, text in _ends(case)]
    broken = [text for kind, text in ends if kind == "error"]
    if broken or not mine:
        return Seen(test, fails=False, evidence=f"it cannot begin: {_last(broken[0]) if broken else 'not found'}")
    if not ends:
        return Seen(test, fails=False, evidence=f"it passes ({len(mine)} times)")
    return Seen(test, fails=True, evidence=_last(ends[0][1]))


def _ends(case: ElementTree.Element) -> Iterator[tuple[str, str]]:
    """Failures and errors of a case, each with what pytest says of it."""
    for kind in ("failure", "error"):
        for end in case.findall(kind):
            marked = re.findall(r"^E +(.*)", end.text or "", re.MULTILINE)  # the message is cut short
            yield kind, "\n".join(marked) or end.get("message") or "nothing was said"


def _last(text: str) -> str:
    """The last exception that is named, which may be that of a program the test ran, else the first line."""
    exception = r"^((?:\w+\.)*\w*(?:Error|Exception|Failed|Expired)\b.*|fixture '.*)"
    named = re.findall(exception, text, re.MULTILINE)
    return str([*text.splitlines()[:1], *named][-1])[:200]


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("numbers", nargs=-1, type=int, metavar="[NUMBER]...")
@click.option("--timeout", default=120.0, show_default=True, help="Seconds for each test; longer counts as failing.")
def main(numbers: tuple[int, ...], timeout: float) -> None:
    """Show that the tests which pykafka's patches name fail without them; all patches, or those with the numbers."""
    root = project_root()
    headers = read_headers(root / "recipes" / "pykafka" / "patches")
    if unknown := set(numbers) - {header.number for header in headers}:
        raise click.BadParameter(f"there are patches 1 to {len(headers)}, and none of them is {min(unknown)}")
    headers = [header for header in headers if not numbers or header.number in numbers]
    wrong = 0
    with tempfile.TemporaryDirectory(prefix="kafka-forge-patches-") as folder:
        room = Path(folder)
        if (root / "output").is_dir():  # librdkafka, which is the same for all of them
            shutil.copytree(root / "output", room / "output", ignore=shutil.ignore_patterns(".tmp", ".index.lock"))
        for header in headers:
            click.echo(header.path.stem)
            for seen in run_without(root, header, room, timeout):
                wrong += not seen.fails
                click.echo(f"  {'fails' if seen.fails else 'WRONG'}  {seen.test.partition('::')[2]}: {seen.evidence}")
    click.echo(f"{len(headers)} patches, {wrong} tests that do not fail without them")
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
