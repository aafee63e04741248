"""KF5xx: brokers and round trips."""

from __future__ import annotations

from kafka_forge.errors.base import ForgeError


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
