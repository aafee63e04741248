"""What a Python of the base is asked, wherever it came from: do all its extension modules import, and work?"""

from __future__ import annotations

PROBE = """
import importlib, pathlib, sys, sysconfig
failed = {}
for path in sorted(pathlib.Path(sysconfig.get_path("platstdlib"), "lib-dynload").glob("*.so")):
    name = path.name.split(".")[0]
    try:
        importlib.import_module(name)
    except Exception as error:
        failed[name] = repr(error)
import bz2, ctypes, lzma, sqlite3, ssl, zlib
data = bytes(range(256)) * 99
assert all(module.decompress(module.compress(data)) == data for module in (bz2, lzma, zlib))
assert sqlite3.connect(":memory:").execute("select 41 + 1").fetchone() == (42,)
assert ctypes.CDLL(None).getpid() == __import__("os").getpid()
"""
"""Leaves ``failed``: module → why it does not import."""
