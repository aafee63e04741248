#!/usr/bin/env bash
# confluent-kafka 2.14.2: its extra for the schema registry asks for attrs >=21.2.0 and imports the module `attrs`, which
# came with attrs 21.3.0 (before, there was `attr` only). With the oldest attrs that it allows, pip and `pip check` are
# content and the import fails; with the next one it works. Whoever packages it by its metadata packages that, too.
# Seen: ModuleNotFoundError: No module named 'attrs' with 21.2.0; no error with 21.3.0.
set -euo pipefail
room=$(mktemp -d)
trap 'rm -rf "$room"' EXIT
cd "$room"
python3 -m venv python
look() {
  python/bin/pip install --quiet "confluent-kafka[schemaregistry]==2.14.2" "attrs==$1"
  python/bin/pip check
  python/bin/python -c '
from importlib.metadata import requires, version
asked = sorted({each for each in requires("confluent-kafka") if each.startswith("attrs>")})[0].split(";")[0]
try:
    import confluent_kafka.schema_registry
    seen = "imported"
except ModuleNotFoundError as error:
    seen = error
print("attrs", version("attrs"), "asked for:", asked, "seen:", seen)' 2>/dev/null
}
oldest=$(look 21.2.0 | tee /dev/stderr)
next=$(look 21.3.0 | tee /dev/stderr)
[[ $oldest == *"No broken requirements found."*"seen: No module named 'attrs'" ]] || { echo "the behaviour has changed: $oldest"; exit 1; }
[[ $next == *'attrs 21.3.0 asked for: attrs>=21.2.0 seen: imported' ]] || { echo "the behaviour has changed: $next"; exit 1; }
