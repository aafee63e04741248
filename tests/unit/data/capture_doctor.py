"""How ``doctor.json`` was captured: ``python -m tests.unit.data.capture_doctor [NAME]…`` in the checkout.

It makes the environments of tests/doctor_environments.py anew, looks at each as `doctor` does, and keeps what is seen
without the paths and variables of the machine. Without names, all of them. What this project's recipes build must be in
``output/``.
"""

from __future__ import annotations

import json
import sys
import tempfile
from pathlib import Path

from tests.doctor_environments import ENVIRONMENTS, make

from kafka_forge.doctor import looking
from kafka_forge.ground import leaving
from kafka_forge.ground.paths import project_root

FILE = Path(__file__).with_name("doctor.json")
_PLAIN = ("httpx2", "attrs", "authlib", "kazoo", "setuptools", "lz4", "zstandard", "python-snappy", "cramjam")


def captured(name: str) -> dict[str, object]:
    """Return what is seen of a fresh environment of that name, as it would be at ``/env``."""
    with tempfile.TemporaryDirectory() as folder:
        prefix = Path(folder) / "env"
        return plain(looking.look(make(name, prefix), {}).model_dump_json(), prefix)


def plain(seen: str, prefix: Path) -> dict[str, object]:
    """Return what was seen without the paths and variables of the machine, as it would be at ``/env``."""
    for path, other in (
        (prefix.resolve(), "/env"),
        (prefix, "/env"),
        (project_root(), "/home/user/kafka-forge"),
        (Path.home(), "/home/user"),
    ):
        seen = seen.replace(str(path), other)
    value: dict[str, object] = json.loads(seen)
    value |= {"variables": {}, "path": ["/env/lib"], "others": _named(value["others"])}
    value["python"] = {**_object(value["python"]), "user_site": "/home/user/.local"}
    return value


def _object(value: object) -> dict[str, object]:
    assert isinstance(value, dict)
    return value


def _named(value: object) -> dict[str, object]:
    return {name: version for name, version in _object(value).items() if name in _PLAIN}


def main(names: list[str]) -> None:
    """Write the file anew, or the environments that are named."""
    kept: dict[str, object] = json.loads(FILE.read_text(encoding="utf-8")) if FILE.exists() else {}
    for name in names or ENVIRONMENTS:
        sys.stderr.write(f"{name}\n")
        kept[name] = captured(name)
        text = json.dumps({name: kept[name] for name in ENVIRONMENTS if name in kept}, indent=1, sort_keys=True)
        FILE.write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    leaving.run(lambda: main(sys.argv[1:]))
