"""What building for Windows needs besides: its folders, which are others than those of the Python that runs here."""

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
