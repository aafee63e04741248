"""The project's own environment, made on first use: ``.venv`` in the checkout, never the system's Python.

Standard library only, and every Python 3 must be able to parse it: it runs before anything is installed.
"""

import contextlib
import hashlib
import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Dict, Iterator, List, NoReturn, Sequence

ROOT = Path(__file__).resolve().parent.parent
ENVIRONMENT = ROOT / ".venv"
STAMP = ENVIRONMENT / "kafka-forge.json"
LOCKS = ROOT / "requirements"
OLDEST = (3, 10)
TRIES = 3


def fail(code: str, what: str, todo: str) -> NoReturn:
    """Print an error as the program itself would, and exit."""
    sys.exit("error {}: {}\n  next:  {}".format(code, what, todo))


def python_of_environment() -> Path:
    """Return the interpreter inside the project's environment."""
    if os.name == "nt":
        return ENVIRONMENT / "Scripts" / "python.exe"
    return ENVIRONMENT / "bin" / "python"


def wanted(extras: Sequence[str]) -> Dict[str, object]:
    """Return what the stamp of an environment that fits this checkout says."""
    digest = hashlib.sha256((ROOT / "pyproject.toml").read_bytes())
    for lock in locks(extras):
        digest.update(lock.read_bytes())
    return {"locks": digest.hexdigest(), "python": sys.version, "root": str(ROOT), "extras": sorted(extras)}


def locks(extras: Sequence[str]) -> List[Path]:
    """Return the locks of these extras, each of which has the toolkit's own needs, too."""
    return [LOCKS / (name + ".txt") for name in sorted(extras) or ["toolkit"]]


def fits(extras: Sequence[str]) -> bool:
    """Tell whether the environment is whole and was made for this checkout as it is."""
    if not python_of_environment().exists():  # never made, or its system Python is gone
        return False
    try:
        found = json.loads(STAMP.read_text(encoding="utf-8"))
        asked = wanted(found["extras"])
    except (OSError, ValueError, KeyError):
        return False
    return set(extras) <= set(found["extras"]) and all(found.get(key) == asked[key] for key in ("locks", "root"))


@contextlib.contextmanager
def only_one() -> Iterator[None]:
    """Let one process at a time make the environment (where the system has file locks)."""
    try:
        import fcntl
    except ImportError:
        yield
        return
    with (ROOT / ".venv.lock").open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def run(arguments: Sequence[object], what: str) -> None:
    """Run a command, three times with a growing pause if it fails; show its last lines if it never succeeds."""
    for attempt in range(1, TRIES + 1):
        done = subprocess.run(
            [str(part) for part in arguments], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False
        )
        if done.returncode == 0:
            return
        if attempt < TRIES:
            time.sleep(5 * attempt)
    sys.stderr.write(done.stdout.decode("utf-8", "replace")[-3000:])
    fail(
        "KF201",
        what + " failed " + str(TRIES) + " times",
        "see pip's message above; check the network and pip's settings.",
    )


def compile_all() -> None:
    """Compile the environment and the toolkit, as Python itself keeps nothing: PYTHONDONTWRITEBYTECODE is set.

    Else each process would compile all that it imports, again and again: of `kafka-forge plan kafka-python` that is
    half the processor's time, 1.2 seconds of 2.3. What cannot be compiled (templates, another Python's) stays as it is.
    """
    command = [str(python_of_environment()), "-m", "compileall", "-q", "-j", "0", str(ENVIRONMENT), str(ROOT / "src")]
    subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False)


def make(extras: Sequence[str]) -> None:
    """Make the environment anew; the stamp is written last, so a half-made one is never trusted.

    Extras that an earlier command asked for stay: else two commands would make it anew for ever, in turns.
    """
    with contextlib.suppress(OSError, ValueError):
        found = json.loads(STAMP.read_text(encoding="utf-8"))
        extras = sorted({*extras, *found.get("extras", ())})
    sys.stderr.write(
        "preparing kafka-forge's own environment in .venv, as requirements/ locks it (first use; a minute or so; "
        "`python3 scripts/locks.py environment` renews the lock)\n"
    )
    if not python_of_environment().exists() or not STAMP.exists():
        shutil.rmtree(ENVIRONMENT, ignore_errors=True)
        done = subprocess.run([sys.executable, "-m", "venv", str(ENVIRONMENT)], check=False)
        if done.returncode != 0:
            shutil.rmtree(ENVIRONMENT, ignore_errors=True)
            fail(
                "KF903",
                "this Python ({}) cannot make virtual environments".format(sys.executable),
                "install its venv module (Debian and Ubuntu: apt-get install python3-venv) and try again.",
            )
    with contextlib.suppress(OSError):
        STAMP.unlink()
    # Python compiles what is imported; pip would compile everything, a quarter of the time that this takes.
    pip = [python_of_environment(), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-compile"]
    files = [word for lock in locks(extras) for word in ("--requirement", lock)]
    run([*pip, "--require-hashes", *files], "installing the toolkit's dependencies")
    run([*pip, "--no-deps", "--no-build-isolation", "--editable", ROOT], "installing the toolkit")
    if sys.dont_write_bytecode:
        compile_all()
    STAMP.write_text(json.dumps(wanted(extras)), encoding="utf-8")


def run_command(command: Sequence[str], extras: Sequence[str] = ()) -> None:
    """Replace this process by ``kafka-forge COMMAND ARGUMENTS…`` in the project's environment."""
    if sys.version_info < OLDEST:
        fail(
            "KF903",
            "kafka-forge needs Python 3.10 or newer; this is " + sys.version.split()[0],
            "run it with a newer Python.",
        )
    if not fits(extras):
        with only_one():
            if not fits(extras):
                make(extras)
    arguments = [str(python_of_environment()), "-m", "kafka_forge.cli", *command, *sys.argv[1:]]
    os.environ.setdefault("KAFKA_FORGE_ROOT", str(ROOT))
    if os.name == "nt":
        sys.exit(subprocess.run(arguments, check=False).returncode)
    sys.stdout.flush()
    sys.stderr.flush()
    os.execv(arguments[0], arguments)
