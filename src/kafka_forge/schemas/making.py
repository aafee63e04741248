"""The published JSON schemas, made from the models so that they can't drift from them."""

from __future__ import annotations

import json
from pathlib import Path

from kafka_forge.attesting.told import Attested
from kafka_forge.bench.shape import BenchReport
from kafka_forge.comparing.model import Diff
from kafka_forge.doctor.report import DoctorReport
from kafka_forge.ground.files import write_text_atomic
from kafka_forge.report.model import Report
from kafka_forge.values.contract import Contract

_HERE = Path(__file__).parent
REPORT_SCHEMA = _HERE / "report.schema.json"
BENCH_SCHEMA = _HERE / "bench.schema.json"
CONTRACT_SCHEMA = _HERE / "contract.schema.json"
ATTEST_SCHEMA = _HERE / "attest.schema.json"
DIFF_SCHEMA = _HERE / "diff.schema.json"
DOCTOR_SCHEMA = _HERE / "doctor.schema.json"


def current() -> dict[Path, str]:
    """Return the text that each schema file must have now."""
    return {
        REPORT_SCHEMA: json.dumps(Report.model_json_schema(), indent=2) + "\n",
        BENCH_SCHEMA: json.dumps(BenchReport.model_json_schema(), indent=2) + "\n",
        CONTRACT_SCHEMA: json.dumps(Contract.model_json_schema(), indent=2) + "\n",
        ATTEST_SCHEMA: json.dumps(Attested.model_json_schema(), indent=2) + "\n",
        DIFF_SCHEMA: json.dumps(Diff.model_json_schema(), indent=2) + "\n",
        DOCTOR_SCHEMA: json.dumps(DoctorReport.model_json_schema(mode="serialization"), indent=2) + "\n",
    }


def write() -> list[Path]:
    """Write the schema files that differ; return them."""
    changed = [(path, text) for path, text in current().items() if not path.exists() or path.read_text() != text]
    for path, text in changed:
        write_text_atomic(path, text)
    return [path for path, _ in changed]
