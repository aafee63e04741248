"""``kafka-forge verify``."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import click

from kafka_forge.cli.options import (
    base_option,
    brokers_option,
    jobs_option,
    json_option,
    output_option,
    selection_options,
)

if TYPE_CHECKING:
    from kafka_forge.examining.attested import Attested
    from kafka_forge.values.selection import Selection


@click.command()
@selection_options
@click.option(
    "--from-attestation",
    "attestation",
    metavar="FILE",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Build the package that an attestation (NAME.conda.sigs) is about anew, and ask whether it is the same file.",
)
@base_option
@brokers_option
@jobs_option
@output_option
@json_option
def command(
    selection: Selection,
    attestation: Path | None,
    base: str,
    brokers: tuple[str, ...],
    jobs: int,
    output: Path | None,
    as_json: bool,
) -> None:
    """Build everything, install it afresh, and pass messages through a real Kafka, or through several.

    The report is written to report.json and report.html in the output folder. The exit status is 0 only if every
    verdict is a pass, or a refusal that the recipe's contract names.

    With --from-attestation nothing that was built before is taken, and output/attested/ is written anew.
    """
    from kafka_forge.cli import _examining
    from kafka_forge.examining import verify
    from kafka_forge.ground.paths import Cache, project_root
    from kafka_forge.report import terminal

    root = project_root()
    target = (output or root / "output").resolve()
    attested = None
    if attestation is not None:
        attested, selection = _attested(attestation, selection, base, root)
        if output is None:
            target = root / "output" / "attested"
            shutil.rmtree(target, ignore_errors=True)  # our own: what stands in it would be reused
    with terminal.progress_for().shown() as progress:
        verified = verify.verify(
            selection,
            root=root,
            base=base,
            brokers=brokers,
            output=target,
            cache=Cache.default(),
            jobs=jobs,
            progress=progress,
            attested=attested,
        )
    _examining.conclude(verified, target, as_json=as_json)


def _attested(attestation: Path, selection: Selection, base: str, root: Path) -> tuple[Attested, Selection]:
    """Return what an attestation says, and what is to be built for it."""
    from kafka_forge.attesting import claims
    from kafka_forge.examining import attested

    if selection.recipes or selection.platforms or selection.pythons:
        raise click.UsageError("the attestation says what is built: name no recipe, --platform or --python beside it.")
    said = claims.claimed(attestation)
    return attested.beside(said, attestation), attested.selection(said, base, root)
