"""Looks at an environment from inside; runs on its Python with the standard library only (see ``__init__.py``).

Usage: ``look.py < REQUEST``. REQUEST is JSON: ``clients`` as `doctor.clients` has them, ``probe`` (the path of
scenarios/probe.py), ``settings`` (librdkafka's, to be accepted or not) and ``seconds`` for each import. The last line
of its output is the answer, JSON too, in the shape of `doctor.seen.Seen`.

Every client is imported in a process of its own, and those with librdkafka in one more together, all side by side: a
crash of one is evidence and takes no other along.
"""

from __future__ import annotations

import contextlib
import importlib.util
import json
import os
import platform
import re
import shutil
import site
import ssl
import subprocess
import sys
import sysconfig
from pathlib import Path
from typing import Any

_HERE = str(Path(__file__).resolve().parent)
_DISTRIBUTION = re.compile(r"^(?P<name>.+?)(-(?P<version>[^-]+))?(-py\d[\d.]*)?(-.+)?\.(dist-info|egg-info)$")
_CONDA = re.compile(r"^(?P<name>.+)-(?P<version>[^-]+)-(?P<build>[^-]+)\.json$")
_VARIABLES = re.compile(
    r"^(PYTHON.*|LD_(LIBRARY_PATH|PRELOAD)|DYLD_.*|SSL_CERT_(FILE|DIR)|SASL_PATH|KRB5_.*|CONDA_PREFIX|VIRTUAL_ENV"
    r"|REQUESTS_CA_BUNDLE|CURL_CA_BUNDLE|OPENSSL_(CONF|MODULES)|https?_proxy|HTTPS?_PROXY)$"
)
# Where librdkafka looks for CA certificates if it is told to probe (rd_kafka_ssl_probe_and_set_default_ca_location in
# rdkafka_ssl.c), which is what one with OpenSSL linked into it does of its own accord.
_PROBED = (
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/certs/ca-bundle.crt",
    "/etc/pki/tls/certs/ca-bundle.trust.crt",
    "/etc/ssl/ca-bundle.pem",
    "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
    "/etc/ssl/cert.pem",
    "/etc/cacert.pem",
    "/etc/certs/ca-certificates.crt",
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/ssl/certs",
    "/usr/local/etc/ssl/cert.pem",
    "/usr/local/etc/ssl/certs/cacert.pem",
    "/usr/local/etc/openssl/certs",
    "/usr/share/ca-certs/ca-bundle.crt",
)


def normalized(name: str) -> str:
    """Return a distribution's name as PEP 503 compares it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def bare(url: str) -> str:
    """Return an URL without the user and the password that it may have."""
    return re.sub(r"//[^/@\s]*@", "//", url)


def text_of(path: Path) -> str | None:
    """Return a small file's text; None where there is none."""
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return None


def object_in(path: Path) -> dict[str, Any]:
    """Return a file's JSON object; an empty one where it holds none: an installation may have broken off."""
    try:
        value: Any = json.loads(text_of(path) or "{}")
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}


def distributions(folders: list[str], known: set[str]) -> tuple[list[dict[str, Any]], dict[str, str]]:
    """Return the clients' distributions, each as often as it is there, and name → version of all the others."""
    clients: list[dict[str, Any]] = []
    others: dict[str, str] = {}
    for order, folder in enumerate(folders):
        for entry in entries(folder):
            found = _DISTRIBUTION.match(entry)
            if not found:
                continue
            name = normalized(found.group("name"))
            version = found.group("version") or version_in(Path(folder) / entry)
            if name in known:
                clients.append(details(Path(folder) / entry, name, version, order))
            else:
                others.setdefault(name, version or "")
    return clients, others


def entries(folder: str) -> list[str]:
    """Return the names in a folder of ``sys.path``; none where it may not be read."""
    try:
        return sorted(each.name for each in Path(folder).iterdir())
    except OSError:
        return []


def version_in(folder: Path) -> str | None:
    """Return the version that metadata state whose folder is not named by it (``pip install -e``, setup.py develop)."""
    text = text_of(folder / "PKG-INFO") or text_of(folder / "METADATA") or ""
    found = re.search(r"^Version: *(\S+)", text, re.MULTILINE)
    return found.group(1) if found else None


def details(folder: Path, name: str, version: str | None, order: int) -> dict[str, Any]:
    """Return what metadata say of a client: who installed it, out of what, and whether its files are those listed."""
    direct = object_in(folder / "direct_url.json")
    wheel = text_of(folder / "WHEEL") or ""
    listed, missing, changed = compared(folder)
    return {
        "name": name,
        "version": version,
        "path": str(folder),
        "order": order,
        "installer": (text_of(folder / "INSTALLER") or "").strip() or of_debian(folder),
        "tags": re.findall(r"^Tag: *(\S+)", wheel, re.MULTILINE),
        "direct_url": bare(str(direct.get("url", ""))) if direct else None,
        "editable": bool((direct.get("dir_info") or {}).get("editable")),
        "listed": listed,
        "missing": missing,
        "changed": changed,
    }


def of_debian(folder: Path) -> str | None:
    """Return ``debian`` where metadata lie in the folder that its policy keeps for packages of its own.

    ``/usr/local/lib/python3.x/dist-packages`` is for its administrator (Debian Python Policy, "Module path").
    """
    return "debian" if folder.parent.parts[-3:] == ("lib", "python3", "dist-packages") else None


def compared(folder: Path) -> tuple[int, list[str], list[str]]:
    """Return how many files RECORD lists, and which of them are absent or of another size (compiled ones aside)."""
    import csv

    record = text_of(folder / "RECORD")
    missing, changed, listed = [], [], 0
    for row in csv.reader((record or "").replace("\0", "").splitlines()):  # before 3.11, csv refuses a NUL
        if len(row) != 3 or row[0].endswith(".pyc"):
            continue
        listed += 1
        try:
            size = (folder.parent / row[0]).stat().st_size
        except OSError:
            missing.append(row[0])
        else:
            if row[2].isdigit() and size != int(row[2]):
                changed.append(row[0])
    return listed, missing, changed


def conda_packages(prefix: str) -> list[dict[str, Any]]:
    """Return the conda packages of a prefix by the names of their records; build number and channel of those told."""
    folder = Path(prefix) / "conda-meta"
    found = []
    for path in sorted(folder.glob("*.json")) if folder.is_dir() else []:
        named = _CONDA.match(path.name)
        if named and re.search(r"kafka|openssl|krb5|sasl|ca-cert|certifi|^python-\d|streamz", path.name):
            record = object_in(path)
            found.append({**named.groupdict(), "number": record.get("build_number"), "channel": record.get("channel")})
    return found


def certificates() -> dict[str, Any]:
    """Return which CA certificates OpenSSL and librdkafka would take, and whether these are there."""
    paths = ssl.get_default_verify_paths()
    return {
        "file": paths.openssl_cafile,
        "folder": paths.openssl_capath,
        "found": [path for path in (paths.cafile, paths.capath) if path],
        "probed": [path for path in _PROBED if Path(path).exists()],
        "openssl": ssl.OPENSSL_VERSION,
    }


def kerberos(prefix: str) -> dict[str, Any]:
    """Return whether there is a kinit, which librdkafka runs for its tickets, and where Cyrus SASL has plugins."""
    places = [os.environ.get("SASL_PATH", ""), prefix + "/lib/sasl2"]
    places += [
        "/usr/lib/sasl2",
        "/usr/lib64/sasl2",
        "/usr/lib/%s/sasl2" % (sysconfig.get_config_var("MULTIARCH") or ""),
    ]
    return {"kinit": shutil.which("kinit"), "plugins": [path for path in places if path and Path(path).is_dir()]}


def interpreter() -> dict[str, Any]:
    """Return what Python this is."""
    lock: Any = getattr(sys, "_is_gil_enabled", None)
    return {
        "executable": sys.executable,
        "version": platform.python_version(),
        "implementation": platform.python_implementation(),
        "prefix": sys.prefix,
        "base_prefix": sys.base_prefix,
        "free_threaded": bool(sysconfig.get_config_var("Py_GIL_DISABLED")),
        "gil": lock() if lock else True,
        "system": platform.system().lower(),
        "machine": platform.machine(),
        "libc": " ".join(platform.libc_ver()).strip() or None,
        "user_site": site.getusersitepackages(),
        "managed": sys.prefix == sys.base_prefix and Path(sysconfig.get_path("stdlib"), "EXTERNALLY-MANAGED").is_file(),
    }


def start(request: dict[str, Any], clients: list[dict[str, Any]]) -> subprocess.Popen[bytes]:
    """Start the process that imports these clients."""
    asked = {key: request[key] for key in ("probe", "settings")}
    command = [sys.executable, "-B", "-X", "faulthandler", str(Path(_HERE, "client.py"))]
    child = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    if child.stdin is not None:
        with contextlib.suppress(OSError):  # it has ended, which `heard` tells
            child.stdin.write(json.dumps({**asked, "clients": clients}).encode())
            child.stdin.close()
        child.stdin = None
    return child


def heard(child: subprocess.Popen[bytes], seconds: float) -> dict[str, Any]:
    """Wait for such a process; return its answer, or how it ended without one."""
    hung = False
    try:
        out, err = child.communicate(timeout=seconds)
    except subprocess.TimeoutExpired:
        child.kill()
        hung = True
        out, err = child.communicate()
    try:
        answer: dict[str, Any] = json.loads(out.decode("utf-8", "replace").splitlines()[-1])
    except (IndexError, ValueError):
        answer = {}
    said = err.decode("utf-8", "replace").strip().splitlines()
    return {**answer, "status": child.returncode, "hung": hung, "said": said[-12:]}


def look(request: dict[str, Any]) -> dict[str, Any]:
    """Do what the request asks for, and return the answer."""
    present = [client for client in request["clients"] if importlib.util.find_spec(client["module"]) is not None]
    imported = [client for client in present if client["import"]]
    alone = [start(request, [client]) for client in imported]
    native = [{**client, "parts": []} for client in imported if client["native"]]
    together = start(request, native) if len(native) > 1 else None
    folders = [path for path in dict.fromkeys(map(os.path.realpath, sys.path)) if Path(path).is_dir()]
    clients, others = distributions(
        folders, {name for client in request["clients"] for name in client["distributions"]}
    )
    seen: dict[str, Any] = {
        "python": interpreter(),
        "path": folders,
        "variables": {name: bare(value) for name, value in sorted(os.environ.items()) if _VARIABLES.match(name)},
        "distributions": clients,
        "others": others,
        "conda": conda_packages(sys.prefix),
        "certificates": certificates(),
        "kerberos": kerberos(sys.prefix),
        "present": [client["name"] for client in present],
    }
    # zip has no strict= before Python 3.10
    seen["clients"] = {c["name"]: heard(child, request["seconds"]) for c, child in zip(imported, alone)}  # noqa: B905
    seen["together"] = heard(together, request["seconds"]) if together else None
    return seen


if __name__ == "__main__":
    sys.path[:] = [path for path in sys.path if os.path.realpath(path or ".") != _HERE]
    print("\n" + json.dumps(look(json.loads(sys.stdin.buffer.read().decode("utf-8")))))
