"""Signing without a key, as a job of CI does it: Sigstore's own client, against servers of the test's own.

What only the public instance can show was not run: that its Fulcio takes GitHub's word for a job, that its Rekor's log
is one that others watch, and that its keys are had anew (TUF).
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from tests import loopback
from tests.integration import sigstore_servers
from tests.integration.sigstore_servers import REQUEST_TOKEN, TOKEN, Servers
from tests.unit.proven import proven
from tests.unit.sigstore_instance import IDENTITY

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.integration
CHANNEL = "https://example.org/mine"


@pytest.fixture(scope="module")
def servers() -> Iterator[Servers]:
    with sigstore_servers.running() as found:
        assert loopback.elsewhere(loopback.listening()) == []
        yield found


class Job:
    """A job with two packages and the program."""

    def __init__(self, folder: Path, servers: Servers) -> None:
        self.environment = {name: value for name, value in os.environ.items() if not name.lower().endswith("_proxy")}
        self.environment |= servers.job()
        for name in ("one", "two"):
            proven(folder, name)
        self.files = [str(folder / "linux-64" / f"{name}-1-h0_0.conda") for name in ("one", "two")]
        self.configuration, self.root = str(folder / "instance.json"), str(folder / "trusted_root.json")
        (folder / "instance.json").write_text(json.dumps(servers.configuration()), encoding="utf-8")
        (folder / "trusted_root.json").write_text(json.dumps(servers.instance.trusted_root()), encoding="utf-8")

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "kafka_forge.cli", "attest", *arguments]
        done = subprocess.run(command, env=self.environment, capture_output=True, text=True, timeout=120, check=False)
        for secret in (REQUEST_TOKEN, TOKEN):
            assert secret not in done.stdout + done.stderr
        return done

    def sign(self) -> subprocess.CompletedProcess[str]:
        return self.run("sign", *self.files, "--channel", CHANNEL, "--sigstore", self.configuration)

    def verify(self, *more: str) -> subprocess.CompletedProcess[str]:
        known = ["--identity", IDENTITY, "--issuer", "github", "--trusted-root", self.root]
        return self.run("verify", *self.files, *known, *more)


@pytest.fixture
def job(tmp_path: Path, servers: Servers) -> Iterator[Job]:
    servers.asked.clear()
    yield Job(tmp_path, servers)
    servers.down = ""


def test_a_job_signs_without_a_key_and_anybody_verifies_it_offline(job: Job, servers: Servers) -> None:
    done = job.sign()
    assert done.returncode == 0, done.stderr
    assert servers.asked == ["/token", "/api/v2/signingCert", *["/api/v1/log/entries"] * 2]  # one certificate for all
    servers.asked.clear()
    seen = job.verify("--channel", CHANNEL, "--json")
    assert seen.returncode == 0, seen.stderr
    rows = json.loads(seen.stdout)["verified"]
    assert [row["signer"] for row in rows] == [IDENTITY, IDENTITY]
    assert {"certificate", "certificate transparency", "transparency log", "channel"} <= set(rows[0]["looked_at"])
    assert job.verify("--channel", "https://example.org/another").returncode == 62
    assert servers.asked == []


@pytest.mark.parametrize("down", ["/token", "/api/v2", "/api/v1"])
def test_a_server_that_does_not_answer_leaves_nothing_half_signed(job: Job, servers: Servers, down: str) -> None:
    servers.down = down
    done = job.sign()
    assert done.returncode == 63, done.stderr
    assert "KF614" in done.stderr
    assert "--key FILE" in done.stderr
    assert job.verify().returncode == 62


def test_a_job_without_the_permission_is_told_which_one(job: Job) -> None:
    for name in ("ACTIONS_ID_TOKEN_REQUEST_TOKEN", "ACTIONS_ID_TOKEN_REQUEST_URL"):
        del job.environment[name]
    done = job.sign()
    assert done.returncode == 63
    assert "id-token: write" in done.stderr


def test_no_job_at_all(job: Job) -> None:
    del job.environment["GITHUB_ACTIONS"]
    done = job.sign()
    assert done.returncode == 63
    assert "no CI job" in done.stderr
