"""A server that takes mail (SMTP, RFC 5321), does as it is told, and remembers what it was given."""

from __future__ import annotations

import asyncio
import base64
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage


@dataclass
class Mail:
    """One mail with what was said around it."""

    sender: str
    to: list[str]
    message: EmailMessage
    is_encrypted: bool
    user: str | None


@dataclass
class PostOffice:
    """`refusals` holds what is answered to a command instead of yes."""

    port: int = 0
    context: ssl.SSLContext | None = None
    password: str | None = None
    refusals: dict[str, str] = field(default_factory=dict)
    mails: list[Mail] = field(default_factory=list)

    async def handle(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One client."""
        try:
            await _Session(self, reader, writer).run()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()


class _Session:
    def __init__(
        self, office: PostOffice, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        self.office, self.reader, self.writer = office, reader, writer
        self.sender, self.to, self.user = "", [], None  # type: str, list[str], str | None

    async def say(self, line: str) -> None:
        self.writer.write(f"{line}\r\n".encode())
        await self.writer.drain()

    async def run(self) -> None:
        await self.say("220 post.example")
        while True:
            line = (await self.reader.readuntil(b"\r\n")).decode().strip()
            word = line.split(" ")[0].upper()
            if word in self.office.refusals:
                await self.say(self.office.refusals[word])
            elif word == "QUIT":
                await self.say("221 bye")
                return
            else:
                await self.obey(word, line)

    @property
    def is_encrypted(self) -> bool:
        return self.writer.get_extra_info("ssl_object") is not None

    async def obey(self, word: str, line: str) -> None:
        if word in {"EHLO", "HELO"}:
            offers = ["AUTH PLAIN"] if self.office.password else []
            if self.office.context and not self.is_encrypted:
                offers.append("STARTTLS")
            lines = ["post.example", *offers]
            for each in lines[:-1]:
                await self.say(f"250-{each}")
            await self.say(f"250 {lines[-1]}")
        elif word == "STARTTLS":
            assert self.office.context is not None
            await self.say("220 go on")
            await self.writer.start_tls(self.office.context)
        elif word == "AUTH":
            _, user, password = base64.b64decode(line.split(" ")[2]).decode().split("\0")
            self.user = user
            await self.say("235 welcome" if password == self.office.password else "535 no")
        elif word == "MAIL":
            self.sender, self.to = line.partition("<")[2].partition(">")[0], []
            await self.say("250 ok")
        elif word == "RCPT":
            self.to.append(line.partition("<")[2].partition(">")[0])
            await self.say("250 ok")
        elif word == "DATA":
            await self.say("354 go on")
            content = (await self.reader.readuntil(b"\r\n.\r\n"))[:-5]
            message = message_from_bytes(content, policy=policy.default)
            assert isinstance(message, EmailMessage)
            self.office.mails.append(Mail(self.sender, self.to, message, self.is_encrypted, self.user))
            await self.say("250 taken")
        else:
            await self.say("250 ok")


@asynccontextmanager
async def post_office(
    context: ssl.SSLContext | None = None, *, is_implicit: bool = False, password: str | None = None
) -> AsyncIterator[PostOffice]:
    """A server on a free port of the loopback address."""
    office = PostOffice(context=context, password=password)
    server = await asyncio.start_server(office.handle, "127.0.0.1", 0, ssl=context if is_implicit else None)
    office.port = server.sockets[0].getsockname()[1]
    try:
        yield office
    finally:
        server.close()
        await server.wait_closed()
