#!/usr/bin/env bash
# py-rattler 0.28.0: attestations lie beside a package as NAME.conda.sigs, which others' tools find, and under their sum as
# NAME.conda.sigs.SHA256, which the index names (CEP 50). One that was put there by hand under the first name alone ends
# the writing of the whole folder's index: other packages, attested or not, are left out of it as well. CEP 50 leaves it to
# a channel how it collects attestations. Seen: an error, and a package that came later is not in repodata.json; with
# the second file there, both packages are, and attestations_sha256.
set -euo pipefail
room=$(mktemp -d)
trap 'rm -rf "$room"' EXIT
cd "$room"
python3 -m venv python
python/bin/pip install --quiet py-rattler==0.28.0 conda-package-streaming==0.13.0
cat > look.py <<'PYTHON'
import asyncio
import hashlib
import io
import json
import os
import pathlib
import tarfile

from rattler.index import index_fs

from conda_package_streaming.create import conda_builder

noarch = pathlib.Path("channel").resolve() / "noarch"
noarch.mkdir(parents=True)


def package(name):
    index = {"name": name, "version": "1", "build": "0", "build_number": 0, "depends": [], "subdir": "noarch"}
    files = {
        "info/index.json": json.dumps({**index, "noarch": "generic"}).encode(),
        "info/paths.json": b'{"paths": [], "paths_version": 1}',
    }
    with conda_builder(f"{name}-1-0", noarch) as tar:
        for path, data in files.items():
            member = tarfile.TarInfo(path)
            member.size = len(data)
            tar.addfile(member, io.BytesIO(data))


def indexed():
    asyncio.run(index_fs(noarch.parent))
    return json.loads((noarch / "repodata.json").read_text())["packages.conda"]


package("one")
assert set(indexed()) == {"one-1-0.conda"}
bundle = {
    "mediaType": "application/vnd.dev.sigstore.bundle.v0.3+json",
    "verificationMaterial": {"publicKey": {"hint": "aGludA=="}},
    "dsseEnvelope": {"payload": "e30=", "payloadType": "application/vnd.in-toto+json", "signatures": [{"sig": "e30="}]},
}
content = json.dumps([bundle]).encode()
(noarch / "one-1-0.conda.sigs").write_bytes(content)
package("two")
try:
    indexed()
    raise SystemExit("the behaviour has changed")
except Exception as error:
    print(f"{type(error).__name__}: {str(error)[:120]}…", flush=True)
before = json.loads((noarch / "repodata.json").read_text())["packages.conda"]
assert set(before) == {"one-1-0.conda"}, "the behaviour has changed"
sha256 = hashlib.sha256(content).hexdigest()
(noarch / f"one-1-0.conda.sigs.{sha256}").write_bytes(content)
after = indexed()
assert set(after) == {"one-1-0.conda", "two-1-0.conda"}
assert after["one-1-0.conda"]["attestations_sha256"] == sha256
print({name: each.get("attestations_sha256") for name, each in after.items()}, flush=True)
os._exit(0)
PYTHON
python/bin/python look.py
