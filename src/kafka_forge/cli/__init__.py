"""The program ``kafka-forge``: one file a command, found by name, imported only when it is called.

``--help`` must answer within 150 ms, so this module imports click and nothing else; the commands' one-line
descriptions stand here, and a test holds them against the commands themselves.
"""

from __future__ import annotations

import contextlib
import importlib
import os
import signal
import sys
from typing import TYPE_CHECKING, Any, NoReturn

import click

from kafka_forge.ground import leaving

if TYPE_CHECKING:
    from types import FrameType

    from kafka_forge.errors import ForgeError

COMMANDS = {
    "verify": "Build everything, install it afresh, and pass messages through a real Kafka.",
    "audit": "Hold anybody's packages to our contracts: conda packages, files, wheels.",
    "diff": "Show what differs between two packages: files, dependencies, symbols, features.",
    "plan": "Show the cells (recipe × platform × Python) in the order of their building.",
    "build": "Build recipes into the output channel.",
    "reproduce": "Build twice, each time under other conditions, and show where the packages differ, byte by byte.",
    "install": "Install an artifact and its dependencies into a fresh prefix.",
    "inspect": "Look into the artifacts: links, paths, versions, features.",
    "roundtrip": "Pass messages through a broker with the clients as installed.",
    "broker": "Start, stop and list brokers.",
    "base": "Make the embedded base channel, or say which base would be taken.",
    "sources": "Obtain the upstream sources of recipes, by sha256.",
    "locks": "Ask whether what is locked can still be had; renew the project's own lock.",
    "patches": "Work on a recipe's patches as on commits.",
    "new": "Write the recipe of a project of the Python index, ready to verify.",
    "bump": "Bring recipes to upstream's newest versions, in step, and prove them: all or nothing.",
    "matrix": "Show what would be built on all platforms, and the CI jobs that build it.",
    "doctor": "Say what is wrong with the Kafka clients of any environment, and what to do.",
    "sbom": "Show what a package is made of, by the document in it, and what of it is known to be vulnerable.",
    "report": "Show the evidence of a run, and merge the reports of several.",
    "feedstock": "Write a conda-forge feedstock's recipe out of ours, and show what changes.",
    "publish": "Put what a green report has proven into a channel: a folder or a server.",
    "attest": "Sign who publishes a package to which channel (CEP 27), and verify it.",
    "soak": "Put the clients through schedules of faults on a cluster of three brokers.",
    "bench": "Measure the toolkit and the clients.",
    "test": "Run ruff, mypy, the unit tests and the integration tests.",
    "clean": "Show what the cache holds, and remove it.",
    "schema": "Write the JSON schemas of reports and contracts.",
}


class _UnheardError(Exception):
    """Whoever read the output has gone before all was said."""


class LazyGroup(click.Group):
    """A group whose commands are modules of this package, imported when they are asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        """Return the commands in the order that a user meets them."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        """Import the command's module and return its ``command``; None where there is no such command."""
        if cmd_name not in COMMANDS:
            return None
        command: click.Command = importlib.import_module(f"kafka_forge.cli.{cmd_name}").command
        return command

    def invoke(self, ctx: click.Context) -> Any:
        """Call the command. That nobody reads what it says any more is told apart, which click takes for status 1."""
        try:
            return super().invoke(ctx)
        except BrokenPipeError as error:
            raise _UnheardError from error

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        """Write the list of commands without importing any of them."""
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 120})
@click.version_option(package_name="kafka-forge")
def cli() -> None:
    """Build Kafka's Python clients for conda, and prove through a real broker that they work."""


def _interrupt(_number: int, _frame: FrameType | None) -> NoReturn:
    raise KeyboardInterrupt


def main(arguments: list[str] | None = None) -> NoReturn:
    """Run the program and end the process: 0, the exit code of the error that was shown, or click's 2 for a wrong call.

    Where nobody reads the output to its end, the status is that of SIGPIPE.
    """
    arguments = list(sys.argv[1:] if arguments is None else arguments)
    debug = "--debug" in arguments or bool(os.environ.get("KAFKA_FORGE_DEBUG"))
    arguments = [argument for argument in arguments if argument != "--debug"]
    signal.signal(signal.SIGTERM, _interrupt)
    leaving.run(lambda: _run(arguments, debug=debug))


def _run(arguments: list[str], *, debug: bool) -> int:
    try:
        returned = cli.main(args=arguments, prog_name="kafka-forge", standalone_mode=False)
    except click.exceptions.Exit as ended:
        return ended.exit_code
    except click.ClickException as error:
        with contextlib.suppress(OSError, ValueError):  # what is told may be lost, the status may not
            error.show()
        return error.exit_code
    except (KeyboardInterrupt, click.Abort, Exception) as error:  # the last place that can explain it
        if debug:
            raise
        return _explain(error)
    return returned if isinstance(returned, int) else 0  # a status where click was told to exit with one


def _explain(error: BaseException) -> int:
    from kafka_forge import errors

    if isinstance(error, (KeyboardInterrupt, click.Abort)):
        shown: errors.ForgeError = errors.Interrupted(
            "interrupted; what was half done has been removed",
            todo="run the same command again: it goes on with what was finished.",
        )
    elif isinstance(error, errors.ForgeError):
        shown = error
    elif isinstance(error, _UnheardError):
        return leaving.CLOSED_PIPE
    else:
        shown = _unforeseen(error)
    with contextlib.suppress(OSError, ValueError):
        click.echo(f"{click.style('error', fg='red', bold=True)} {shown}", err=True)
    return shown.exit_code


def _unforeseen(error: BaseException) -> ForgeError:
    """Turn any other exception into an error; a full disk may show anywhere, and is no fault of ours."""
    from pathlib import Path

    from kafka_forge.errors import ForgeError, InternalError
    from kafka_forge.ground.files import explain_os_errors

    if isinstance(error, OSError):
        try:
            with explain_os_errors(Path(error.filename or os.environ.get("KAFKA_FORGE_CACHE") or Path.cwd())):
                raise error
        except ForgeError as explained:
            return explained
        except OSError:
            pass
    return InternalError(
        f"a fault of kafka-forge itself: {type(error).__name__}: {error}",
        todo="run it again with --debug and report the traceback.",
    )
