"""Makes the Python of the build environment answer as the one in the host environment would.

It is read when a Python starts that has this folder on its path. What is to be installed goes to the host's prefix,
headers come from there, and programs that are written name the Python there.
"""

import contextlib
import os
import sys

_prefix = os.environ.get("CROSS_PYTHON_PREFIX")
if _prefix:
    sys.path[:] = [path for path in sys.path if not path.startswith(sys.prefix) or "site-packages" not in path]
    sys.prefix = sys.exec_prefix = sys.base_prefix = sys.base_exec_prefix = _prefix
    sys.executable = sys._base_executable = f"{_prefix}/bin/python"  # noqa: SLF001
    sys.modules.pop("sysconfig", None)  # it may have looked at the prefix already
    with contextlib.suppress(ImportError):
        import cross_system  # noqa: F401  (what the host's system needs besides)
