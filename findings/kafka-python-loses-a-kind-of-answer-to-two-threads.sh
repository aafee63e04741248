#!/usr/bin/env bash
# kafka-python 3.0.12: two clients that start at the same time, each in its own thread, can leave the process unable to
# read one kind of answer for good. What reads an answer is looked up as a weak reference to a class of one API version,
# which each thread makes that finds none: where the class that was registered last is not the one that was kept, it is
# collected. A second race keeps a decoder that was made out of a weak reference. Here a trace function holds the one
# thread where the scheduler would; by chance, eight threads did it to 4 of 786 kinds, and slow machines do it to whole
# programs. Seen: ReferenceError for every later answer about API versions, TypeError for every later one of metadata.
set -euo pipefail
room=$(mktemp -d)
trap 'rm -rf "$room"' EXIT
cd "$room"
python3 -m venv python
python/bin/pip install --quiet kafka-python==3.0.12
cat > look.py <<'PYTHON'
import gc
import sys
import threading

from kafka.protocol.api_header import RequestHeader
from kafka.protocol.metadata import ApiVersionsResponse, MetadataResponse


def read(kind):
    """Read an answer as a connection does that has sent the request."""
    header = RequestHeader(request_api_key=kind.API_KEY, request_api_version=kind.max_version)
    return header.get_response_class().decode(bytes(kind(version=kind.max_version).encode()))


def meet(kind, held, other):
    """Read it in two threads: the one waits at ``held`` for the other, and the other at ``other`` for the one."""
    one_there, other_there, one_over = (threading.Event() for _ in range(3))

    def watch_one(frame, event, argument):
        if (frame.f_code.co_name, frame.f_locals.get("name")) == held:
            one_there.set()
            other_there.wait(10)

    def watch_other(frame, event, argument):
        if frame.f_code.co_filename.endswith("codegen.py") and frame.f_code.co_name == other:
            other_there.set()
            one_over.wait(10)

    def one():
        sys.settrace(watch_one)
        read(kind)
        sys.settrace(None)
        one_over.set()

    thread = threading.Thread(target=one)
    thread.start()
    one_there.wait(10)
    sys.settrace(watch_other)
    try:
        read(kind)
    except TypeError:
        pass  # it comes again below
    sys.settrace(None)
    other_there.set()
    thread.join()
    gc.collect()
    try:
        return read(kind).version
    except (ReferenceError, TypeError) as error:
        return type(error).__name__


made = f"ApiVersionsResponse_v{ApiVersionsResponse.max_version}"
print([
    meet(ApiVersionsResponse, ("__init__", made), None),
    meet(MetadataResponse, ("emit_decode_from", None), "__init__"),
])
PYTHON
seen=$(timeout 120 python/bin/python look.py)
echo "kafka-python 3.0.12: $seen"
[ "$seen" = "['ReferenceError', 'TypeError']" ]
