#!/usr/bin/env bash
# py-rattler-build 0.73.0: SOURCE_DATE_EPOCH of the environment is not honoured (reproducible-builds.org's specification:
# where it is set, tools must use it and must not set it anew). The build script gets the engine's own clock under that
# name, files and package are dated by it, and no argument of run_build sets it; only `script: env:` in the recipe reaches
# the script, and nothing reaches the package's own `timestamp`. Seen: with SOURCE_DATE_EPOCH=1600000000 set, the script
# is told the present, and index.json's timestamp is the present; with `env:` in the recipe the script alone has 1600000000.
set -euo pipefail
room=$(mktemp -d)
trap 'rm -rf "$room"' EXIT
cd "$room"
python3 -m venv python
python/bin/pip install --quiet py-rattler-build==0.73.0 conda-package-streaming==0.13.0
export SOURCE_DATE_EPOCH=1600000000
mkdir recipe  # what lies beside a recipe is packed with it
cat > look.py <<'PYTHON'
import json
import os
import pathlib
import time

from conda_package_streaming.package_streaming import stream_conda_component
from rattler_build import Stage0Recipe, VariantConfig
from rattler_build.tool_config import ToolConfiguration


def told(script):
    """What the script was told, and the package's own time, in seconds since 1970."""
    pathlib.Path("recipe/recipe.yaml").write_text(f'package: {{name: dated, version: "1"}}\nbuild: {{script: {json.dumps(script)}}}\n')
    (output,) = Stage0Recipe.from_file("recipe/recipe.yaml").render(VariantConfig())
    target = pathlib.Path(f"built-{time.monotonic_ns()}").resolve()
    target.mkdir()
    output.run_build(ToolConfiguration(), output_dir=str(target), channels=[target.as_uri()])
    (package,) = target.rglob("dated-*.conda")
    found = {}
    for part, name in (("pkg", "epoch"), ("info", "info/index.json")):
        for tar, member in stream_conda_component(str(package), open(package, "rb"), part):
            if member.name == name:
                found[name] = tar.extractfile(member).read()
    return int(found["epoch"]), json.loads(found["info/index.json"])["timestamp"] // 1000


begun = int(time.time()) - 1
write = "echo $SOURCE_DATE_EPOCH > $PREFIX/epoch"
by_environment, by_recipe = told({"content": write}), told({"content": write, "env": {"SOURCE_DATE_EPOCH": "1600000000"}})
print(f"environment: script {by_environment[0]}, package {by_environment[1]}; recipe: script {by_recipe[0]}, package {by_recipe[1]}", flush=True)
assert min(by_environment) >= begun and by_recipe[0] == 1600000000 and by_recipe[1] >= begun, "the behaviour has changed"
os._exit(0)
PYTHON
python/bin/python look.py 2>&1 | tail -2
