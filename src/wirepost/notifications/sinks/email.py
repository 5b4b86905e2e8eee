"""`EmailSink`: a mail to people."""

from __future__ import annotations

import asyncio
import ssl
from email.message import EmailMessage
from email.utils import format_datetime
from ipaddress import ip_address
from typing import TYPE_CHECKING, ClassVar

from wirepost.core.errors import ConfigError
from wirepost.core.text import clean_line
from wirepost.notifications.outgoing import MAX_LINE
from wirepost.notifications.sinks.sink import Refused, Sent, Sink, TryAgain

if TYPE_CHECKING:
    from smtplib import SMTP

    from wirepost.core.clock import Clock
    from wirepost.notifications.outgoing import Outgoing
    from wirepost.secrets.resolve import Secrets
    from wirepost.settings import events as options

TIMEOUT_S, STEP_S = 60.0, 15.0
_LASTING = 500
"""Codes from here on stay the same however often one asks (RFC 5321, 4.2.1)."""


class EmailSink(Sink):
    """Hands mails to one server."""

    kind: ClassVar[str] = "email"
    starts_models: ClassVar[bool] = False
    surplus = "counted"

    def __init__(
        self,
        name: str,
        settings: options.EmailSink,
        secrets: Secrets,
        clock: Clock,
        context: ssl.SSLContext | None = None,
    ) -> None:
        super().__init__(name, timeout_s=TIMEOUT_S, concurrency=2)
        self._settings, self._secrets, self._clock, self._context = settings, secrets, clock, context
        if settings.tls == "none" and not _is_here(settings.host):
            raise ConfigError(
                "tls: none would send mails readable by others",
                key=f"sinks.email.{name}.tls",
                hint="use starttls or implicit; none is for a server on this machine",
            )

    async def send(self, outgoing: Outgoing) -> Sent:
        """Hand it over; raises what a sink does."""
        try:
            reference = self._settings.password
            password = await self._secrets.resolve(reference) if reference else None
        except ConfigError:
            raise TryAgain("the password cannot be read") from None
        return await asyncio.to_thread(self._hand_over, self._message(outgoing), password)

    def _message(self, outgoing: Outgoing) -> EmailMessage:
        event = outgoing.event
        message = EmailMessage()
        message["From"], message["To"] = self._settings.sender, ", ".join(self._settings.to)
        message["Subject"] = clean_line(f"[{outgoing.subscription}] {outgoing.line()}", MAX_LINE)
        message["Date"] = format_datetime(self._clock.now())
        # The same for each attempt, so that a mail that comes twice is known as one.
        domain = self._settings.sender.rpartition("@")[2].strip(">") or "wirepost"
        message["Message-ID"] = f"<{outgoing.message_id}@{domain}>"
        message["Auto-Submitted"] = "auto-generated"  # RFC 3834: nobody's holiday answers it
        lines = [
            outgoing.line(),
            "",
            f"Source: {event.source} ({event.environment}), verified: {event.verified}",
            f"About: {event.subject or '-'}",
            f"Event: {event.id}",
        ]
        message.set_content("\n".join(lines))
        return message

    def _hand_over(self, message: EmailMessage, password: str | None) -> Sent:
        import smtplib

        try:
            with self._connected() as server:
                if self._settings.username:
                    server.login(self._settings.username, password or "")
                refused = server.send_message(message)
        except smtplib.SMTPRecipientsRefused as error:
            codes = {code for code, _ in error.recipients.values()}
            raise _trouble(min(codes), "the recipients are refused") from None
        except smtplib.SMTPAuthenticationError as error:
            raise TryAgain("the password is not accepted", code=error.smtp_code) from None
        except smtplib.SMTPResponseException as error:
            raise _trouble(error.smtp_code, "it is refused") from None
        except smtplib.SMTPException as error:
            raise TryAgain(f"the server does not do what it should ({type(error).__name__})") from None
        except ssl.SSLError:
            raise TryAgain("the server's certificate is not trusted") from None
        except OSError:
            raise TryAgain("the server cannot be reached") from None
        return Sent({"refused": len(refused)} if refused else {})

    def _connected(self) -> SMTP:
        import smtplib

        settings = self._settings
        if settings.tls == "none":
            return smtplib.SMTP(settings.host, settings.port, timeout=STEP_S)
        context = self._context or ssl.create_default_context()
        if settings.tls == "implicit":
            return smtplib.SMTP_SSL(settings.host, settings.port, timeout=STEP_S, context=context)
        server = smtplib.SMTP(settings.host, settings.port, timeout=STEP_S)
        try:
            server.starttls(context=context)
        except BaseException:
            server.close()
            raise
        return server


def _trouble(code: int, what: str) -> Refused | TryAgain:
    reason = f"{what} ({code})"
    return Refused(reason, code=code) if code >= _LASTING else TryAgain(reason, code=code)


def _is_here(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
