"""What an artifact has brought, by the prefix's own records."""

from __future__ import annotations

import json
from pathlib import Path

from kafka_forge.inspection import brought
from kafka_forge.values.model import Artifact, Cell, Environment

CELL = Cell("parcel", "win-64", None, "parcel", "1.0", "pyh0_0", noarch=True)


def test_a_launcher_that_the_installer_made_is_no_file_of_the_package(tmp_path: Path) -> None:
    """It is a binary, and the package for every platform has none (`fits-its-platform`)."""
    paths = {
        "Lib/site-packages/parcel.py": "hardlink",
        "Scripts/parcel-script.py": "windows_python_entry_point_script",
        "Scripts/parcel.exe": "windows_python_entry_point_exe",
    }
    record = {
        "files": list(paths),
        "depends": ["python"],
        "extracted_package_dir": str(tmp_path / "pkgs" / "parcel"),
        "paths_data": {"paths": [{"_path": path, "path_type": kind} for path, kind in paths.items()]},
    }
    (tmp_path / "conda-meta").mkdir()
    (tmp_path / "conda-meta" / "parcel-1.0-pyh0_0.json").write_text(json.dumps(record), encoding="utf-8")
    seen = brought.of(Environment(Artifact(CELL, Path("none"), "0" * 64, 0), tmp_path, None, ()))
    assert seen.files == tuple(sorted(paths))
    assert seen.programs == {"Scripts/parcel-script.py", "Scripts/parcel.exe"}
