"""What `broker start --tls --sasl --acl` asks for and tells, without a broker."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Any

import pytest
from click.testing import CliRunner
from cryptography import x509
from hypothesis import given
from hypothesis import strategies as st

from kafka_forge.brokers import security, settings
from kafka_forge.brokers.security import listening, pasting
from kafka_forge.brokers.security.certificates import Authority
from kafka_forge.brokers.security.pasting import Access
from kafka_forge.cli.broker import command
from kafka_forge.errors import SecurityUnavailable

if TYPE_CHECKING:
    from pathlib import Path


def test_nothing_is_secured_unless_it_is_asked_for() -> None:
    assert security.chosen(tls=False, sasl=[], acl=False) is None


@pytest.mark.parametrize(
    ("tls", "sasl", "protocol", "mechanisms"),
    [
        (True, [], "SSL", ()),
        (False, ["plain"], "SASL_PLAINTEXT", ("PLAIN",)),
        (True, ["scram", "plain", "scram"], "SASL_SSL", ("SCRAM-SHA-256", "SCRAM-SHA-512", "PLAIN")),
        (True, ["oauthbearer"], "SASL_SSL", ("OAUTHBEARER",)),
        (False, ["gssapi"], "SASL_PLAINTEXT", ("GSSAPI",)),
    ],
)
def test_words_become_a_listener(tls: bool, sasl: list[str], protocol: str, mechanisms: tuple[str, ...]) -> None:
    plan = security.chosen(tls=tls, sasl=sasl, acl=True)
    assert plan is not None
    (listener,) = plan.listeners
    assert (listener.protocol, listener.mechanisms) == (protocol, mechanisms)
    again = security.chosen(tls=tls, sasl=sasl, acl=True)
    assert again is not None
    assert not set(plan.users.values()) & set(again.users.values())  # passwords are this run's


@pytest.mark.parametrize(
    ("sasl", "acl", "words"),
    [
        (["kerberos"], False, "no SASL mechanism 'kerberos'"),
        ([""], False, "no SASL mechanism ''"),
        ([], True, "every client is User:ANONYMOUS"),
    ],
)
def test_what_cannot_be_had_is_refused_with_a_reason(sasl: list[str], acl: bool, words: str) -> None:
    with pytest.raises(SecurityUnavailable, match=words) as caught:
        security.chosen(tls=False, sasl=sasl, acl=acl)
    assert (caught.value.code, caught.value.exit_code) == ("KF507", 10)
    assert caught.value.todo


def test_the_command_refuses_before_it_starts_anything() -> None:
    result = CliRunner().invoke(command, ["start", "--sasl", "plain,kerberos"])
    assert isinstance(result.exception, SecurityUnavailable)


def test_a_broker_keeps_its_own_listeners_and_gets_one_more(tmp_path: Path) -> None:
    told = settings.properties(port=1001, controller_port=1002, data=tmp_path)
    plan = security.chosen(tls=True, sasl=["plain"], acl=True)
    assert plan is not None
    secured = security.Secured(plan, tmp_path)
    both = secured.properties(told, {"SECURED": 1003})
    assert both["listeners"] == f"{told['listeners']},SECURED://127.0.0.1:1003"
    assert both["advertised.listeners"] == f"{told['advertised.listeners']},SECURED://127.0.0.1:1003"
    assert both["listener.security.protocol.map"].endswith(",SECURED:SASL_SSL")
    assert both["inter.broker.listener.name"] == told["inter.broker.listener.name"]
    assert both["super.users"] == "User:ANONYMOUS;User:admin"
    assert secured.addresses("SECURED") == "127.0.0.1:1003"
    secured.properties(told, {"SECURED": 1004})
    assert secured.addresses("SECURED") == "127.0.0.1:1003,127.0.0.1:1004"


def test_certificates_name_who_they_are_for_and_are_signed_by_the_authority() -> None:
    authority = Authority()
    ca = x509.load_pem_x509_certificate(authority.certificate)
    server = x509.load_pem_x509_certificate(authority.issue("127.0.0.1", ("127.0.0.1", "localhost")).certificate)
    client = x509.load_pem_x509_certificate(authority.issue("writer").certificate)
    for each in (server, client):
        each.verify_directly_issued_by(ca)
    names = server.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert [str(name.value) for name in names] == ["127.0.0.1", "localhost"]
    assert client.subject.rfc4514_string() == "CN=writer"
    with pytest.raises(ValueError, match="Issuer"):
        server.verify_directly_issued_by(client)


@given(st.text(st.characters(codec="utf-8", exclude_categories=["C"]), max_size=20))
def test_a_password_is_told_whole_whatever_is_in_it(password: str) -> None:
    how = Access("h:1", "SASL_SSL", "me", password, "SCRAM-SHA-512")
    text = pasting.text("librdkafka", how)
    assert text is not None
    assert ast.literal_eval(text.partition("=")[2].strip())["sasl.password"] == password
    for client in ("pykafka", "kafka-python"):
        code = pasting.text(client, how)
        assert code is not None
        constants = [node.value for node in ast.walk(ast.parse(code)) if isinstance(node, ast.Constant)]
        assert password in constants
    jaas = listening.quoted(password)
    assert unquoted(jaas) == password


def unquoted(text: str) -> str:
    """Read a quoted word as Java's StreamTokenizer does, which JAAS goes by: a backslash keeps the next character."""
    assert text[0] == text[-1] == '"'
    found, rest = [], iter(text[1:-1])
    for character in rest:
        assert character != '"'
        found.append(next(rest) if character == "\\" else character)
    return "".join(found)


@pytest.mark.parametrize("client", pasting.CLIENTS)
@pytest.mark.parametrize("mechanism", [None, "PLAIN", "SCRAM-SHA-256", "OAUTHBEARER"])
def test_what_is_to_be_pasted_is_whole(client: str, mechanism: str | None, tmp_path: Path) -> None:
    certificate = None if mechanism else tmp_path / "user-me.crt"
    key = None if mechanism else tmp_path / "user-me.key"
    how = Access("h:1,h:2", "SSL", "me", "p", mechanism, tmp_path / "ca.pem", certificate, key)
    text = pasting.text(client, how)
    if (client, mechanism) == ("pykafka", "OAUTHBEARER"):
        assert text is None
        return
    assert text is not None
    assert str(tmp_path / "ca.pem") in text
    if client == "java":
        told: dict[str, Any] = dict(line.split("=", 1) for line in text.splitlines())
        assert told["bootstrap.servers"] == "h:1,h:2"
        assert ("ssl.keystore.location" in told) is (mechanism is None)
    else:
        compile(text, client, "exec")
        assert (str(key) in text) is (mechanism is None)
