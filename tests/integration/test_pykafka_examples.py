"""Every example in pykafka's README and docstrings runs, as it is written but for addresses and files."""

from __future__ import annotations

import ast
import doctest
import subprocess
import uuid
from typing import TYPE_CHECKING

import pytest
from cryptography.hazmat.primitives import serialization

from . import secured as tls

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from kafka_forge.brokers import Broker

    from .pykafka_env import PykafkaEnv
    from .secured import Secured

pytestmark = pytest.mark.integration

PASSWORD = "unlock my client key please"
"""Of the client's key, as the README has it."""


@pytest.fixture(scope="module")
def secured(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Secured]:
    with tls.started(tmp_path_factory.mktemp("secured")) as started:
        yield started


@pytest.fixture
def written(broker: Broker, secured: Secured, tmp_path: Path) -> dict[str, str]:
    """What stands in the examples, and what is there instead: a topic of our own, our brokers, files and users."""
    certificate, key = a_client(secured, tmp_path)
    return {
        "127.0.0.1:9092,127.0.0.1:9093": f"{broker.address},127.0.0.1:9093",
        "127.0.0.1:9094": secured.addresses["TLS"],
        "127.0.0.1:9095": secured.addresses["SCRAMTLS"],
        "broker.name": "elsewhere",
        "'secret'": "'it, is=me'",
        "/your/ca.cert": str(secured.ca),
        "/your/client.cert": str(certificate),
        "/your/client.key": str(key),
        "'my.test'": f"'examples-{uuid.uuid4()}'",
    }


def a_client(secured: Secured, room: Path) -> tuple[Path, Path]:
    """A client's certificate, and its key, which the password of the README unlocks."""
    certificate, key = secured.certificate_of_a_client()
    locked = serialization.load_pem_private_key(key, None).private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.BestAvailableEncryption(PASSWORD.encode()),
    )
    files = room / "client.cert", room / "client.key"
    files[0].write_bytes(certificate)
    files[1].write_bytes(locked)
    return files


def run(env: PykafkaEnv, text: str, written: dict[str, str], room: Path) -> None:
    """Run the examples of a text in pykafka's environment, as doctest does; all of them see the same names."""
    for old, new in written.items():
        text = text.replace(old, new)
    examples = room / "examples.txt"
    examples.write_text(text, encoding="utf-8")
    ended = subprocess.run(
        [str(env.python), "-m", "doctest", str(examples)],
        env=dict(env.variables),
        capture_output=True,
        encoding="utf-8",
        timeout=120,
        check=False,
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert "Traceback" not in ended.stderr


def documented(tree: Path) -> dict[str, str]:
    """Docstrings with examples, by where they stand."""
    found = {}
    for path in sorted((tree / "pykafka").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef)):
                text = ast.get_docstring(node)
                if text and doctest.DocTestParser().get_examples(text):
                    found[f"{path.relative_to(tree)}:{getattr(node, 'name', '')}"] = (
                        f"{IMPORTS.get(path.stem, '')}{text}"
                    )
    return found


IMPORTS = {"addresses": ">>> from pykafka.utils.addresses import *\n\n"}
"""What the examples of a module have, as its tests would."""


def test_the_readme_runs(
    pykafka_source: Path, pykafka_env: PykafkaEnv, written: dict[str, str], tmp_path: Path
) -> None:
    readme = (pykafka_source / "README.rst").read_text(encoding="utf-8")
    assert len(doctest.DocTestParser().get_examples(readme)) > 15
    assert all(old in readme for old in written if old not in ("'secret'", "broker.name", "127.0.0.1:9095"))
    run(pykafka_env, readme, written, tmp_path)


def test_the_docstrings_run(
    pykafka_source: Path, pykafka_env: PykafkaEnv, written: dict[str, str], tmp_path: Path
) -> None:
    found = documented(pykafka_source)
    assert {where.partition(":")[0] for where in found} >= {
        "pykafka/connection.py",
        "pykafka/sasl_authenticators.py",
        "pykafka/utils/addresses.py",
    }
    for text in found.values():
        run(pykafka_env, text, written, tmp_path)


def test_the_readmes_commands_run(pykafka_source: Path, pykafka_env: PykafkaEnv) -> None:
    """Those that need neither a shell's environment nor a network."""
    readme = (pykafka_source / "README.rst").read_text(encoding="utf-8")
    commands = [line.split("$ ")[1] for line in readme.splitlines() if line.startswith("    $ ")]
    tools = [command.split() for command in commands if command.endswith("--help")]
    assert [command[0] for command in tools] == ["python", "kafka-tools"]
    for program, *arguments in tools:
        ended = subprocess.run(
            [str(pykafka_env.python.parent / program), *arguments],
            env=dict(pykafka_env.variables),
            capture_output=True,
            encoding="utf-8",
            timeout=60,
            check=True,
        )
        assert ended.stdout.startswith("usage: kafka-tools")
