#!/usr/bin/env bash
# libfaketime 0.9.10 (Debian bookworm): with DONT_FAKE_MONOTONIC=1, which its page recommends for programs that hang, every
# clock_nanosleep until a time of CLOCK_MONOTONIC fails with EINVAL at once. Python's time.sleep is that call since 3.11, so
# it raises, and so does what waits by it: Popen.wait(timeout=…), filelock. Without the variable sleep works.
# Seen: with it, 20 of 20 sleeps fail; select and Event.wait work.
set -euo pipefail
room=$(mktemp -d)
trap 'rm -rf "$room"' EXIT
cd "$room"
VERSION=0.9.10-2.1
apt-get download --quiet "libfaketime=$VERSION" >/dev/null
dpkg-deb --extract libfaketime_*.deb .
cat > look.py <<'PYTHON'
import threading
import time

failed = 0
for _ in range(20):
    try:
        time.sleep(0.001)
    except OSError as error:
        assert error.errno == 22, error
        failed += 1
threading.Event().wait(0.01)
print(f"{failed} of 20 sleeps fail")
PYTHON
library=$(find "$room" -name libfaketime.so.1)
[ "$(python3 look.py)" = "0 of 20 sleeps fail" ]
LD_PRELOAD=$library FAKETIME=+366d DONT_FAKE_MONOTONIC=1 python3 look.py | tee seen
[ "$(cat seen)" = "20 of 20 sleeps fail" ]
