"""The certificates of the embedded base: two packages of one name, and what makes a jar's ``ssl`` take them."""

from __future__ import annotations

import os
import re
import ssl
import subprocess
import sys
from pathlib import Path

import pytest

from kafka_forge.bases import certificates, cpython_ssl
from kafka_forge.bases.python_locks import Wheels, load
from kafka_forge.errors import BaseBuildFailed
from kafka_forge.ground.paths import project_root

WHEEL = certificates.bundle(load(Wheels, project_root()))


def test_unix_and_windows_have_packages_of_their_own() -> None:
    unix, windows = (certificates.package(WHEEL, system) for system in certificates.SYSTEMS)
    assert (unix.depends, windows.depends) == (("__unix",), ("__win",))
    assert unix.stem != windows.stem
    assert unix.version == windows.version


def test_activation_on_windows_leaves_a_users_own_setting_alone() -> None:
    """The script for bash, run by a bash; CONDA_PREFIX is as Windows spells it."""
    scripts = [certificates._ACTIVATION[f"{when}.d/ca-certificates.sh"] for when in ("activate", "deactivate")]
    assert run(scripts, {}) == ["C:\\env\\Library\\ssl\\cacert.pem", "gone"]
    assert run(scripts, {"SSL_CERT_FILE": "mine.pem"}) == ["mine.pem", "mine.pem"]


def run(scripts: list[str], told: dict[str, str]) -> list[str]:
    """Return what the variable is after activation, and after deactivation."""
    done = subprocess.run(
        ["bash", "-uc", "\n".join([scripts[0], 'echo "$SSL_CERT_FILE"', scripts[1], 'echo "${SSL_CERT_FILE:-gone}"'])],
        env={"PATH": os.environ["PATH"], "CONDA_PREFIX": "C:\\env", **told},
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.split("\n")[:-1]


def test_windows_other_shells_name_the_same_file() -> None:
    for name, text in certificates._ACTIVATION.items():
        if name.startswith("activate.d"):
            assert re.search(r"CONDA_PREFIX[%}]?\\+Library\\+ssl\\+cacert\.pem", text), name
        assert "__CA_CERTIFICATES_SSL_CERT_FILE" in text


def staged(folder: Path) -> Path:
    """This machine's own ``ssl.py``, as if it were a jar's."""
    (folder / "ssl.py").write_bytes(Path(ssl.__file__).read_bytes())
    cpython_ssl.trust_prefix(folder)
    return folder


def test_ssl_looks_into_the_prefix(tmp_path: Path) -> None:
    program = "import ssl, sys; print(ssl.__file__, *ssl.get_default_verify_paths()[2:], sys.base_prefix, sep='\\n')"
    done = subprocess.run(
        [sys.executable, "-c", program],
        env={"PYTHONPATH": str(staged(tmp_path))},
        capture_output=True,
        text=True,
        check=True,
    )
    found, variable, file, other, folder, prefix = done.stdout.split("\n")[:-1]
    assert Path(found).parent == tmp_path
    assert (variable, other) == ("SSL_CERT_FILE", "SSL_CERT_DIR")
    assert (file, folder) == (f"{prefix}/ssl/cert.pem", f"{prefix}/ssl/certs")


def test_an_ssl_that_is_written_in_another_way_is_not_changed(tmp_path: Path) -> None:
    (tmp_path / "ssl.py").write_text("import _ssl\n", encoding="utf-8")
    with pytest.raises(BaseBuildFailed, match="class SSLContext"):
        cpython_ssl.trust_prefix(tmp_path)
    assert (tmp_path / "ssl.py").read_text(encoding="utf-8") == "import _ssl\n"
