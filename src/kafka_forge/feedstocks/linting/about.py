"""Rules about what a recipe says of its package: names, versions, licence, maintainers, tests."""

from __future__ import annotations

import re

from packaging.licenses import InvalidLicenseExpression, canonicalize_license_expression

from kafka_forge.feedstocks.linting.rules import Found, Recipe, rule

_USER = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9]|-(?=[A-Za-z0-9])){0,38}|conda-forge/[\w.-]+")
"""A user of GitHub, or a team of conda-forge's there."""
_PLACEHOLDERS = {"kafka-forge", "listmehere", "your-github-id", "addyourgithubidhere", "addyourgithubid", "lisaforgit"}
"""Names that templates have (grayskull's, staged-recipes' example), and this project's own, which is nobody."""


@rule("R-002", "lint", "a homepage, a licence and a summary")
def _about(recipe: Recipe) -> Found:
    for key in ("homepage", "license", "summary"):
        if not recipe.part("about").get(key):
            yield f"about has no {key}", "about"


@rule("R-003", "lint", "maintainers")
def _maintained(recipe: Recipe) -> Found:
    if not recipe.part("extra").get("recipe-maintainers"):
        yield "extra names no recipe-maintainers", "extra"


@rule("R-004", "lint", "maintainers are a list")
def _maintainers(recipe: Recipe) -> Found:
    found = recipe.part("extra").get("recipe-maintainers")
    if found and (not isinstance(found, list) or not all(isinstance(each, str) for each in found)):
        yield "recipe-maintainers is no list of names", "extra.recipe-maintainers"


@rule("CF-001", "lint", "maintainers are users of GitHub's, or teams of conda-forge's")
def _users(recipe: Recipe) -> Found:
    for each in recipe.part("extra").get("recipe-maintainers") or ():
        if not _USER.fullmatch(str(each)) or str(each).lower() in _PLACEHOLDERS:
            yield f"the maintainer {each} is nobody on GitHub", "extra.recipe-maintainers"


@rule("R-039", "lint", "feedstock-name without -feedstock")
def _feedstock_name(recipe: Recipe) -> Found:
    if str(recipe.part("extra").get("feedstock-name", "")).endswith("-feedstock"):
        yield "feedstock-name ends with -feedstock, which is put behind it", "extra.feedstock-name"


@rule("R-005", "lint", "tests")
def _tests(recipe: Recipe) -> Found:
    if not recipe.tests:
        yield "the recipe has no tests", "tests"


@rule("R-007", "lint", "a licence that is known")
def _unknown(recipe: Recipe) -> Found:
    if str(recipe.part("about").get("license", "")).strip().lower() in {"unknown", "licenseref-unknown"}:
        yield "the licence is called unknown", "about.license"


@rule("R-010", "lint", "a licence's name without the word License")
def _license_word(recipe: Recipe) -> Found:
    text = str(recipe.part("about").get("license", ""))
    if re.search(r"(?i)\blicense\b", text) and "LicenseRef" not in text:
        yield f"the name {text} has the word License in it", "about.license"


@rule("R-044", "hint", "an SPDX expression as licence")
def _spdx(recipe: Recipe) -> Found:
    text = str(recipe.part("about").get("license", ""))
    if not text:
        return
    try:
        right = canonicalize_license_expression(text)
    except InvalidLicenseExpression as error:
        yield f"{text} is no SPDX expression: {error}", "about.license"
    else:
        if right != text:
            yield f"SPDX spells {text} as {right}", "about.license"


@rule("R-013", "lint", "the files of the licence")
def _license_file(recipe: Recipe) -> Found:
    if not recipe.part("about").get("license_file"):
        yield "about has no license_file", "about"


@rule("R-008", "lint", "a build number")
def _number(recipe: Recipe) -> Found:
    if recipe.part("build").get("number") is None:
        yield "build has no number", "build"


@rule("R-014", "lint", "a name of lower-case letters, digits, _, - and .")
def _name(recipe: Recipe) -> Found:
    name = str(recipe.part("package").get("name", ""))
    if "${{" not in name and not re.fullmatch(r"[a-z0-9_.-]+", name):
        yield f"the name {name!r} has other characters", "package.name"


@rule("R-015", "lint", "a version")
def _version(recipe: Recipe) -> Found:
    if not recipe.part("package").get("version"):
        yield "package has no version", "package"


@rule("R-016", "lint", "a version as conda knows versions")
def _valid_version(recipe: Recipe) -> Found:
    from rattler import Version
    from rattler.exceptions import InvalidVersionError

    version = str(recipe.part("package").get("version", ""))
    if reference := re.fullmatch(r"\$\{\{\s*(\w+)\s*\}\}", version):
        version = str(recipe.part("context").get(reference[1], ""))
    if not version or "${{" in version:
        return
    try:
        Version(version)
    except InvalidVersionError as error:
        yield f"conda cannot order the version {version}: {error}", "package.version"
