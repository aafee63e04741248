"""Environments as people have them: wheels and archives of the index on the base's Pythons, some broken, some whole.

Each says which of the known faults it has, and no other may be seen in it. The unit tests hold the table against what
was captured (unit/data/capture_doctor.py), the integration tests against environments made anew.
"""

from __future__ import annotations

import asyncio
import hashlib
import os
import subprocess
from dataclasses import dataclass
from typing import TYPE_CHECKING

import rattler

from kafka_forge import bases, platforms
from kafka_forge.channels import solving
from kafka_forge.ground.paths import Cache, project_root
from kafka_forge.ground.progress import Silent
from tests import doctor_systems

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path


@dataclass(frozen=True, slots=True)
class Recipe:
    """How an environment is made.

    Attributes:
        faults: the ids of the known faults that it has.
        pip: what pip installs, one call each.
        python: the base's Python.
        conda: further packages, of the base or of this project's channel.
        compiles: whether C is compiled, on the prefix's headers.
        system: what makes its Python, where that is none of the base's (see `doctor_systems`).
        quick: whether the tests of every day make it anew.
    """

    faults: frozenset[str]
    pip: tuple[Sequence[str], ...] = ()
    python: str = "3.11"
    conda: tuple[str, ...] = ()
    compiles: bool = False
    system: Callable[[Path], Path] | None = None
    quick: bool = False


def _faults(text: str) -> frozenset[str]:
    return frozenset(text.split())


EVERY_WHEEL = _faults("""wheel-without-gssapi librdkafka-acknowledges-what-is-in-no-log
    librdkafka-writes-twice-after-a-refusal confluent-kafka-schema-registry-extra confluent-kafka-close-while-polling
    librdkafka-offsets-of-a-moved-coordinator""")
FROM_2_12 = _faults("confluent-kafka-aio-headers confluent-kafka-aio-waits-twice")
FROM_2_13 = FROM_2_12 | _faults("confluent-kafka-poll-waits-on")
TO_2_13_1 = EVERY_WHEEL | _faults("wheel-with-an-old-openssl confluent-kafka-headers-leak")
TO_2_12 = TO_2_13_1 | _faults("confluent-kafka-deaf-to-ctrl-c librdkafka-host-with-a-dot")
TO_2_11_0 = TO_2_12 | _faults("librdkafka-kafka-4-takes-features-away")
TO_2_7 = TO_2_11_0 | _faults("librdkafka-client-chain-not-sent librdkafka-commit-loses-assignment")
TO_2_6_0 = TO_2_7 | _faults("librdkafka-cooperative-loop")
FROM_2_2 = _faults("librdkafka-position-past-errors")
FROM_2_3 = FROM_2_2 | _faults("librdkafka-watermarks-outlast-timeout")
FROM_2_4 = FROM_2_3 | _faults("librdkafka-stale-commit-error")
FROM_2_4_TO_2_7 = FROM_2_4 | _faults("""librdkafka-topic-made-anew librdkafka-stays-with-an-old-leader
    librdkafka-leader-without-epoch""")
PYKAFKA = _faults("""pykafka-too-old-for-kafka-4 pykafka-drops-messages-in-silence pykafka-first-use-of-a-topic
    pykafka-after-a-fork""")
NO_CODECS = _faults("kafka-python-without-codecs")
KAFKA_PYTHON_3 = _faults("kafka-python-rejoin-outlasts-poll kafka-python-clients-start-together")

ENVIRONMENTS = {
    "none": Recipe(frozenset(), (["six"],)),
    "three": Recipe(
        EVERY_WHEEL | FROM_2_13 | NO_CODECS | KAFKA_PYTHON_3 | _faults("aiokafka-without-codecs"),
        (["confluent-kafka==2.14.2", "kafka-python==3.0.12", "aiokafka==0.14.0"],),
        quick=True,
    ),
    "confluent-2.0.2": Recipe(TO_2_6_0, (["confluent-kafka==2.0.2"],)),
    "confluent-2.1.0": Recipe(
        TO_2_6_0 | _faults("confluent-kafka-2-1-crashes librdkafka-leader-without-epoch"), (["confluent-kafka==2.1.0"],)
    ),
    "confluent-2.3.0": Recipe(
        TO_2_6_0 | FROM_2_3 | _faults("librdkafka-leader-without-epoch librdkafka-batch-not-rebuilt"),
        (["confluent-kafka==2.3.0"],),
    ),
    "confluent-2.5.0": Recipe(
        TO_2_6_0 | FROM_2_4_TO_2_7 | _faults("librdkafka-telemetry-abort"), (["confluent-kafka==2.5.0"],)
    ),
    "confluent-2.6.0": Recipe(
        TO_2_6_0 | FROM_2_4_TO_2_7 | _faults("librdkafka-fetch-from-old-brokers"), (["confluent-kafka==2.6.0"],)
    ),
    "confluent-2.10.0": Recipe(
        TO_2_11_0
        | FROM_2_4
        | _faults("librdkafka-rebootstrap-loop librdkafka-metadata-cache-race librdkafka-busy-without-topics"),
        (["confluent-kafka==2.10.0"],),
    ),
    "confluent-2.11.0": Recipe(
        TO_2_11_0 - _faults("confluent-kafka-schema-registry-extra")  # this release asked for all of it
        | FROM_2_4
        | _faults("librdkafka-busy-without-topics librdkafka-rebootstrap-too-early"),
        (["confluent-kafka==2.11.0"],),
    ),
    "confluent-2.13.0": Recipe(
        TO_2_13_1 | FROM_2_13 | FROM_2_2 | _faults("librdkafka-busy-without-topics"), (["confluent-kafka==2.13.0"],)
    ),
    "confluent-2.16.1": Recipe(EVERY_WHEEL | FROM_2_12, (["confluent-kafka==2.16.1"],)),
    "confluent-2.14.2-python-3.14": Recipe(
        EVERY_WHEEL | FROM_2_13 | _faults("confluent-kafka-delete-records-crashes"),
        (["confluent-kafka==2.14.2"],),
        python="3.14",
    ),
    "registry": Recipe(
        EVERY_WHEEL - _faults("confluent-kafka-schema-registry-extra")
        | FROM_2_13
        | _faults("confluent-kafka-authlib-warns-of-httpx"),
        (["confluent-kafka[schemaregistry]==2.14.2", "authlib==1.9.10"],),
    ),
    "registry-old-attrs": Recipe(
        EVERY_WHEEL - _faults("confluent-kafka-schema-registry-extra")
        | FROM_2_13
        | _faults("confluent-kafka-authlib-warns-of-httpx confluent-kafka-attrs-too-old"),
        (["confluent-kafka[schemaregistry]==2.14.2", "attrs==21.2.0", "authlib==1.9.10"],),
    ),
    "kafka": Recipe(_faults("kafka-is-not-kafka-python") | NO_CODECS, (["kafka==1.3.5"],)),
    "kafka-python-1.4.2": Recipe(_faults("kafka-python-before-python-3-7") | NO_CODECS, (["kafka-python==1.4.2"],)),
    "kafka-python-2.0.2": Recipe(NO_CODECS, (["kafka-python==2.0.2"],)),
    "kafka-python-2.0.2-python-3.12": Recipe(
        NO_CODECS | _faults("kafka-python-vendored-six"), (["kafka-python==2.0.2"],), python="3.12"
    ),
    "kafka-python-with-codecs": Recipe(
        KAFKA_PYTHON_3, (["kafka-python==3.0.12", "lz4", "zstandard", "python-snappy"],)
    ),
    "kafka-python-and-ng": Recipe(
        NO_CODECS | KAFKA_PYTHON_3 | _faults("kafka-python-ng-is-archived"),
        (["kafka-python==3.0.12", "kafka-python-ng==2.2.3"],),
    ),
    "aiokafka-0.8.1": Recipe(
        NO_CODECS | KAFKA_PYTHON_3 | _faults("aiokafka-on-another-kafka-python"),
        (["aiokafka==0.8.1", "kafka-python==3.0.12"],),
    ),
    "aiokafka-0.8.1-whole": Recipe(NO_CODECS, (["aiokafka==0.8.1", "kafka-python==2.0.3"],)),
    "aiokafka-with-codecs": Recipe(frozenset(), (["aiokafka==0.14.0", "cramjam"],)),
    "pykafka-setuptools-82": Recipe(
        PYKAFKA | _faults("pykafka-asks-for-pkg-resources"), (["pykafka==2.8.0", "setuptools>=82"],), quick=True
    ),
    "pykafka-pure": Recipe(PYKAFKA | _faults("pykafka-without-its-extension"), (["pykafka==2.8.0", "setuptools<81"],)),
    "pykafka-other-kazoo": Recipe(
        PYKAFKA | _faults("pykafka-without-its-extension pykafka-pins-kazoo"),
        (["pykafka==2.8.0", "setuptools<81"], ["kazoo>=2.10"]),
    ),
    "pykafka-in-c": Recipe(
        PYKAFKA | _faults("pykafka-refused-by-librdkafka-2"),
        (["setuptools<72", "wheel"], ["--no-build-isolation", "pykafka==2.8.0"]),
        conda=("librdkafka 2.14.2",),
        compiles=True,
    ),
    "debian": Recipe(
        TO_2_6_0 - _faults("wheel-without-gssapi wheel-with-an-old-openssl") | _faults("kafka-python-without-codecs"),
        system=doctor_systems.debian,
        quick=True,
    ),
    "python-3.10": Recipe(
        EVERY_WHEEL | FROM_2_12 | NO_CODECS | KAFKA_PYTHON_3 | _faults("aiokafka-without-codecs"),
        (["confluent-kafka==2.16.1", "kafka-python==3.0.12", "aiokafka==0.14.0"],),
        system=doctor_systems.old,
        quick=True,
    ),
    "ours": Recipe(
        _faults("confluent-kafka-schema-registry-extra"), python="3.14", conda=("python-confluent-kafka", "pykafka")
    ),
    "wheel-over-ours": Recipe(
        EVERY_WHEEL | FROM_2_12,
        (["--ignore-installed", "--no-deps", "confluent-kafka==2.16.1"],),
        python="3.14",
        conda=("python-confluent-kafka", "pykafka"),
    ),
}


def contents(folder: Path) -> dict[str, object]:
    """Return all that a folder holds, with times and modes: what looks at an environment must leave it alike."""
    found: dict[str, object] = {}
    for path in (folder, *sorted(folder.rglob("*"))):
        seen = path.lstat()
        if path.is_symlink():
            what = os.readlink(path)  # noqa: PTH115
        else:
            what = hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else ""
        found[str(path)] = (what, seen.st_mode, seen.st_mtime_ns)
    return found


def make(name: str, prefix: Path) -> Path:
    """Make an environment in a folder that is not there yet; return its interpreter."""
    recipe = ENVIRONMENTS[name]
    if recipe.conda or recipe.system is None:
        base = bases.select("embedded", platforms.current(), Cache.default(), Silent()).channel
        channels = [(project_root() / "output").as_uri(), base] if recipe.conda else [base]
        specs = [*recipe.conda] if recipe.system else [f"python {recipe.python}.*", "pip", *recipe.conda]
        records = solving.solve(specs, channels, platforms.current(), what=f"the environment {name}")
        asyncio.run(rattler.install(records=records, target_prefix=prefix, cache_dir=Cache.default().packages))
    python = recipe.system(prefix) if recipe.system else prefix / "bin" / "python"
    variables = {**os.environ, "PIP_ROOT_USER_ACTION": "ignore", "PIP_DISABLE_PIP_VERSION_CHECK": "1"}
    if recipe.compiles:
        variables |= {"CFLAGS": f"-I{prefix}/include", "LDFLAGS": f"-L{prefix}/lib -Wl,-rpath,{prefix}/lib"}
    for arguments in recipe.pip:
        command = [str(python), "-m", "pip", "install", "--quiet", "--no-cache-dir", *arguments]
        done = subprocess.run(command, env=variables, capture_output=True, text=True, check=False)
        assert done.returncode == 0, f"{name}: {done.stderr[-2000:]}"
    return python
