"""The variables that setuptools asks for; Python on Windows has no such module."""

import os
import sys

_prefix = os.environ.get("CROSS_PYTHON_PREFIX", "")
_tag = f"{sys.version_info[0]}{sys.version_info[1]}"

build_time_vars = {
    "prefix": _prefix,
    "exec_prefix": _prefix,
    "CC": "cc",
    "CXX": "c++",
    "CFLAGS": "",
    "CCSHARED": "",
    "OPT": "",
    "LDSHARED": f"cc -shared -L{_prefix}/libs -lpython{_tag}",
    "LDCXXSHARED": f"c++ -shared -L{_prefix}/libs -lpython{_tag}",
    "AR": "ar",
    "ARFLAGS": "rcs",
    "EXT_SUFFIX": f".cp{_tag}-win_amd64.pyd",
    "SHLIB_SUFFIX": ".dll",
    "SOABI": f"cp{_tag}-win_amd64",
    "Py_ENABLE_SHARED": 0,
    "VERSION": f"{sys.version_info[0]}.{sys.version_info[1]}",
    "INCLUDEPY": f"{_prefix}/include",
}
