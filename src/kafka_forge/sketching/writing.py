"""The files of a new recipe, written as the ones that are there: recipe, hints, conda-smithy's settings."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from packaging.specifiers import SpecifierSet
from packaging.version import Version

from kafka_forge.doctor.known import OURS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from packaging.requirements import Requirement

    from kafka_forge.sketching.names import Names
    from kafka_forge.sketching.sdist import Sdist

PLACEHOLDER = "AddYourGitHubIdHere"
"""Who maintains it until somebody says so; conda-forge's rules find it (CF-001)."""
UNKNOWN = "LicenseRef-Unknown"
"""The licence until somebody has read it, spelled as the engine takes it; conda-forge's rules find it (R-007)."""
_SETTINGS = """\
# Of a feedstock's root; the keys are those of conda-forge.org/docs/maintainer/conda_forge_yml.
conda_build_tool: rattler-build
conda_install_tool: pixi
conda_forge_output_validation: true
github:
  branch_name: main
  tooling_branch_name: main
"""
_NOARCH = "noarch_platforms:\n  - linux_64\n"
_CROSS = """\
# Cross-built where conda-forge has machines enough; Linux tests then run under its emulators.
build_platform:
  linux_aarch64: linux_64
  linux_ppc64le: linux_64
  osx_arm64: osx_64
test: native_and_emulated
"""


@dataclass(frozen=True, slots=True)
class Sketch:
    """What a recipe is written from.

    Attributes:
        sdist: what upstream says.
        name: the conda package's.
        file: the sdist's file name.
        sha256: its sum.
        maintainers: users of GitHub's.
        python_min: conda-forge's oldest Python, ``3.11``.
        pythons: all that are built for, oldest first.
    """

    sdist: Sdist
    name: str
    file: str
    sha256: str
    maintainers: Sequence[str]
    python_min: str
    pythons: Sequence[str]

    @property
    def distribution(self) -> str:
        """The name that its files are installed under."""
        return re.sub(r"[-_.]+", "_", self.sdist.project).lower()


def settings(sketch: Sketch) -> str:
    """Return ``conda-forge.yml``."""
    return _SETTINGS + (_CROSS if sketch.sdist.compiled else _NOARCH)


def hints(sketch: Sketch) -> str:
    """Return ``sources.yaml``."""
    rows = ["kind: python-index", f"project: {sketch.sdist.project}", f"file: {sketch.file}"]
    return f"{sketch.sha256}:\n  - " + "\n    ".join(rows) + "\n"


def recipe(sketch: Sketch, names: Names) -> str:
    """Return ``recipe.yaml``."""
    parts = [_head(sketch), _build(sketch), _requirements(sketch, names), _tests(sketch), _about(sketch)]
    people = "\n".join(f"    - {each}" for each in sorted(sketch.maintainers or [PLACEHOLDER], key=str.lower))
    return "\n".join([*parts, f"extra:\n  recipe-maintainers:\n{people}\n"])


def _head(sketch: Sketch) -> str:
    project = sketch.sdist.project
    file = sketch.file.replace(sketch.sdist.version, "${{ version }}")
    newer = f'  python_min: "{lowest}"\n' if (lowest := _lowest(sketch)) != sketch.python_min else ""
    return (
        f'schema_version: 1\n\ncontext:\n  version: "{sketch.sdist.version}"\n{newer}\n'
        f"package:\n  name: {sketch.name}\n  version: ${{{{ version }}}}\n\n"
        f"source:\n  url: https://pypi.io/packages/source/{project[0].lower()}/{project}/{file}\n"
        f"  sha256: {sketch.sha256}\n"
    )


def _lowest(sketch: Sketch) -> str:
    """Return the oldest Python that upstream takes, of those that are built for."""
    if sketch.sdist.compiled:
        return sketch.python_min
    taken = SpecifierSet(sketch.sdist.python)
    fit = [each for each in sketch.pythons if taken.contains(f"{each}.99")]
    return min(fit or [sketch.python_min], key=Version)


def _build(sketch: Sketch) -> str:
    install = "-m pip install . -vv --no-deps --no-build-isolation"
    if not sketch.sdist.compiled:
        lines = [
            "build:",
            f"  number: {OURS}",
            "  noarch: python",
            "  script:",
            f"    - ${{{{ PYTHON }}}} {install} --no-compile",
            f'    - ${{{{ PYTHON }}}} "$RECIPE_DIR/record.py" {sketch.distribution}',
        ]
        if sketch.sdist.programs:
            lines += ["  python:", "    entry_points:"]
            lines += [f"      - {name} = {call}" for name, call in sketch.sdist.programs.items()]
        return "\n".join(lines) + "\n"
    programs = "".join(f" {each}" for each in sketch.sdist.programs)
    return (
        f"build:\n  number: {OURS}\n  script:\n"
        "    # the script's language is that of the platform that builds\n"
        '    - if: build_platform != "win-64"\n      then:\n'
        "        # bytecode that does not name the build's folders, and does not depend on the sources' times\n"
        f"        - ${{PYTHON}} {install} --no-compile\n"
        + "".join(
            '        - ${PYTHON} -m compileall -q -s "${PREFIX}" --invalidation-mode checked-hash '
            f'"${{SP_DIR}}/{each}"\n'
            for each in sketch.sdist.packages
        )
        + f'        - ${{PYTHON}} "${{RECIPE_DIR}}/record.py" {sketch.distribution}{programs}\n'
        f'      else:\n        - "%PYTHON% {install}"\n'
        f"        - '%PYTHON% \"%RECIPE_DIR%\\record.py\" {sketch.distribution}{programs}'\n"
        "  dynamic_linking:\n    overlinking_behavior: error\n    overdepending_behavior: error\n"
    )


def _requirements(sketch: Sketch, names: Names) -> str:
    compiled = sketch.sdist.compiled
    lines = ["requirements:"]
    if compiled:
        lines += [
            "  build:",
            '    - ${{ compiler("c") }}',
            '    - ${{ stdlib("c") }}',
            "    - if: build_platform != target_platform",
            "      then:",
            "        - python",
            "        - cross-python_${{ target_platform }}",
        ]
        # the compiler that the Python of this machine runs; what the host has may be for another
        lines += [f"        - {_spec(each, names)}" for each in sketch.sdist.builds if _name(each) == "cython"]
    lines += ["  host:", "    - python" if compiled else "    - python ${{ python_min }}.*", "    - pip"]
    lines += [f"    - {_spec(each, names)}" for each in sketch.sdist.builds if _name(each) != "pip"]
    lines += [f"    - {each}" for each in sketch.sdist.libraries]
    lines += ["  run:", "    - python" if compiled else "    - python >=${{ python_min }}"]
    needed, extras = _divided(sketch)
    lines += [f"    - {each}" for each in sorted({_spec(each, names) for each in needed})]
    bound = sorted({_spec(each, names) for each in extras if each.specifier})
    if bound:
        lines += ["  # what only some of its users need, bound as upstream's extras bind it", "  run_constraints:"]
        lines += [f"    - {each}" for each in bound]
    return "\n".join(lines) + "\n"


def _divided(sketch: Sketch) -> tuple[list[Requirement], list[Requirement]]:
    """Return what everybody needs on at least one of the Pythons, and what only an extra asks for."""
    environments = [
        {"python_version": each, "python_full_version": f"{each}.0", "implementation_name": "cpython",
         "platform_python_implementation": "CPython"}
        for each in sketch.pythons
    ]  # fmt: skip
    needed, extras = [], []
    for each in sketch.sdist.requires:
        if each.marker is None or any(each.marker.evaluate({**there, "extra": ""}) for there in environments):
            needed.append(each)
        elif "extra" in str(each.marker):
            extras.append(each)
    taken = {_name(each) for each in needed}
    return needed, [each for each in extras if _name(each) not in taken]


def _name(requirement: Requirement) -> str:
    return re.sub(r"[-_.]+", "-", requirement.name).lower()


def _spec(requirement: Requirement, names: Names) -> str:
    """Return a match spec: conda has PEP 440's operators, but for ``==1.*``, which is ``1.*`` there."""
    clauses = sorted(map(str, requirement.specifier), key=lambda each: ("><=!~".index(each[0]), each))
    bounds = ",".join(re.sub(r"^===?(.*\*)$", r"\1", each) for each in clauses)
    return f"{names.of(requirement.name)} {bounds}".strip()


def _tests(sketch: Sketch) -> str:
    lines = ["tests:", "  - python:", "      imports:"]
    lines += [f"        - {each}" for each in sketch.sdist.packages] + ["      pip_check: true"]
    if not sketch.sdist.compiled:
        lines += ["      python_version:", "        - ${{ python_min }}.*", '        - "*"']
    for program in sketch.sdist.programs if not sketch.sdist.compiled else ():
        lines += ["  - script:", f"      - {program} --help"]
        lines += ["    requirements:", "      run:", "        - python ${{ python_min }}.*"]
    return "\n".join(lines) + "\n"


def _about(sketch: Sketch) -> str:
    sdist = sketch.sdist
    lines = ["about:", *(f"  {key}: {url}" for key, url in sdist.urls.items())]
    lines.append(f"  license: {sdist.license or UNKNOWN}")
    lines += ["  license_file:", *(f"    - {each}" for each in sdist.license_files)] if sdist.license_files else []
    quoted = sdist.summary.replace("\\", "\\\\").replace('"', '\\"')
    plain = re.fullmatch(r"[A-Za-z][\w ,.()/+-]*", sdist.summary)
    lines.append(f"  summary: {sdist.summary}" if plain else f'  summary: "{quoted}"')
    return "\n".join(lines) + "\n"
