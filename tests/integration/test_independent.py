"""Other implementations than ours take what is written here: CycloneDX's and Sigstore's libraries for JavaScript.

Both are locked (``data/independent/package-lock.json``), and are installed without any script of theirs.
"""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from kafka_forge.attesting import keys, sidecar, signing
from kafka_forge.sboms import reading
from tests.integration import artifacts
from tests.integration.test_sbom import PYTHON, RECIPES
from tests.unit.proven import proven

if TYPE_CHECKING:
    from collections.abc import Callable

pytestmark = [
    pytest.mark.integration,
    pytest.mark.long,
    pytest.mark.skipif(shutil.which("npm") is None, reason="needs Node and npm"),
]
DATA = Path(__file__).parent / "data" / "independent"


@pytest.fixture(scope="module")
def ask(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., list[str]]:
    room = tmp_path_factory.mktemp("independent")
    for file in DATA.iterdir():
        shutil.copy(file, room)
    install = ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"]
    subprocess.run(install, cwd=room, check=True, capture_output=True, timeout=300)

    def asked(*arguments: str | Path) -> list[str]:
        command = ["node", "check.cjs", *map(str, arguments)]
        done = subprocess.run(command, cwd=room, check=True, capture_output=True, text=True, timeout=120)
        found: list[str] = json.loads(done.stdout)
        return found

    return asked


def test_documents_are_valid_and_their_purls_canonical(ask: Callable[..., list[str]], tmp_path: Path) -> None:
    made = artifacts.built(*RECIPES, python=PYTHON).artifacts
    files = []
    for artifact in made:
        files.append(tmp_path / f"{artifact.cell.recipe}.json")
        files[-1].write_text(reading.read(artifact.path).text, encoding="utf-8")
    assert ask("sboms", *files) == [""] * len(RECIPES)
    data: dict[str, Any] = json.loads(files[0].read_text(encoding="utf-8"))
    del data["metadata"]["component"]["name"]
    files[0].write_text(json.dumps(data), encoding="utf-8")
    assert "required" in ask("sboms", files[0])[0]


def test_what_a_key_has_signed_is_verified_by_sigstores_own_library(
    ask: Callable[..., list[str]], tmp_path: Path
) -> None:
    proven(tmp_path, "one")
    file = tmp_path / "linux-64" / "one-1-h0_0.conda"
    said = signing.statement_of(file, "https://example.org/mine")
    mine, other = (keys.make(tmp_path / name) for name in ("mine", "other"))
    sidecar.add(file, [signing.by_key(said, keys.private(tmp_path / name)) for name in ("mine", "other")])
    sigs = sidecar.beside(file)
    assert ask("bundles", mine, sigs) == ["", "SIGNATURE_ERROR: signature verification failed"]
    assert ask("bundles", other, sigs) == ["SIGNATURE_ERROR: signature verification failed", ""]
    value = json.loads(sigs.read_text(encoding="utf-8"))
    value[0]["dsseEnvelope"]["payloadType"] = "application/json"  # the envelope's encoding covers it, too
    sigs.write_text(json.dumps(value), encoding="utf-8")
    assert ask("bundles", mine, sigs)[0].startswith("SIGNATURE_ERROR")
