"""``kafka-forge attest``: who published a package, signed and verified."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from kafka_forge.cli.options import attested_options, echo_json, json_option

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager

    from kafka_forge.attesting.statement import Statement
    from kafka_forge.attesting.verifying import Signer, Verified

    _How = AbstractContextManager[tuple[str | None, Callable[[Statement], str]]]

_FILE = click.Path(dir_okay=False, path_type=Path)
_FILES = click.argument("files", nargs=-1, required=True, metavar="FILE...", type=_FILE)


@click.group()
def command() -> None:
    """Sign who publishes a package to which channel (CEP 27), and verify it.

    The attestation of NAME.conda is NAME.conda.sigs beside it (CEP 50), and once more under its sum.
    """


@command.command()
@click.argument("file", type=_FILE)
def key(file: Path) -> None:
    """Make a key: the private one in FILE, the public one in FILE.pub.

    KAFKA_FORGE_KEY_PASSWORD locks it, and opens it again.
    """
    from kafka_forge.attesting import keys

    shown = keys.make(file)
    click.echo(f"{file}: the private key; keep it to yourself\n{shown}: the public one, for who verifies")


@command.command()
@_FILES
@click.option(
    "--channel", required=True, metavar="URL", help="The channel that they are published to, as users name it."
)
@click.option("--key", "key_file", type=_FILE, help="The private key.  [default: none, by the identity of a CI job]")
@click.option(
    "--sigstore",
    envvar="KAFKA_FORGE_SIGSTORE",
    show_envvar=True,
    type=_FILE,
    help="Another Sigstore than the public one, as its ClientTrustConfig in JSON; without --key.",
)
@json_option
def sign(files: tuple[Path, ...], channel: str, key_file: Path | None, sigstore: Path | None, *, as_json: bool) -> None:
    """State that FILEs are published to a channel, and sign it: by a key, or in CI without one.

    Without --key, the job's identity is asked for (on GitHub, it needs `id-token: write`), and the signature is
    entered in Sigstore's public log. What is in FILE.sigs already is kept.
    """
    from kafka_forge.attesting import sidecar, signing
    from kafka_forge.attesting.statement import channel_of

    to = channel_of(channel)
    statements = {file: signing.statement_of(file, to) for file in files}
    rows = []
    with _how(key_file, sigstore) as (hint, signed):
        for file, statement in statements.items():
            there = hint is not None and signing.signed_already(file, statement, hint)
            path = sidecar.beside(file) if there else sidecar.add(file, [signed(statement)])
            rows.append({"file": str(file), "sha256": statement.sha256, "attestations": str(path), "there": there})
    if as_json:
        echo_json({"channel": to, "signed": rows})
        return
    for row in rows:
        click.echo(f"{'signed already' if row['there'] else 'signed'}: {row['attestations']}")


def _how(key_file: Path | None, sigstore: Path | None) -> _How:
    import contextlib

    from kafka_forge.attesting import keyless, keys, signing

    @contextlib.contextmanager
    def by_key(file: Path) -> Iterator[tuple[str | None, Callable[[Statement], str]]]:
        private = keys.private(file)
        yield keys.hint(private.public_key()), lambda statement: signing.by_key(statement, private)

    @contextlib.contextmanager
    def without() -> Iterator[tuple[str | None, Callable[[Statement], str]]]:
        with keyless.signing(sigstore) as signed:
            yield None, signed

    return by_key(key_file) if key_file else without()


@command.command()
@_FILES
@attested_options
@click.option("--channel", metavar="URL", help="The channel that they must be published to.  [default: not asked]")
@click.option("--bundle", type=_FILE, help="The attestations, where they are not in FILE.sigs.")
@json_option
def verify(
    files: tuple[Path, ...], by: Path | Signer | None, channel: str | None, bundle: Path | None, *, as_json: bool
) -> None:
    """Verify that FILEs are what the owner of a key, or an identity, published.

    The exit status is 62 where an attestation is missing or does not hold.
    """
    from kafka_forge.attesting import keys, told, verifying
    from kafka_forge.attesting.statement import channel_of

    if by is None:
        raise click.UsageError("whose must it be? Name --key FILE, or --identity WHO --issuer URL.")
    if bundle and len(files) > 1:
        raise click.UsageError("--bundle goes with one FILE.")
    whose = keys.public(by) if isinstance(by, Path) else by
    wanted = channel and channel_of(channel)
    done = [verifying.verify(file, whose, channel=wanted, bundles=bundle) for file in files]
    if as_json:
        echo_json(told.told(list(zip(files, done, strict=True))).model_dump())
        return
    for file, each in zip(files, done, strict=True):
        _show(file, each)


def _show(file: Path, done: Verified) -> None:
    who = f"{done.signer} ({done.issuer})" if done.issuer else f"the key {done.signer}"
    click.echo(
        f"holds: {file}\n  sha256   {done.statement.sha256}\n  channel  {done.statement.channel or 'none named'}"
    )
    click.echo(f"  signer   {who}" + (f", {done.signed_at}" if done.signed_at else ""))
    click.echo(f"  seen     {', '.join(done.looked_at)}")
    if done.issuer is None:
        click.echo("  unseen   when it was signed, and any public log: a key has neither")
