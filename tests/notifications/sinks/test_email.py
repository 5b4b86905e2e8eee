"""Mails: encrypted, one for each event, and nothing in them that the event could have added."""

from __future__ import annotations

import ssl
from pathlib import Path
from typing import Any

import pytest

from support.certificates import Authority
from support.clock import ManualClock
from support.letterbox import tls_for
from support.occurred import event
from support.postoffice import PostOffice, post_office
from support.sinks import outgoing
from wirepost.core.errors import ConfigError
from wirepost.notifications.sinks.email import EmailSink
from wirepost.notifications.sinks.sink import Refused, TryAgain
from wirepost.secrets.resolve import Secrets
from wirepost.settings import SecretSettings
from wirepost.settings import events as options

PASSWORD = "correct horse battery"


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path)


@pytest.fixture
def server_context(authority: Authority) -> ssl.SSLContext:
    return tls_for(authority.issue("post.example"))


def sink_to(port: int, clock: ManualClock, authority: Authority | None = None, **settings: Any) -> EmailSink:
    given = {
        "host": "127.0.0.1",
        "port": port,
        "sender": "Wirepost <wp@example.com>",
        "to": ["a@example.com"],
    }
    read = options.EmailSink.model_validate({**given, **settings})
    context = ssl.create_default_context(cafile=authority.certificate) if authority else None
    return EmailSink("people", read, Secrets(SecretSettings(), clock), clock, context)


async def test_a_mail_says_what_happened(
    clock: ManualClock, authority: Authority, server_context: ssl.SSLContext
) -> None:
    async with post_office(server_context) as office:
        to = ["a@example.com", "b@example.com"]
        await sink_to(office.port, clock, authority, to=to).send(outgoing(waiting=3))
    (mail,) = office.mails
    assert mail.is_encrypted
    assert (mail.sender, mail.to) == ("wp@example.com", to)
    message = mail.message
    assert message["Subject"].startswith("[refunds] payment.refunded")
    assert message["Message-ID"] == "<evt_1@example.com>"
    assert message["Auto-Submitted"] == "auto-generated"
    text = message.get_content()
    assert "3 more pending" in text
    assert "charge/ch_1" in text


async def test_an_attempt_is_the_same_mail_and_a_replay_another(
    clock: ManualClock, authority: Authority, server_context: ssl.SSLContext
) -> None:
    async with post_office(server_context) as office:
        sink = sink_to(office.port, clock, authority)
        for one in (outgoing(), outgoing(attempt=2), outgoing(copy=1)):
            await sink.send(one)
    ids = [mail.message["Message-ID"] for mail in office.mails]
    assert ids == ["<evt_1@example.com>", "<evt_1@example.com>", "<evt_1-1@example.com>"]


async def test_an_event_adds_no_header_and_ends_no_mail(
    clock: ManualClock, authority: Authority, server_context: ssl.SSLContext
) -> None:
    evil = "x\r\nBcc: evil@example.com\r\n.\r\nMAIL FROM:<evil@example.com>\r\n"
    async with post_office(server_context) as office:
        await sink_to(office.port, clock, authority).send(outgoing(event(summary=evil, subject=evil)))
    (mail,) = office.mails
    assert mail.message["Bcc"] is None
    assert mail.to == ["a@example.com"]


async def test_tls_from_the_first_byte_with_a_password(
    clock: ManualClock,
    authority: Authority,
    server_context: ssl.SSLContext,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("MAIL_PASSWORD", PASSWORD)
    login = {"username": "wp", "password": "env:MAIL_PASSWORD", "tls": "implicit"}
    async with post_office(server_context, is_implicit=True, password=PASSWORD) as office:
        await sink_to(office.port, clock, authority, **login).send(outgoing())
        assert office.mails[0].user == "wp"
        office.password = "another"
        with pytest.raises(TryAgain, match="password is not accepted") as caught:
            await sink_to(office.port, clock, authority, **login).send(outgoing())
        assert PASSWORD not in repr(caught.value.__dict__)
        monkeypatch.delenv("MAIL_PASSWORD")
        fresh = sink_to(office.port, clock, authority, **login)
        with pytest.raises(TryAgain, match="cannot be read"):
            await fresh.send(outgoing())


async def test_a_server_that_cannot_show_who_it_is_gets_nothing(
    clock: ManualClock, server_context: ssl.SSLContext
) -> None:
    async with post_office(server_context) as office:
        with pytest.raises(TryAgain, match="certificate"):
            await sink_to(office.port, clock).send(outgoing())
        assert office.mails == []


async def test_a_server_without_encryption_gets_nothing(clock: ManualClock, authority: Authority) -> None:
    async with post_office() as office:
        with pytest.raises(TryAgain, match="does not do what it should"):
            await sink_to(office.port, clock, authority).send(outgoing())
        assert office.mails == []


async def test_no_encryption_is_for_this_machine_alone(clock: ManualClock) -> None:
    async with post_office() as office:
        await sink_to(office.port, clock, tls="none").send(outgoing())
        assert not office.mails[0].is_encrypted
    for host in ("localhost", "127.0.0.1", "::1"):
        sink_to(25, clock, tls="none", host=host)
    with pytest.raises(ConfigError, match="readable by others"):
        sink_to(25, clock, tls="none", host="smtp.example.com")


@pytest.mark.parametrize(
    ("command", "answer", "kind"),
    [
        ("RCPT", "550 no such user", Refused),
        ("RCPT", "451 later", TryAgain),
        ("DATA", "554 no", Refused),
        ("MAIL", "421 too busy", TryAgain),
    ],
)
async def test_a_lasting_no_is_told_from_one_that_may_pass(
    clock: ManualClock, command: str, answer: str, kind: type[Exception]
) -> None:
    async with post_office() as office:
        office.refusals[command] = answer
        with pytest.raises(kind):
            await sink_to(office.port, clock, tls="none").send(outgoing())


async def test_a_server_that_is_not_there_may_come_back(clock: ManualClock) -> None:
    async with post_office() as office:
        gone: PostOffice = office
    with pytest.raises(TryAgain, match="cannot be reached"):
        await sink_to(gone.port, clock, tls="none").send(outgoing())
