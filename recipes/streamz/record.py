"""Make RECORD list what the package holds: run behind pip, as `record.py DISTRIBUTION [PROGRAM...]`.

pip installs what no package wants: where it was built (direct_url.json, PEP 610), a linker's import library, programs
of the platform that it runs on. They are taken away, and their lines with them; PROGRAM is what the engine will make.
It also writes INSTALLER and search paths anew, so their hashes are left out, as RECORD's specification allows
(https://packaging.python.org/en/latest/specifications/recording-installed-packages/). Compiled files are listed as pip
lists them, without a hash.
"""

import csv
import os
import sys
from pathlib import Path

site, prefix = Path(os.environ["SP_DIR"]), Path(os.environ["PREFIX"])
(record,) = site.glob(sys.argv[1] + "-*.dist-info/RECORD")
with record.open(newline="", encoding="utf-8") as stream:
    before = {path: rest for path, *rest in csv.reader(stream) if "__pycache__" not in path}

lines = {}
for path, rest in before.items():
    file = site / path
    if path.startswith("../") or file.name == "direct_url.json" or file.suffix == ".lib":
        file.unlink()
        continue
    lines[path] = ["", ""] if file.name == "INSTALLER" or file.suffix == ".so" else rest
    if file.suffix == ".py":
        for compiled in file.parent.glob("__pycache__/" + file.stem + ".*.pyc"):
            lines[compiled.relative_to(site).as_posix()] = ["", ""]
windows = site.parent.name == "Lib"
for program in sys.argv[2:]:
    for made in [f"Scripts/{program}.exe", f"Scripts/{program}-script.py"] if windows else [f"bin/{program}"]:
        lines[os.path.relpath(prefix / made, site).replace(os.sep, "/")] = ["", ""]

with record.open("w", newline="", encoding="utf-8") as stream:
    csv.writer(stream, lineterminator="\n").writerows([path, *rest] for path, rest in sorted(lines.items()))
