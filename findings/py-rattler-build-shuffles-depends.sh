#!/usr/bin/env bash
# py-rattler-build 0.73.0: what a package's host packages export (run_exports) comes into its `depends` in an order that is
# another in each build of the same recipe, in one process too; `requirements` in the recipe are a list, and the channel
# is the same. So two builds of one recipe are two files, though their contents are equal (rattler-build's documentation
# calls its builds reproducible). Seen: of six builds with six exporting packages, six orders.
set -euo pipefail
room=$(mktemp -d)
trap 'rm -rf "$room"' EXIT
cd "$room"
python3 -m venv python
python/bin/pip install --quiet py-rattler-build==0.73.0 conda-package-streaming==0.13.0
mkdir recipe  # what lies beside a recipe is packed with it
cat > look.py <<'PYTHON'
import json
import os
import pathlib

from conda_package_streaming.package_streaming import stream_conda_info
from rattler_build import Stage0Recipe, VariantConfig
from rattler_build.tool_config import ToolConfiguration

NAMES = ["ash", "beech", "cedar", "elm", "fir", "oak"]
channel = pathlib.Path("channel").resolve()
channel.mkdir()


def build(text, target):
    pathlib.Path("recipe/recipe.yaml").write_text(text)
    (output,) = Stage0Recipe.from_file("recipe/recipe.yaml").render(VariantConfig())
    output.run_build(ToolConfiguration(), output_dir=str(target), channels=[channel.as_uri()])


for name in NAMES:
    build(
        f'package: {{name: {name}, version: "1"}}\nbuild: {{noarch: generic, script: "true"}}\n'
        f'requirements: {{run_exports: ["{name} >=1"]}}\n',
        channel,
    )
orders = set()
for number in range(6):
    target = pathlib.Path(f"built-{number}").resolve()
    build(f'package: {{name: wood, version: "1"}}\nbuild: {{script: "true"}}\nrequirements: {{host: {NAMES}}}\n', target)
    (package,) = target.rglob("wood-*.conda")
    for tar, member in stream_conda_info(str(package)):
        if member.name == "info/index.json":
            depends = json.load(tar.extractfile(member))["depends"]
            assert sorted(depends) == [f"{name} >=1" for name in NAMES]
            orders.add(tuple(depends))
print(f"{len(orders)} orders of depends in 6 builds of one recipe, as {sorted(orders)[0]}", flush=True)
assert len(orders) > 1, "the behaviour has changed"
os._exit(0)
PYTHON
python/bin/python look.py 2>&1 | tail -2
