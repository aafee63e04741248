"""What building for Windows needs besides: its folders, which are others than those of the Python that runs here."""

import os
import sys
import sysconfig

_FOLDERS = {
    "purelib": "{base}/Lib/site-packages",
    "platlib": "{platbase}/Lib/site-packages",
    "include": "{installed_base}/include",
    "platinclude": "{installed_platbase}/include",
    "scripts": "{base}/Scripts",
}
for _scheme in ("posix_prefix", "venv", "posix_venv"):
    if _scheme in sysconfig._INSTALL_SCHEMES:  # noqa: SLF001  (there is no other way to change a scheme)
        sysconfig._INSTALL_SCHEMES[_scheme].update(_FOLDERS)  # noqa: SLF001

# the script that stands for the host's Python is not where that Python is
sys.executable = sys._base_executable = os.environ["CROSS_PYTHON_PROGRAM"]  # noqa: SLF001
