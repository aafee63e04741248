"""Rules about requirements: how they are written, Python's bounds, compilers and the C library."""

from __future__ import annotations

import re

from kafka_forge.feedstocks.linting.rules import Found, Recipe, flat, rule

_PARTS = ("build", "host", "run", "run_constraints")
_BACKENDS = {
    "flit", "flit-core", "hatch", "hatchling", "maturin", "mesonpy", "meson-python", "pdm-backend", "pdm-pep517",
    "poetry", "poetry-core", "py-build-cmake", "scikit-build-core", "scikit-build", "setuptools", "setuptools-rust",
    "sip", "uv-build", "whey", "pybind11-stubgen", "jupyter-packaging", "expandvars", "enscons", "trampolim",
}  # fmt: skip
"""conda-forge's names of what pip can build with (PEP 517)."""


def _specs(recipe: Recipe) -> list[tuple[str, str]]:
    return [(part, spec) for part in _PARTS for spec in recipe.requirements(part) if not spec.startswith("${{")]


@rule("R-021", "lint", "no space between an operator and its version")
def _joined(recipe: Recipe) -> Found:
    for part, spec in _specs(recipe):
        if re.search(r"[<>=!~]\s", spec):
            yield f"{part}: {spec} has a space behind an operator", f"requirements.{part}"


@rule("R-022", "lint", "a space between a name and its bound")
def _separate(recipe: Recipe) -> Found:
    for part, spec in _specs(recipe):
        if re.match(r"[\w.-]+[<>=!~]", spec):
            yield f"{part}: {spec} has no space behind the name", f"requirements.{part}"


@rule("R-048", "hint", "name [version [build]]")
def _three_fields(recipe: Recipe) -> Found:
    for part, spec in _specs(recipe):
        bare = re.sub(r"\$\{\{.*?\}\}", "x", spec)
        if not re.fullmatch(r"[\w.-]+( [^\s=]\S*| =\S*)?( \S+)?", bare) or re.search(r"=[^=<>,|]+=", bare):
            yield f"{part}: {spec} is not of the form name version build", f"requirements.{part}"


@rule("R-023", "lint", "Python runs what it was built for")
def _python_runs(recipe: Recipe) -> Found:
    names = {part: {spec.split()[0] for spec in recipe.requirements(part)} for part in ("host", "run")}
    if "python" in names["host"] and "python" not in names["run"]:
        yield "python is in host, and not in run", "requirements.run"


@rule("R-024", "lint", "no bound of Python's where it is compiled for each")
def _python_unbound(recipe: Recipe) -> Found:
    if recipe.noarch is None:
        for part in ("host", "run"):
            for spec in recipe.requirements(part):
                if spec.startswith("python "):
                    yield f"{part}: {spec} has a bound, which the variants set", f"requirements.{part}"


@rule("R-026", "lint", "a lower bound of Python's where it is for all of them")
def _lower_bound(recipe: Recipe) -> Found:
    if recipe.noarch == "python":
        run = [spec for spec in recipe.requirements("run") if spec.split()[0] == "python"]
        if not any(">" in spec for spec in run):
            yield "run has python without a lower bound", "requirements.run"


@rule("R-047", "hint", "python_min where it is for all Pythons, and the tests on it")
def _python_min(recipe: Recipe) -> Found:
    if recipe.noarch != "python":
        return
    wanted = {
        "host": (r"python \$\{\{ python_min \}\}\.\*", "python ${{ python_min }}.*"),
        "run": (r"python >=\$\{\{ python_min \}\}(,.*)?", "python >=${{ python_min }}"),
    }
    for part, (pattern, text) in wanted.items():
        if not any(re.fullmatch(pattern, spec) for spec in recipe.requirements(part)):
            yield f"{part} has no {text}", f"requirements.{part}"
    if not any(re.fullmatch(r"(?:python )?\$\{\{ python_min \}\}\.\*", each) for each in _tested_on(recipe)):
        yield "no test runs on ${{ python_min }}.*", "tests"


def _tested_on(recipe: Recipe) -> list[str]:
    found = []
    for test in recipe.tests:
        python = test.get("python")
        if isinstance(python, dict):
            found += [str(each) for each in flat(python.get("python_version"))]
        asked = test.get("requirements")
        if isinstance(asked, dict):
            found += [str(each) for each in flat(asked.get("run"))]
    return found


@rule("R-020", "lint", "noarch is python or generic")
def _noarch(recipe: Recipe) -> Found:
    if recipe.noarch not in {None, "python", "generic"}:
        yield f"noarch is {recipe.noarch}", "build.noarch"


@rule("R1-002", "lint", "no conditions where it is for all platforms")
def _noarch_selectors(recipe: Recipe) -> Found:
    if recipe.noarch is None:
        return
    several = "noarch_platforms" in recipe.settings
    for part in ("build", "host", "run"):
        for each in recipe.part("requirements").get(part) or ():
            if isinstance(each, dict) and not (several and part != "build" and _of_system(str(each.get("if", "")))):
                yield f"{part} has a condition, and the package is noarch", f"requirements.{part}"
                break
    if "skip" in recipe.part("build"):
        yield "build has a skip, and the package is noarch", "build.skip"


def _of_system(condition: str) -> bool:
    return {*condition.split()} - {"not", "and", "or"} <= {"win", "linux", "osx", "unix"}


@rule("R-027", "lint", "pin_subpackage for what is made here, pin_compatible for what is not")
def _pins(recipe: Recipe) -> Found:
    name = str(recipe.part("package").get("name"))
    for number, line in enumerate(recipe.text.splitlines(), 1):
        for word, pinned in re.findall(r"(pin_subpackage|pin_compatible)\(\s*['\"]([^'\"]+)", line.partition(" # ")[0]):
            if not line.lstrip().startswith("#") and (word == "pin_subpackage") != (pinned == name):
                yield (
                    f"{word} is the wrong one for {pinned}, which {'is' if pinned == name else 'is not'} made here",
                    number,
                )


@rule("R-033", "lint", "stdlib('c') with every compiler")
def _stdlib(recipe: Recipe) -> Found:
    build = recipe.requirements("build")
    compiles = any(re.search(r"compiler\(", each) for each in build)
    if compiles and not any(re.search(r"stdlib\(\s*['\"]c['\"]", each) for each in build):
        yield 'build has a compiler, and no ${{ stdlib("c") }}', "requirements.build"


@rule("R-034", "lint", "stdlib('c'), not sysroot")
def _sysroot(recipe: Recipe) -> Found:
    for part, spec in _specs(recipe):
        if spec.startswith("sysroot_linux"):
            yield f'{part}: {spec} stands for ${{{{ stdlib("c") }}}}', f"requirements.{part}"


@rule("R-035", "lint", "stdlib('c'), not __osx")
def _osx(recipe: Recipe) -> Found:
    for part, spec in _specs(recipe):
        if re.match(r"__osx\s+[<>=]", spec):
            yield f'{part}: {spec} stands for ${{{{ stdlib("c") }}}} and c_stdlib_version', f"requirements.{part}"


@rule("R-046", "hint", "what pip builds with stands in host")
def _backend(recipe: Recipe) -> Found:
    host = {spec.split()[0].replace("_", "-").lower() for spec in recipe.requirements("host")}
    if "pip" in host and not host & _BACKENDS:
        yield "host has pip, and nothing that it builds with (setuptools, hatchling …)", "requirements.host"


@rule("R-041", "hint", "noarch where nothing is compiled")
def _could_be_noarch(recipe: Recipe) -> Found:
    host, build = recipe.requirements("host"), recipe.requirements("build")
    if recipe.noarch is None and "pip" in host and not any("compiler(" in each for each in build):
        yield "pip builds it without a compiler: it could be noarch", "build"


@rule("R-017", "lint", "numpy without x.x")
def _numpy(recipe: Recipe) -> Found:
    for part, spec in _specs(recipe):
        if re.fullmatch(r"numpy\s+x\.x", spec):
            yield f"{part}: {spec} is no pin any more", f"requirements.{part}"
