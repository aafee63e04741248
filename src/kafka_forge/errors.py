"""Every error that a user can meet: a code, what happened, where, and what to do next.

The command line prints an error as one block and exits with its ``exit_code``; a traceback is shown only with
``--debug``. The codes are stable: KF1xx is about what was asked for, KF2xx about the network and sources,
KF3xx about solving and building, KF4xx about environments and inspection, KF5xx about brokers and round trips,
KF6xx about publishing, KF9xx about the machine.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

if TYPE_CHECKING:
    from collections.abc import Sequence


class ForgeError(Exception):
    """The base of all errors that are meant for the user.

    Args:
        what: one sentence that says what happened.
        where: the file (with a line where there is one), URL, cell or log that it happened in.
        todo: one sentence that says what to do next.
        details: further lines to show as they are (a log's last lines, what was tried).
    """

    code: ClassVar[str] = "KF000"
    exit_code: ClassVar[int] = 1

    def __init__(self, what: str, *, todo: str, where: str | None = None, details: Sequence[str] = ()) -> None:
        super().__init__(what)
        self.what = what
        self.where = where
        self.todo = todo
        self.details = tuple(details)

    def as_json(self) -> dict[str, Any]:
        """Return the error as a check's evidence."""
        return {"code": self.code, "where": self.where, "details": list(self.details), "next": self.todo}

    def __str__(self) -> str:
        lines = [f"{self.code}: {self.what}"]
        if self.where:
            lines.append(f"  where: {self.where}")
        lines.extend(f"  | {line}" for line in self.details)
        lines.append(f"  next:  {self.todo}")
        return "\n".join(lines)


class Interrupted(ForgeError):
    """The user pressed Ctrl-C, or the process was asked to end."""

    code = "KF001"
    exit_code = 130


class VerdictsNotGreen(ForgeError):
    """The work was done, and at least one verdict is ``fail``."""

    code = "KF002"
    exit_code = 2


class Differs(ForgeError):
    """What was compared (a feedstock with our recipes) is not the same; the differences were printed."""

    code = "KF003"
    exit_code = 3


# --- KF1xx: what was asked for -------------------------------------------------------------------------------


class UnknownRecipe(ForgeError):
    """No folder of that name under ``recipes/``."""

    code = "KF101"
    exit_code = 10


class UnknownPlatform(ForgeError):
    """Not one of the conda subdirs that this project builds for."""

    code = "KF102"
    exit_code = 10


class UnknownPython(ForgeError):
    """Not one of the Pythons in ``recipes/variants.yaml``."""

    code = "KF103"
    exit_code = 10


class RecipeInvalid(ForgeError):
    """A recipe (or variants file) does not parse or does not render."""

    code = "KF104"
    exit_code = 11


class ContractInvalid(ForgeError):
    """A ``contract.yaml`` does not parse, breaks its schema, or promises what no check can judge."""

    code = "KF105"
    exit_code = 11


class LockInvalid(ForgeError):
    """A lock file under ``bootstrap/`` or of a broker does not parse or breaks its schema."""

    code = "KF106"
    exit_code = 11


class UnknownBroker(ForgeError):
    """Neither a Kafka version of the lock nor ``HOST:PORT``."""

    code = "KF107"
    exit_code = 10


class UnknownBase(ForgeError):
    """``--base`` is not auto, conda-forge, embedded or a channel's URL."""

    code = "KF108"
    exit_code = 10


class NothingSelected(ForgeError):
    """The recipe names, platforms and Pythons asked for have no cell in common."""

    code = "KF109"
    exit_code = 10


class NotBuilt(ForgeError):
    """A stage was asked about an artifact that has not been built yet."""

    code = "KF110"
    exit_code = 10


class UnknownRevision(ForgeError):
    """``--changed-since`` names no commit that git can compare with."""

    code = "KF120"
    exit_code = 10


class ReportInvalid(ForgeError):
    """A ``report.json`` (or a saved plan of the matrix) is missing, does not parse or breaks its schema."""

    code = "KF121"
    exit_code = 11


class ReportsDisagree(ForgeError):
    """Reports that are to be merged tell of the same cell, and do not mean the same artifact."""

    code = "KF122"
    exit_code = 11


class FeedstockInvalid(ForgeError):
    """A folder is no conda-forge feedstock, or one of its files cannot be read."""

    code = "KF123"
    exit_code = 11


class UnknownCell(ForgeError):
    """The report has no cell of that name."""

    code = "KF124"
    exit_code = 10


class PatchDoesNotApply(ForgeError):
    """A patch does not fit, exactly and without fuzz, what the patches before it leave; the hunk is named."""

    code = "KF130"
    exit_code = 11


class QueueInvalid(ForgeError):
    """A git repository of patches cannot be opened there, or cannot be saved as it stands; nothing was written."""

    code = "KF131"
    exit_code = 11


class PatchConflicts(ForgeError):
    """A patch conflicts with the version of the source that the series is being put on; git waits for an answer."""

    code = "KF132"
    exit_code = 12


class UnknownPatch(ForgeError):
    """The recipe has no patch of that number."""

    code = "KF133"
    exit_code = 10


# --- KF2xx: network and sources ------------------------------------------------------------------------------


class NoNetwork(ForgeError):
    """No package registry answers at all."""

    code = "KF201"
    exit_code = 20


class SourceUnreachable(ForgeError):
    """No provider could obtain the bytes; ``details`` lists each one tried and its answer."""

    code = "KF202"
    exit_code = 20


class ChecksumMismatch(ForgeError):
    """The bytes are not those of the sha256; nothing was kept. ``details`` names both sums."""

    code = "KF203"
    exit_code = 21


class BaseUnreachable(ForgeError):
    """The base channel that was forced with ``--base`` does not answer."""

    code = "KF204"
    exit_code = 20


# --- KF3xx: solving and building -----------------------------------------------------------------------------


class SolveFailed(ForgeError):
    """The solver finds no environment; ``details`` is its own explanation."""

    code = "KF301"
    exit_code = 30


class BuildFailed(ForgeError):
    """A build script or the engine failed; ``details`` has the log's last lines, ``where`` the whole log."""

    code = "KF302"
    exit_code = 30


class BaseBuildFailed(ForgeError):
    """A package of the embedded base channel could not be made."""

    code = "KF303"
    exit_code = 30


# --- KF4xx: environments and inspection ----------------------------------------------------------------------


class InstallFailed(ForgeError):
    """A solved environment could not be linked into its prefix."""

    code = "KF401"
    exit_code = 40


class ProbeFailed(ForgeError):
    """The program that looks from inside the fresh environment ended without a usable answer."""

    code = "KF402"
    exit_code = 40


class EmulatorMissing(ForgeError):
    """This machine could run the platform's programs, but lacks the emulator; ``todo`` has the command."""

    code = "KF403"
    exit_code = 40


class EmulatorCrashed(ForgeError):
    """The emulator itself failed, so nothing is known about the artifact that it ran."""

    code = "KF404"
    exit_code = 41


# --- KF5xx: brokers and round trips --------------------------------------------------------------------------


class JavaMissing(ForgeError):
    """No Java that runs this Kafka version can be found or installed."""

    code = "KF501"
    exit_code = 50


class BrokerNotReady(ForgeError):
    """A broker did not come up; ``details`` has its log's last lines."""

    code = "KF502"
    exit_code = 50


class BrokerDied(ForgeError):
    """A broker ended, or stopped answering, during a round trip."""

    code = "KF503"
    exit_code = 50


class PortTaken(ForgeError):
    """The port asked for is in use by another process."""

    code = "KF504"
    exit_code = 50


class ScenarioBroken(ForgeError):
    """A scenario ended without saying what it saw (a crash, or a time-out): no evidence, so no verdict."""

    code = "KF505"
    exit_code = 51


class SegmentMalformed(ForgeError):
    """A log segment on the broker's disk does not parse as record batches, so it is no evidence."""

    code = "KF506"
    exit_code = 51


class SecurityUnavailable(ForgeError):
    """A broker cannot be secured as asked: a mechanism is not known, or lacks something here."""

    code = "KF507"
    exit_code = 10


class FaultRefused(ForgeError):
    """This machine cannot do a fault that was asked for."""

    code = "KF508"
    exit_code = 10


class UnknownFault(ForgeError):
    """Not one of the faults."""

    code = "KF509"
    exit_code = 10


# --- KF6xx: publishing ---------------------------------------------------------------------------------------


class UnknownChannel(ForgeError):
    """``--channel`` is neither a folder nor a server that can be published to."""

    code = "KF601"
    exit_code = 10


class NotProven(ForgeError):
    """A report is not green, or a file is not the one that its report is about: nothing was published."""

    code = "KF602"
    exit_code = 60


class AlreadyPublished(ForgeError):
    """The channel has a file of that name with other bytes; it is never replaced."""

    code = "KF603"
    exit_code = 60


class UploadRefused(ForgeError):
    """The server refused a file; ``details`` says which files are up and which are not."""

    code = "KF604"
    exit_code = 61


class UploadInterrupted(ForgeError):
    """An upload broke off; ``details`` says which files are up, which is in doubt, and which were not begun."""

    code = "KF605"
    exit_code = 61


class ChannelUnreachable(ForgeError):
    """The channel to publish to does not answer, so nobody knows what it has: nothing was published."""

    code = "KF606"
    exit_code = 20


# --- KF9xx: the machine --------------------------------------------------------------------------------------


class DiskFull(ForgeError):
    """The file system has no room left."""

    code = "KF901"
    exit_code = 90
    MAKE_ROOM: ClassVar[str] = (
        "free some space (`kafka-forge clean` shows what the cache holds), or set KAFKA_FORGE_CACHE."
    )
    """The ``todo`` of wherever it shows."""


class NotWritable(ForgeError):
    """The cache or the output folder may not be written."""

    code = "KF902"
    exit_code = 90


class UnsupportedMachine(ForgeError):
    """This machine's platform or Python cannot do what was asked."""

    code = "KF903"
    exit_code = 90


class InternalError(ForgeError):
    """A fault of the toolkit itself: any exception that is none of the above."""

    code = "KF999"
    exit_code = 99
