"""Rules about sources and the build's script."""

from __future__ import annotations

import re
from typing import Any

from kafka_forge.feedstocks.linting.rules import Found, Recipe, flat, rule


def _urls(recipe: Recipe) -> list[str]:
    return [str(url) for source in recipe.sources for url in flat(source.get("url"))]


def _script(recipe: Recipe) -> list[str]:
    script: Any = recipe.part("build").get("script")
    if isinstance(script, dict):
        script = script.get("content")
    lines = [str(each) for each in flat(script)]
    for file in ("build.sh", "build.bat"):
        if (recipe.folder / file).is_file():
            lines += (recipe.folder / file).read_text(encoding="utf-8").splitlines()
    return lines


@rule("R-019", "lint", "a checksum with every URL")
def _sum(recipe: Recipe) -> Found:
    for source in recipe.sources:
        if "url" in source and not {"sha256", "md5"} & source.keys():
            yield "a source has a url, and no sha256", "source"


@rule("R-028", "lint", "no compiled wheels as sources")
def _compiled_wheels(recipe: Recipe) -> Found:
    for url in _urls(recipe):
        if url.endswith(".whl") and not url.endswith("-none-any.whl"):
            yield f"{url} is a compiled wheel", "source"


@rule("R-029", "lint", "no wheels as sources of what is compiled")
def _wheels(recipe: Recipe) -> Found:
    for url in _urls(recipe):
        if url.endswith("-none-any.whl") and recipe.noarch != "python":
            yield f"{url} is a wheel", "source"


@rule("R-030", "hint", "an sdist rather than a wheel")
def _pure_wheels(recipe: Recipe) -> Found:
    for url in _urls(recipe):
        if url.endswith("-none-any.whl") and recipe.noarch == "python":
            yield f"{url} is a wheel; an sdist is preferred", "source"


@rule("R-050", "hint", "pip install, not setup.py install")
def _pip(recipe: Recipe) -> Found:
    if any("setup.py install" in line for line in _script(recipe)):
        yield "the script runs setup.py install", "build.script"


@rule("R-051", "hint", "the Python index by its present host")
def _index_host(recipe: Recipe) -> Found:
    for url in _urls(recipe):
        if re.match(r"https?://pypi\.io/", url):
            yield "the source is named at pypi.io, which leads to the Python index's present host", "source"


@rule("R-031", "lint", "the licences of Rust's crates")
def _rust(recipe: Recipe) -> Found:
    rust = any(re.search(r"compiler\(\s*['\"]rust['\"]", each) for each in recipe.requirements("build"))
    if rust and "cargo-bundle-licenses" not in recipe.requirements("build"):
        yield "build has a compiler of Rust, and no cargo-bundle-licenses", "requirements.build"


@rule("R-032", "lint", "the licences of Go's modules")
def _go(recipe: Recipe) -> Found:
    go = any(re.search(r"compiler\(\s*['\"]go(-\w+)?['\"]", each) for each in recipe.requirements("build"))
    if go and "go-licenses" not in recipe.requirements("build"):
        yield "build has a compiler of Go, and no go-licenses", "requirements.build"
