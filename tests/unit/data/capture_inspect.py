"""How ``inspect.json`` was captured: ``capture_inspect.py FILE.conda CHANNEL...``, in this folder, writes it anew.

FILE is a python-confluent-kafka for CPython 3.12, as ``kafka-forge build`` made it; the channels are its own and the
base's. Of the files, those of the schema registry are left out: there are many, and no test asks for one of them.
"""

from __future__ import annotations

import dataclasses
import json
import sys
from pathlib import Path

from kafka_forge import inspection
from kafka_forge.contracts.loading import load_contract
from kafka_forge.environments import environment
from kafka_forge.ground.files import sha256_of
from kafka_forge.ground.paths import Cache, project_root
from kafka_forge.ground.progress import Silent
from kafka_forge.values.model import Artifact, Cell


def main(file: Path, channels: list[str]) -> None:
    name, version, build = file.name.removesuffix(".conda").rsplit("-", 2)
    cell = Cell(name, "linux-64", "3.12", name, version, build, noarch=False)
    artifact = Artifact(cell, file, sha256_of(file), file.stat().st_size)
    contract = load_contract(project_root() / "recipes" / name / "contract.yaml")
    with environment.fresh(artifact, contract, channels=channels, cache=Cache.default(), progress=Silent()) as made:
        seen = dataclasses.asdict(inspection.inspect(made, contract, progress=Silent()))
    packages = [{**package, "channel": ""} for package in seen.pop("environment")["packages"]]
    seen["files"] = [path for path in seen["files"] if "/schema_registry/" not in path]
    seen["records"] = {
        record: [line for line in lines if "/schema_registry/" not in line["file"]]
        for record, lines in seen["records"].items()
    }
    seen["probe"]["mapped"] = [path for path in seen["probe"]["mapped"] if "/lib-dynload/" not in path]
    captured = {"artifact": {"name": name, "version": version, "build": build, "python": "3.12"}, "packages": packages}
    text = json.dumps({**captured, **seen}, indent=1, sort_keys=True)
    Path(__file__).with_name("inspect.json").write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2:])
