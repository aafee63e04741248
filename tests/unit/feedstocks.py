"""Feedstocks as conda-smithy renders them, small: the keys and the form of its files, with values that a test chooses.

Taken as models were the ``.ci_support`` files of conda-forge/librdkafka-feedstock (1e23f58, v0, several platforms),
conda-forge/pykafka-feedstock (381271f, v0 with Pythons), conda-forge/python-confluent-kafka-feedstock (f146ed5, v1 with
two migrations) and HaoZeke/metatrain-feedstock (923e4d2, v1 and noarch).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

COMPILERS = {
    "linux": {"c_compiler": "gcc", "c_compiler_version": "15", "c_stdlib": "sysroot", "c_stdlib_version": "2.17"},
    "osx": {
        "c_compiler": "clang",
        "c_compiler_version": "21",
        "c_stdlib": "macosx_deployment_target",
        "c_stdlib_version": "11.0",
    },
    "win": {"c_compiler": "vs2022", "c_stdlib": "vs"},
}
"""Of conda-forge's pinning in November 2026: system → what ``compiler("c")`` and ``stdlib("c")`` come to."""
CXX = {
    "linux": {"cxx_compiler": "gxx", "cxx_compiler_version": "15"},
    "osx": {"cxx_compiler": "clangxx", "cxx_compiler_version": "21"},
    "win": {"cxx_compiler": "vs2022"},
}
LIBRARIES = {"libcurl": "8", "lz4_c": "1.10", "openssl": "3.5", "zlib": "1", "zstd": "1.5"}
PYTHONS = ["3.11.* *_cpython", "3.12.* *_cpython", "3.13.* *_cp313", "3.14.* *_cp314"]
MIGRATING = {"python314t": "3.14.* *_cp314t", "python315": "3.15.* *_cp315"}
"""Migration → the value of ``python`` that it adds."""

_MACHINE = {
    "linux": {"docker_image": "quay.io/condaforge/linux-anvil-x86_64:alma10"},
    "osx": {
        "MACOSX_DEPLOYMENT_TARGET": "11.0",
        "MACOSX_SDK_VERSION": "11.0",
        "macos_machine": "x86_64-apple-darwin13.4.0",
    },
    "win": {},
}
_V0 = "pin_run_as_build:\n  python:\n    min_pin: x.x\n    max_pin: x.x\npython_impl:\n- cpython\n"


class Feedstock:
    """A feedstock's folder: its recipe, its variants, its migrations."""

    def __init__(self, folder: Path) -> None:
        """Begin with what every feedstock has."""
        self.folder = folder
        (folder / ".ci_support").mkdir(parents=True)
        (folder / ".ci_support" / "README").write_text("made by conda-smithy\n", encoding="utf-8")
        (folder / "conda-forge.yml").write_text("bot:\n  automerge: true\n", encoding="utf-8")

    def recipe(self, name: str, version: str, number: int, *, v1: bool = True) -> Feedstock:
        """Write a recipe of which only what is read here counts."""
        (self.folder / "recipe").mkdir(exist_ok=True)
        text = f"""context:
  name: {name}
  version: "{version}"
  number: {number}
package:
  name: ${{{{ name|lower }}}}
  version: ${{{{ version }}}}
build:
  number: ${{{{ number }}}}
  skip: match(python_impl, "pypy")
"""
        if not v1:
            text = f"""{{% set version = "{version}" %}}
package:
  name: {name}
  version: {{{{ version }}}}
build:
  number: {number}
  skip: true  # [win and vc<14]
  run_exports:
    - {{{{ pin_subpackage("{name}", max_pin="x.x") }}}}
requirements:
  build:
    - {{{{ compiler("c") }}}}
"""
        (self.folder / "recipe" / ("recipe.yaml" if v1 else "meta.yaml")).write_text(text, encoding="utf-8")
        return self

    def build(self, platform: str, keys: Mapping[str, str], *, v1: bool = True, noarch: bool = False) -> Feedstock:
        """Write the file of one build; its name is spelled as conda-smithy spells it."""
        system = platform.partition("-")[0]
        values = {"channel_sources": "conda-forge", "channel_targets": "conda-forge main", **_MACHINE[system], **keys}
        if not (v1 and noarch):
            values["target_platform"] = platform
        looped = "".join(f"{key}{value}" for key, value in keys.items() if key in self.looped)
        name = f"{platform}_{looped}".replace("-", "_").replace(" ", "_").replace("*", "_")
        lines = [f"{key}:\n- {value!r}\n" for key, value in sorted(values.items())]
        lines.append("zip_keys:\n- - python\n  - channel_sources\n" if v1 else _V0)
        (self.folder / ".ci_support" / f"{name}.yaml").write_text("".join(lines), encoding="utf-8")
        return self

    looped = ("python",)
    """The keys that have several values, which conda-smithy's names tell apart."""

    def builds(
        self, platforms: Iterable[str], pythons: Iterable[str], keys: Mapping[str, str], *, v1: bool
    ) -> Feedstock:
        """Write a file for each platform and Python."""
        for platform in platforms:
            for python in pythons:
                self.build(platform, {**COMPILERS[platform.partition("-")[0]], **keys, "python": python}, v1=v1)
        return self

    def migration(self, name: str, key: str, value: str) -> Feedstock:
        """Write a migration that the feedstock has had."""
        folder = self.folder / ".ci_support" / "migrations"
        folder.mkdir(exist_ok=True)
        head = f"__migrator:\n  commit_message: Rebuild for {name}\n  migration_number: 1\nmigrator_ts: 1755739490\n"
        (folder / f"{name}.yaml").write_text(f"{head}{key}:\n- {value}\n", encoding="utf-8")
        return self
