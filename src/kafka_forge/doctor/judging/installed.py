"""How clients were installed: over one another, from outside the environment, with files that are gone or changed."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from kafka_forge.doctor.clients import CLIENTS, OF_DISTRIBUTION, Client
from kafka_forge.doctor.findings import Finding, Level

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kafka_forge.doctor.seen import Distribution, Seen

_SHOWN = 5


def found(seen: Seen) -> Iterator[Finding]:
    """Give what is found."""
    yield from _managed(seen)
    for client in CLIENTS:
        own = [each for each in seen.distributions if OF_DISTRIBUTION.get(each.name) is client]
        if len(own) > 1:
            yield _several(seen, client, own)
        elif own:
            yield from _damaged(client, own[0])
        for each in own:
            yield from _outside(seen, client, each)


def _managed(seen: Seen) -> Iterator[Finding]:
    """Give a note where the system keeps this Python's packages itself, since pip is what most remedies name."""
    if seen.python.managed and seen.present:
        yield Finding(
            id="externally-managed",
            level=Level.NOTE,
            what="this Python's packages are the system's: pip refuses to install into it (PEP 668)",
            evidence=tuple(f"{each.name} {each.version}, by {each.installer or '?'}" for each in seen.distributions),
            next=f"where pip is named here: {seen.python.executable} -m venv VENV, and install into that",
            source="https://peps.python.org/pep-0668/",
        )


def _several(seen: Seen, client: Client, own: list[Distribution]) -> Finding:
    """Return the finding of two installations of one module: side by side on ``sys.path``, or over one another."""
    packages = [each for each in seen.conda if each.name in client.conda]
    over = len({Path(each.path).parent for each in own}) < len(own)
    evidence = [f"{each.name} {each.version}, by {each.installer or 'unknown'}: {each.path}" for each in own]
    evidence += [f"conda package {each.name} {each.version} {each.build}" for each in packages]
    imported = seen.clients.get(client.name)
    if imported and (module := imported.imports.get(client.module)) and module.ok:
        evidence.append(f"import {client.module} has version {module.version}, from {module.file}")
    removed = " ".join(dict.fromkeys(each.name for each in own))
    if packages:
        todo = f"pip uninstall -y {removed} {removed}, then conda install --force-reinstall {packages[0].name}"
    else:
        todo = f"pip uninstall -y {removed} until none is left, then pip install {own[0].name}"
    return Finding(
        id="installed-over-one-another" if over else "installed-more-than-once",
        level=Level.WARNING,
        client=client.name,
        what=f"the module {client.module} was installed {len(own)} times"
        + (
            ", into one folder: files of one were overwritten by the other"
            if over
            else "; the first on sys.path counts"
        ),
        evidence=tuple(evidence),
        next=todo,
    )


def _damaged(client: Client, own: Distribution) -> Iterator[Finding]:
    files = [f"missing: {path}" for path in own.missing] + [f"another size: {path}" for path in own.changed]
    if files and not own.editable:
        more = [f"and {len(files) - _SHOWN} more"] if len(files) > _SHOWN else []
        yield Finding(
            id="files-not-as-installed",
            level=Level.WARNING,
            client=client.name,
            what=f"{len(files)} of the {own.listed} files of {own.name} {own.version} are not what was installed",
            evidence=(own.path, *files[:_SHOWN], *more),
            next=f"pip install --force-reinstall --no-deps {own.name}=={own.version}",
        )


def _outside(seen: Seen, client: Client, own: Distribution) -> Iterator[Finding]:
    """Give a note where a client of a virtual environment or a conda prefix comes from elsewhere."""
    folder = Path(own.path).parent
    inside = [Path(seen.python.prefix), Path(seen.python.prefix).resolve()]
    if own.editable:
        yield Finding(
            id="installed-for-editing",
            level=Level.NOTE,
            client=client.name,
            what=f"{own.name} {own.version} runs out of a checkout",
            evidence=(own.path, own.direct_url or ""),
            next=f"pip install --force-reinstall {own.name}, if that is not meant",
        )
    elif not any(folder.is_relative_to(prefix) for prefix in inside) and (
        seen.python.prefix != seen.python.base_prefix or seen.conda
    ):
        of_user = folder.is_relative_to(Path(seen.python.user_site)) if seen.python.user_site else False
        yield Finding(
            id="from-outside-the-environment",
            level=Level.NOTE,
            client=client.name,
            what=f"{own.name} {own.version} is not in the environment, but in "
            + ("the user's site-packages" if of_user else "another folder of sys.path"),
            evidence=(
                own.path,
                *(f"{name}={seen.variables[name]}" for name in ("PYTHONPATH",) if name in seen.variables),
            ),
            next="set PYTHONNOUSERSITE=1"
            if of_user
            else "unset PYTHONPATH, or install the client into the environment",
        )
