"""What a new recipe's package promises: ``contract.yaml``."""

from __future__ import annotations

import io
import re
from typing import TYPE_CHECKING, Any

from ruamel.yaml import YAML

from kafka_forge.scenarios.catalogue import SCENARIOS

if TYPE_CHECKING:
    from pathlib import Path

    from kafka_forge.sketching.writing import Sketch


def contract(sketch: Sketch, audited: Path | None) -> str:
    """Return ``contract.yaml``.

    Args:
        sketch: the recipe to be.
        audited: what the client is held to in audits, where somebody has written that down: the package that is built
            here promises all of it, and what only such a package can.
    """
    own = _own(sketch)
    if audited is None:
        return own
    yaml = YAML()  # it keeps comments
    yaml.preserve_quotes, yaml.width = True, 100
    yaml.indent(mapping=2, sequence=4, offset=2)
    _, _, text = audited.read_text(encoding="utf-8").partition("\n")  # whose first line says what it is for
    known: Any = yaml.load(text)
    if sketch.sdist.compiled:  # then each cell has a Python of its own
        known["environment"].pop("python", None)
    behind = list(known["promises"]).index("pip-check") + 1
    for name, arguments in yaml.load(own)["promises"].items():
        if name not in known["promises"]:
            known["promises"].insert(behind, name, arguments)
    made = io.StringIO()
    yaml.dump(known, made)
    return re.sub(r" +$", "", made.getvalue(), flags=re.MULTILINE)


def _own(sketch: Sketch) -> str:
    """Promise what every Python package does, and messages where there is a scenario for it."""
    packages = ", ".join(sketch.sdist.packages)
    lines = [
        "version: 1",
        "environment:",
        *([] if sketch.sdist.compiled else [f'  python: "{sketch.pythons[-1]}"']),
        "  extras: []",
        "promises:",
        f"  imports: {{modules: [{packages}]}}",
        "  no-build-paths: {}",
        "  pip-check: {}",
        "  recipe-tests: {if: conda, then: {}}",
        "  record-complete: {}",
        "  licenses: {if: conda, then: {}}",
        "  sbom: {if: ours, then: {}}",
        "  fits-its-platform: {if: conda, then: {}}",
        "  files-of-its-own: {if: conda, then: {}}",
        *(["  fits-its-python: {if: conda, then: {}}"] if sketch.sdist.compiled else []),
        *_contents(sketch),
    ]
    if scenario := SCENARIOS.get(sketch.name):
        promises = ("delivery", "order", "timestamps", "headers", "compression", "group")
        lines += [f"  roundtrip-{each}: {{modes: [{scenario.modes[0]}]}}" for each in promises]
    else:
        lines += [
            "  # `roundtrip-…` promises, which pass messages through a broker, take a scenario of the client's:",
            "  # src/kafka_forge/scenarios/use_….py, and its line in catalogue.py.",
        ]
    return "\n".join(lines) + "\n"


def _contents(sketch: Sketch) -> list[str]:
    return [
        "  package-contents:",
        "    has:",
        *(f'      - "*site-packages/{each}"' for each in sketch.sdist.files),
        *(
            f'      - {{if: win, then: "*site-packages/{each}*.pyd", else: "*site-packages/{each}*.so"}}'
            for each in sketch.sdist.extensions
        ),
        "    lacks:",
        "      # says where it was built (PEP 610)",
        '      - {if: conda, then: "*/direct_url.json"}',
    ]
