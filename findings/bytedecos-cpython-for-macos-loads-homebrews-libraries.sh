#!/usr/bin/env bash
# org.bytedeco:cpython 3.14.3-1.5.13, the CPython that JavaCPP's users embed, for macOS: three modules of the standard
# library name libraries by the absolute path that Homebrew has them at on the machine that built the jar, though the jar
# is meant to bring all of Python. `_lzma` and `_zstd` cannot be imported elsewhere; without `_decimal`, Python takes the
# `decimal` that is written in Python, and says nothing.
# Seen: /opt/homebrew/opt/{xz,zstd,mpdecimal}/lib/… in _lzma, _zstd and _decimal for macosx-arm64.
set -euo pipefail
room=$(mktemp -d)
trap 'rm -rf "$room"' EXIT
cd "$room"
python3 -m venv python
python/bin/pip install --quiet lief==1.0.0
jar=org.bytedeco:cpython:3.14.3-1.5.13:jar:macosx-arm64
mvn --quiet --batch-mode dependency:copy -Dartifact=$jar -DoutputDirectory=. &>maven.log || { cat maven.log; exit 1; }
cat > look.py <<'PYTHON'
import glob
import zipfile

import lief

(jar,) = glob.glob("cpython-*-macosx-arm64.jar")
seen = {}
with zipfile.ZipFile(jar) as archive:
    for name in archive.namelist():
        if "/lib-dynload/" in name and name.endswith(".so"):
            module = lief.MachO.parse(list(archive.read(name))).at(0)
            outside = [each.name for each in module.libraries if each.name.startswith(("/opt/", "/usr/local/"))]
            if outside:
                seen[name.rsplit("/", 1)[1].split(".")[0]] = outside
for module, libraries in sorted(seen.items()):
    print(module, *libraries)
assert seen == {
    "_decimal": ["/opt/homebrew/opt/mpdecimal/lib/libmpdec.4.dylib"],
    "_lzma": ["/opt/homebrew/opt/xz/lib/liblzma.5.dylib"],
    "_zstd": ["/opt/homebrew/opt/zstd/lib/libzstd.1.dylib"],
}, "the behaviour has changed"
PYTHON
python/bin/python look.py
