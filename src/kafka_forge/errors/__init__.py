"""Every error that a user can meet: a code, what happened, where, and what to do next.

The command line prints an error as one block and exits with its ``exit_code``; a traceback is shown only with
``--debug``. The codes are stable: KF1xx is about what was asked for, KF2xx about the network and sources,
KF3xx about solving and building, KF4xx about environments and inspection, KF5xx about brokers and round trips,
KF6xx about publishing, KF9xx about the machine: a file each. A new error is written into its file and named here.
"""

from __future__ import annotations

from kafka_forge.errors.asking import (
    ContractInvalid,
    FeedstockInvalid,
    LockInvalid,
    NotBuilt,
    NothingSelected,
    PatchConflicts,
    PatchDoesNotApply,
    QueueInvalid,
    RecipeInvalid,
    ReportInvalid,
    ReportsDisagree,
    UnknownBase,
    UnknownBroker,
    UnknownCell,
    UnknownPatch,
    UnknownPlatform,
    UnknownPython,
    UnknownRecipe,
    UnknownRevision,
)
from kafka_forge.errors.base import (
    Differs,
    ForgeError,
    Interrupted,
    VerdictsNotGreen,
)
from kafka_forge.errors.brokers import (
    BrokerDied,
    BrokerNotReady,
    FaultRefused,
    JavaMissing,
    PortTaken,
    ScenarioBroken,
    SecurityUnavailable,
    SegmentMalformed,
    UnknownFault,
)
from kafka_forge.errors.building import (
    BaseBuildFailed,
    BuildFailed,
    CompilerCacheBroken,
    SolveFailed,
)
from kafka_forge.errors.environments import (
    EmulatorCrashed,
    EmulatorMissing,
    InstallFailed,
    ProbeFailed,
)
from kafka_forge.errors.machine import (
    DiskFull,
    InternalError,
    NotWritable,
    UnsupportedMachine,
)
from kafka_forge.errors.publishing import (
    AlreadyPublished,
    ChannelUnreachable,
    NotProven,
    UnknownChannel,
    UploadInterrupted,
    UploadRefused,
)
from kafka_forge.errors.sources import (
    BaseUnreachable,
    ChecksumMismatch,
    LockGone,
    NoNetwork,
    SourceUnreachable,
)

__all__ = [
    "AlreadyPublished",
    "BaseBuildFailed",
    "BaseUnreachable",
    "BrokerDied",
    "BrokerNotReady",
    "BuildFailed",
    "ChannelUnreachable",
    "ChecksumMismatch",
    "CompilerCacheBroken",
    "ContractInvalid",
    "Differs",
    "DiskFull",
    "EmulatorCrashed",
    "EmulatorMissing",
    "FaultRefused",
    "FeedstockInvalid",
    "ForgeError",
    "InstallFailed",
    "InternalError",
    "Interrupted",
    "JavaMissing",
    "LockGone",
    "LockInvalid",
    "NoNetwork",
    "NotBuilt",
    "NotProven",
    "NotWritable",
    "NothingSelected",
    "PatchConflicts",
    "PatchDoesNotApply",
    "PortTaken",
    "ProbeFailed",
    "QueueInvalid",
    "RecipeInvalid",
    "ReportInvalid",
    "ReportsDisagree",
    "ScenarioBroken",
    "SecurityUnavailable",
    "SegmentMalformed",
    "SolveFailed",
    "SourceUnreachable",
    "UnknownBase",
    "UnknownBroker",
    "UnknownCell",
    "UnknownChannel",
    "UnknownFault",
    "UnknownPatch",
    "UnknownPlatform",
    "UnknownPython",
    "UnknownRecipe",
    "UnknownRevision",
    "UnsupportedMachine",
    "UploadInterrupted",
    "UploadRefused",
    "VerdictsNotGreen",
]
