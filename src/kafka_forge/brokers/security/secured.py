"""A plan with its files and ports: what it adds to each broker of a run, and what clients are told."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from kafka_forge.brokers import ports
from kafka_forge.brokers.kerberos.realm import NAME
from kafka_forge.brokers.security import accounts, listening, pasting
from kafka_forge.brokers.security.pasting import Access
from kafka_forge.brokers.security.plan import GSSAPI, ROLES
from kafka_forge.ground.files import explain_os_errors, write_text_atomic

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from kafka_forge.brokers.kerberos import Realm
    from kafka_forge.brokers.security.plan import Plan

_FOLDER = "security"
_TOLD = "clients.json"


class Secured:
    """One run's security: certificates, passwords and ports.

    Attributes:
        plan: what it was made by.
        ca: the certificate of the authority that vouches for brokers and clients.
        authority: signs more, for tests.
        folder: where all files are.
        realm: that of Kerberos; None before its server (KDC) runs, and where no listener has GSSAPI.
    """

    def __init__(self, plan: Plan, folder: Path) -> None:
        """Make the files below ``folder``, readable by this user alone; raise DiskFull or NotWritable."""
        from kafka_forge.brokers.security.certificates import Authority  # cryptography is not for every broker

        self.plan = plan
        self.folder = folder / _FOLDER
        self.ca = self.folder / "ca.pem"
        self.realm: Realm | None = None
        self.authority = Authority()
        self._ports: list[dict[str, int]] = []
        with explain_os_errors(folder):
            self.folder.mkdir(mode=0o700)
            self._keystores = self._make_files()

    def _make_files(self) -> dict[str, Path]:
        self.ca.write_bytes(self.authority.certificate)
        made = {}
        for listener in self.plan.listeners:
            if listener.tls:
                made[listener.name] = self.folder / f"{listener.name.lower()}.pem"
                made[listener.name].write_bytes(self.authority.issue(listener.hosts[0], listener.hosts).both)
        if any(listener.tls and not listener.mechanisms for listener in self.plan.listeners):
            for user in self.plan.users:
                pair = self.authority.issue(user)
                self._file(user, "crt").write_bytes(pair.certificate)
                self._file(user, "key").write_bytes(pair.key)
                self._file(user, "both.pem").write_bytes(pair.both)
        return made

    def _file(self, user: str, kind: str) -> Path:
        return self.folder / f"user-{user}.{kind}"

    def properties(self, told: Mapping[str, str], free: Mapping[str, int] | None = None) -> dict[str, str]:
        """Return the settings of one more broker of this run, with these listeners added.

        Args:
            told: its ``server.properties`` so far.
            free: listener → TCP port; without, free ones are found.
        """
        names = [listener.name for listener in self.plan.listeners]
        own = dict(free or zip(names, ports.lasting(len(names)), strict=True))
        self._ports.append(own)
        return listening.properties(told, self.plan, own, self.ca, self._keystores, self.realm)

    def settle(self, address: str) -> None:
        """Make users and ACLs known by a listener that takes everybody, and keep what clients are told in the folder.

        Raises:
            BrokerNotReady: the broker does not take them.
        """
        accounts.settle(address, self.plan)
        with explain_os_errors(self.folder):
            write_text_atomic(self.folder / _TOLD, json.dumps(self.as_json(), indent=1) + "\n")

    def addresses(self, listener: str) -> str:
        """Return ``HOST:PORT,…`` of all brokers' listeners of this name."""
        return ",".join(f"{ports.HOST}:{own[listener]}" for own in self._ports)

    def access(self, user: str, mechanism: str | None = None, listener: str | None = None) -> Access:
        """Return how a user gets in: by the first listener, and its first mechanism, where nothing else is asked."""
        wanted = next(each for each in self.plan.listeners if listener in (None, each.name))
        by_certificate = wanted.tls and not wanted.mechanisms
        mechanism = mechanism or next(iter(wanted.mechanisms), None)
        return Access(
            addresses=self.addresses(wanted.name),
            protocol=wanted.protocol,
            user=user,
            password=self.plan.users[user],
            mechanism=mechanism,
            ca=self.ca if wanted.tls else None,
            certificate=self._file(user, "crt") if by_certificate else None,
            key=self._file(user, "key") if by_certificate else None,
            ticket=self.realm.users[user] if self.realm and mechanism == GSSAPI else None,
        )

    def as_json(self) -> dict[str, Any]:
        """Return what clients are to know: users, and settings in each client's words by mechanism."""
        first = self.plan.listeners[0]
        return {
            "addresses": self.addresses(first.name),
            "protocol": first.protocol,
            "ca": str(self.ca) if first.tls else None,
            "acl": self.plan.acl,
            "kerberos": {"realm": NAME, "kdc": self.realm.kdc, "java": self.realm.java} if self.realm else None,
            "users": [
                {
                    "name": user,
                    "password": password if set(first.mechanisms) - {GSSAPI} else None,
                    "may": ROLES.get(user) if self.plan.acl else None,
                    "settings": {
                        mechanism or first.protocol: {
                            client: told
                            for client in pasting.CLIENTS
                            if (told := pasting.text(client, self.access(user, mechanism))) is not None
                        }
                        for mechanism in first.mechanisms or (None,)
                    },
                }
                for user, password in self.plan.users.items()
            ],
        }


def saved(folder: Path) -> dict[str, Any] | None:
    """Return what clients are to know of the broker with this folder, as `Secured.settle` kept it; None if nothing."""
    try:
        told: dict[str, Any] = json.loads((folder / _FOLDER / _TOLD).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return told
