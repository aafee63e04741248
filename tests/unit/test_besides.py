"""Where the loader finds libraries, by the kind of what is looked at."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from kafka_forge import platforms
from kafka_forge.inspection import binaries
from kafka_forge.values.model import Kind
from tests.zig import compiled

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def prefix(tmp_path: Path) -> Path:
    """A prefix like /usr: a library where Debian has it, and an extension that names no folder."""
    library = compiled(
        "x86_64-linux-gnu.2.17",
        "int one(void) { return 1; }\n",
        tmp_path / "lib" / "x86_64-linux-gnu" / "librdkafka.so.1",
        *("-shared", "-nostdlib", "-Wl,-soname,librdkafka.so.1"),
    )
    compressor = compiled(
        "x86_64-linux-gnu.2.17",
        "int two(void) { return 2; }\n",
        tmp_path / "elsewhere" / "libz.so.1",
        *("-shared", "-nostdlib", "-Wl,-soname,libz.so.1"),
    )
    source = "int one(void); int two(void);\nint both(void) { return one() + two(); }\n"
    compiled("x86_64-linux-gnu.2.17", source, tmp_path / "ext.so", "-shared", "-nostdlib", library, compressor)
    return tmp_path


@pytest.mark.parametrize(
    ("kind", "found"),
    [
        (Kind.CONDA, {"librdkafka.so.1": "", "libz.so.1": ""}),
        (Kind.WHEEL, {"librdkafka.so.1": "", "libz.so.1": "system"}),
        (Kind.SYSTEM, {"librdkafka.so.1": "lib/x86_64-linux-gnu/librdkafka.so.1", "libz.so.1": ""}),
    ],
)
def test_a_library_that_no_search_path_leads_to(kind: Kind, found: dict[str, str], prefix: Path) -> None:
    """manylinux lets wheels take zlib from the system; a conda package must bring what it needs."""
    more = binaries.besides(kind, prefix)
    (seen,) = binaries.read(prefix, ["ext.so"], platforms.of("linux-64"), more)
    assert seen.found == found
