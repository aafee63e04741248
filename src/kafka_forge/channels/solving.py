"""Solving: match specs and channels → the packages that satisfy them, or the solver's explanation."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from kafka_forge import platforms
from kafka_forge.errors import BaseUnreachable, SolveFailed
from kafka_forge.ground.files import private
from kafka_forge.ground.paths import Cache

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rattler import GenericVirtualPackage, RepoDataRecord, VirtualPackage


def solve(specs: Sequence[str], channels: Sequence[str], platform: str, *, what: str) -> list[RepoDataRecord]:
    """Return the packages that satisfy the specs.

    Args:
        specs: match specs.
        channels: URLs, the first first (strict priority).
        platform: the conda subdir to solve for.
        what: what is solved, for the error.

    Raises:
        SolveFailed: there is no solution; the details are the solver's explanation.
        BaseUnreachable: a channel cannot be read.
    """
    import rattler
    from rattler.exceptions import FetchRepoDataError, GatewayError, InvalidChannelError, SolverError
    from rattler.repo_data import SourceConfig

    # Local channels have no compressed or sharded index, see `kafka_forge.channels.channel`.
    local = SourceConfig(zstd_enabled=False, bz2_enabled=False, sharded_enabled=False)
    indexes = private(Cache.default().packages / "repodata")  # py-rattler keeps the addresses there as they are
    gateway = rattler.Gateway(cache_dir=indexes, per_channel_config={"file://": local})
    try:
        return asyncio.run(
            rattler.solve(
                sources=list(channels),
                specs=[rattler.MatchSpec(spec) for spec in specs],
                gateway=gateway,
                platforms=[rattler.Subdir(platform), rattler.Subdir("noarch")],
                virtual_packages=virtual_packages(platform),
            )
        )
    except SolverError as error:
        raise SolveFailed(
            f"{what} cannot be satisfied for {platform}",
            where=", ".join(channels),
            details=[f"asked for: {', '.join(specs)}", *str(error).splitlines()],
            todo="add the missing package to the channel, or loosen the requirement in the recipe.",
        ) from error
    except (GatewayError, FetchRepoDataError, InvalidChannelError) as error:
        raise BaseUnreachable(
            f"a channel could not be read while {what} were looked for",
            where=", ".join(channels),
            details=str(error).splitlines(),
            todo="check the channels' addresses and the network, or take another base with --base.",
        ) from error


def virtual_packages(platform: str) -> list[VirtualPackage] | list[GenericVirtualPackage]:
    """Return the virtual packages of this machine, or those assumed for a platform that we don't stand on."""
    import rattler
    from rattler.package import BuildString

    if platform == platforms.current():
        return rattler.VirtualPackage.detect()
    return [
        rattler.GenericVirtualPackage(rattler.PackageName(name), rattler.Version(version), BuildString("0"))
        for name, version in platforms.of(platform).virtual_packages().items()
    ]
