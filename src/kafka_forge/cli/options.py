"""The options that several commands share, so that they are spelled and explained once."""

from __future__ import annotations

import functools
import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from collections.abc import Callable

    from kafka_forge.attesting.verifying import Signer
    from kafka_forge.values.selection import Selection

F = TypeVar("F", bound="Callable[..., Any]")


def available_cores() -> int:
    """Return the default of ``--jobs``."""
    from kafka_forge import platforms

    return platforms.usable_cores()


def json_option(function: F) -> F:
    """Add ``--json``: the result as JSON on standard output, everything else on standard error."""
    return click.option("--json", "as_json", is_flag=True, help="Print the result as JSON on standard output.")(
        function
    )


def base_option(function: F) -> F:
    """Add ``--base`` and ``--strict-locks``."""
    strict = click.option(
        "--strict-locks",
        is_flag=True,
        expose_value=False,
        callback=_be_strict,
        help="Refuse where a locked Debian package is gone, and take no newer one of its suite in its place.",
    )
    base = click.option(
        "--base",
        default="auto",
        metavar="auto|conda-forge|embedded|URL",
        help="Where compilers, Python and C libraries come from.  [default: auto]",
    )
    return base(strict(function))


def _be_strict(context: click.Context, _option: click.Parameter, strict: bool) -> None:
    """Tell `sources.rolling` in this process and those that it starts, until the command ends."""
    from kafka_forge.sources import rolling

    if strict:
        before = os.environ.get(rolling.STRICT)
        os.environ[rolling.STRICT] = "1"
        context.call_on_close(lambda: _set_back(rolling.STRICT, before))


def _set_back(name: str, value: str | None) -> None:
    if value is None:
        os.environ.pop(name, None)
    else:
        os.environ[name] = value


def broker_option(function: F) -> F:
    """Add ``--broker``."""
    return click.option(
        "--broker",
        default=None,
        metavar="VERSION|HOST:PORT",
        help="The Kafka to speak to: a version that is started for the run, or one that runs.  [default: 4.4.0]",
    )(function)


def brokers_option(function: F) -> F:
    """Add ``--broker`` where several can be tried in one run."""
    return click.option(
        "--broker",
        "brokers",
        multiple=True,
        metavar="VERSION|HOST:PORT|all",
        help="The Kafka to speak to: a version that is started for the run, or one that runs; may be repeated. `all` "
        "is every version from 2.1 on that can be started.  [default: 4.4.0]",
    )(function)


def jobs_option(function: F) -> F:
    """Add ``--jobs``."""
    return click.option(
        "--jobs",
        type=click.IntRange(1, 256),
        default=available_cores,
        show_default="the cores",
        help="How many cells to work on side by side, and as many beside them whose processor is translated.",
    )(function)


def output_option(function: F) -> F:
    """Add ``--output``."""
    return click.option(
        "--output",
        type=click.Path(file_okay=False, path_type=Path),
        default=None,
        help="The channel that artifacts are built into.  [default: output/ in the checkout]",
    )(function)


def selection_options(function: F) -> F:
    """Add recipe names, ``--platform`` and ``--python``; the command gets them as one ``selection``."""

    @click.argument("recipes", nargs=-1, metavar="[RECIPE]...")
    @click.option("--platform", "platforms", multiple=True, metavar="SUBDIR", help="A conda subdir; may be repeated.")
    @click.option("--python", "pythons", multiple=True, metavar="X.Y", help="A Python; may be repeated.")
    @functools.wraps(function)
    def wrapper(
        *args: Any,
        recipes: tuple[str, ...],
        platforms: tuple[str, ...],
        pythons: tuple[str, ...],
        **kwargs: Any,
    ) -> Any:
        from kafka_forge.values.selection import Selection

        chosen: Selection = Selection(recipes=recipes, platforms=platforms, pythons=pythons)
        return function(*args, selection=chosen, **kwargs)

    return wrapper  # type: ignore[return-value]


def inspected_option(default: bool) -> Callable[[F], F]:
    """Add ``--inspected/--no-inspected``: whether looking at an artifact is enough where nothing could run it."""
    return click.option(
        "--inspected/--no-inspected",
        default=default,
        show_default=True,
        help="Whether macOS artifacts may be inspected only, by a machine that cannot run them.",
    )


def attested_options(function: F) -> F:
    """Add ``--key``, ``--identity``, ``--issuer`` and ``--trusted-root``; the command gets them as one ``by``.

    It is the path of a public key, an identity, or None where neither is named.
    """

    @click.option("--key", "key_file", type=click.Path(dir_okay=False, path_type=Path), help="The signer's public key.")
    @click.option(
        "--identity", metavar="WHO", help="Who signed without a key: a workflow's URL with its ref, an e-mail."
    )
    @click.option(
        "--issuer", metavar="URL", help="Who vouches for the identity; GitHub's and GitLab's go by `github`, `gitlab`."
    )
    @click.option(
        "--trusted-root",
        metavar="FILE|embedded",
        envvar="KAFKA_FORGE_TRUSTED_ROOT",
        show_envvar=True,
        help="Sigstore's keys: its trusted_root.json, or those that came with py-rattler.  [default: asked for anew]",
    )
    @functools.wraps(function)
    def wrapper(
        *args: Any,
        key_file: Path | None,
        identity: str | None,
        issuer: str | None,
        trusted_root: str | None,
        **kwargs: Any,
    ) -> Any:
        return function(*args, by=_attested_by(key_file, identity, issuer, trusted_root), **kwargs)

    return wrapper  # type: ignore[return-value]


_ISSUERS = {"github": "https://token.actions.githubusercontent.com", "gitlab": "https://gitlab.com"}


def _attested_by(key: Path | None, identity: str | None, issuer: str | None, root: str | None) -> Path | Signer | None:
    from kafka_forge.attesting.verifying import Signer

    if key and (identity or issuer):
        raise click.UsageError("--key is one way, --identity with --issuer another: name one of them.")
    if not (identity or issuer):
        return key
    if not identity or not issuer:
        raise click.UsageError("--identity and --issuer go together: a name counts only by who vouches for it.")
    url = _ISSUERS.get(issuer, issuer)
    if not url.startswith(("https://", "http://")):
        raise click.BadParameter(f"{issuer} is no URL", param_hint="--issuer")
    return Signer(identity, url, root)


def echo_json(value: Any) -> None:
    """Print a value as JSON on standard output, indented, keys as given, and without secrets (`errors.hiding`)."""
    from kafka_forge.errors.hiding import hidden

    click.echo(hidden(json.dumps(value, indent=2, ensure_ascii=False, default=str)))
