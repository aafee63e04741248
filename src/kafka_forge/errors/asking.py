"""KF1xx: what was asked for."""

from __future__ import annotations

from kafka_forge.errors.base import ForgeError


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


class UnknownPackage(ForgeError):
    """What is to be audited is no match spec, no package file and no requirement of pip's, or no channel has it."""

    code = "KF126"
    exit_code = 10


class PackageInvalid(ForgeError):
    """A file is no whole conda package, or one of a platform that is not known here."""

    code = "KF125"
    exit_code = 11


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


class SettingsInvalid(ForgeError):
    """The file that ``doctor --security`` names is no list of librdkafka's settings."""

    code = "KF129"
    exit_code = 11


class UnknownVersion(ForgeError):
    """No place that was asked has the version that a recipe is to go to."""

    code = "KF134"
    exit_code = 10


class RecipeThere(ForgeError):
    """A recipe that is to be written is there already."""

    code = "KF137"
    exit_code = 11


class OutOfStep(ForgeError):
    """With the versions that were asked for, a recipe would need another version of its sibling."""

    code = "KF135"
    exit_code = 10


class TreeChanged(ForgeError):
    """The checkout has what git has not, so a bump would mix with it; or it is no git work tree."""

    code = "KF136"
    exit_code = 11


class SbomMissing(ForgeError):
    """A package has no bill of materials in it."""

    code = "KF138"
    exit_code = 11


class SbomDamaged(ForgeError):
    """A package's bill of materials is no CycloneDX document, or one about something else; ``details`` says what."""

    code = "KF139"
    exit_code = 11


class OsvInvalid(ForgeError):
    """What ``--osv`` names is no export of OSV's, or a record in it cannot be understood."""

    code = "KF140"
    exit_code = 11
