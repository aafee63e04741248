#!/usr/bin/env bash
# py-rattler 0.28.0: two packages that bring the same path are installed together without an error or a warning (conda
# raises ClobberError or warns, by path_conflict). One file wins; the other is moved to __clobbers__/PACKAGE/PATH inside the
# prefix, where no manager of packages or test looks. Seen: no exception, no output, share/same has one package's
# text, __clobbers__ the other's.
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

from rattler import Platform, install, solve
from rattler.index import index_fs

from conda_package_streaming.create import conda_builder

channel = pathlib.Path("channel").resolve()
(channel / "noarch").mkdir(parents=True)


def package(name):
    text = name.encode()
    index = {"name": name, "version": "1", "build": "0", "build_number": 0, "depends": [], "subdir": "noarch"}
    entry = {"_path": "share/same", "path_type": "hardlink", "sha256": hashlib.sha256(text).hexdigest(), "size_in_bytes": 3}
    files = {
        "share/same": text,
        "info/index.json": json.dumps({**index, "noarch": "generic"}).encode(),
        "info/paths.json": json.dumps({"paths": [entry], "paths_version": 1}).encode(),
    }
    with conda_builder(f"{name}-1-0", channel / "noarch") as tar:
        for path, data in files.items():
            member = tarfile.TarInfo(path)
            member.size = len(data)
            tar.addfile(member, io.BytesIO(data))


async def main():
    await index_fs(channel)
    records = await solve([channel.as_uri()], ["one", "two"], platforms=[Platform("noarch")])
    await install(records, pathlib.Path("prefix").resolve(), cache_dir=pathlib.Path("cache").resolve(), show_progress=False)


package("one")
package("two")
asyncio.run(main())
found = {str(path.relative_to("prefix")): path.read_text() for path in pathlib.Path("prefix").rglob("same")}
print(found, flush=True)
(loser,) = [path for path in found if path.startswith("__clobbers__")]
assert {found["share/same"], found[loser]} == {"one", "two"}, "the behaviour has changed"
os._exit(0)
PYTHON
python/bin/python look.py
