"""`Receiver`: the way of a request from its raw bytes to a stored event, one step after the other."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass, replace
from math import ceil
from typing import TYPE_CHECKING, Any

from wirepost.core.errors import CallError, ConfigError, Unavailable
from wirepost.core.ids import new_id
from wirepost.core.text import clean_line
from wirepost.events.admit import PAUSED, TOO_LARGE, answer, wrong_method
from wirepost.events.arrive import arrival_of
from wirepost.events.backlog import Kept
from wirepost.events.endpoints import DEFAULT
from wirepost.webhooks.encodings import Damaged, TooLarge, inflate
from wirepost.webhooks.incoming import Reply
from wirepost.webhooks.verdict import Rejected, Verified
from wirepost.webhooks.webhook import ACCEPTED, POST, Item, Reading, Secret, Unmapped

if TYPE_CHECKING:
    from wirepost.calls.own_writes import OwnWrites
    from wirepost.core.clock import Clock
    from wirepost.events.admit import Admission
    from wirepost.events.backlog import Backlog
    from wirepost.events.endpoints import Endpoint, Endpoints
    from wirepost.events.log import Arrival, EventLog, Recorded
    from wirepost.events.raw import RawRequests
    from wirepost.webhooks.incoming import Incoming
    from wirepost.webhooks.webhook import Terms

LARGE = 256 * 1024
"""Bytes from which on a body is read and sealed in a thread, so that others need not wait for it."""
RETRY_S = 5.0
TOLD_EVERY_S = 60.0
"""At most so often the same reason of the same endpoint is logged."""

MAX_REASON = 500
EMPTY = answer(200, {"status": "accepted"})
KEPT = answer(200, {"status": "stored"})

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _Genuine:
    """A request that is believed."""

    sent: Incoming
    """As it came."""
    request: Incoming
    """As it was signed."""
    encoding: str
    """Of `request`, where its body is still compressed."""
    verified: Verified
    terms: Terms


class Receiver:
    """Takes requests; nothing is answered with success that is not on the disk."""

    def __init__(
        self,
        endpoints: Endpoints,
        events: EventLog,
        raw: RawRequests,
        own: OwnWrites,
        *,
        admission: Admission,
        backlog: Backlog,
        clock: Clock,
        hash_key: bytes = b"",
    ) -> None:
        self.endpoints, self.admission, self._backlog = endpoints, admission, backlog
        self._events, self._raw, self._own, self._clock = events, raw, own, clock
        self._hash_key = hash_key
        self._told: dict[tuple[str, str, str], float] = {}

    def find(self, connection: str, endpoint: str = DEFAULT) -> Endpoint | None:
        """The endpoint of this address, if there is one."""
        return self.endpoints.find(connection, endpoint)

    async def receive(self, endpoint: Endpoint, request: Incoming) -> Reply:
        """The answer to a request that was let in; never raises for what it holds.

        Whoever stops waiting for it does not stop what is being stored.
        """
        try:
            return await self._receive(endpoint, request)
        except Rejected as rejection:
            self._tell(endpoint, rejection.check, rejection.where)
            return answer(rejection.status, {"status": "refused", "check": rejection.check})
        except TooLarge:
            return TOO_LARGE
        except (CallError, ConfigError) as error:
            # The sender is to come again: what is missing is missing here.
            self._tell(endpoint, "not_stored", str(error))
            return _not_now(error)

    async def _receive(self, endpoint: Endpoint, request: Incoming) -> Reply:
        settings = endpoint.settings
        if settings.paused == "discard":
            return PAUSED
        encoding = _encoding_of(request)
        if encoding and encoding not in settings.encodings:
            return answer(415, {"status": "refused", "check": "encoding"}, Accept_Encoding=_taken(endpoint))
        sent, terms = request, await endpoint.terms()
        if encoding and settings.signed_as == "decoded":
            request, encoding = _inflated(request, encoding, settings.max_bytes), ""
        if endpoint.webhook.greet is not None:
            greeting = await endpoint.webhook.greet(request, terms)
            if greeting is not None:
                return await self._greeted(endpoint, greeting)
        if request.method != "POST":
            return wrong_method(POST)  # the others are for handshakes, and this was none
        await self._in_step()
        verified, terms = await _verified(endpoint, request, terms)
        await self._in_step()
        return await self._take(endpoint, _Genuine(sent, request, encoding, verified, terms))

    async def _take(self, endpoint: Endpoint, genuine: _Genuine) -> Reply:
        too_many = self.admission.refuse_genuine(endpoint)
        if too_many is not None:
            return too_many
        if endpoint.webhook.reply is not None:
            greeting = await endpoint.webhook.reply(genuine.request, genuine.terms)
            if greeting is not None:
                return await self._greeted(endpoint, greeting)
        self._backlog.under_way += 1
        try:
            if self._backlog.takes_more and _may_wait(endpoint, genuine):
                return await self._keep(endpoint, genuine)
            return await self._store(endpoint, await self._read(endpoint, genuine))
        finally:
            self._backlog.under_way -= 1

    async def _keep(self, endpoint: Endpoint, genuine: _Genuine) -> Reply:
        """Confirm it before anybody has read it."""
        raw_id = new_id("raw")
        sealed = self._sealed(endpoint, raw_id, genuine)
        await self._backlog.keep(
            Kept(raw_id, endpoint.source, endpoint.name, genuine.request, genuine.verified, sealed)
        )
        return KEPT if endpoint.webhook.accepted is ACCEPTED else endpoint.webhook.accepted

    async def read_kept(self, kept: Kept) -> Arrival | str:
        """What a request of the backlog says (see `reread`)."""
        place = (kept.source, kept.endpoint)
        return await self.reread(*place, kept.request, kept.verified, (kept.id, kept.sealed))

    async def _read(self, endpoint: Endpoint, genuine: _Genuine) -> Arrival:
        """What it says, ready to be stored."""
        raw_id = new_id("raw")

        def work() -> tuple[Reading | str, bytes]:
            return _reading(endpoint, genuine), self._sealed(endpoint, raw_id, genuine)

        is_large = len(genuine.sent.body) > LARGE
        reading, sealed = await asyncio.to_thread(work) if is_large else work()
        await self._in_step()
        if endpoint.settings.accounts and isinstance(reading, Reading):
            reading = self._of_accounts(endpoint, reading)
        return await arrival_of(
            endpoint,
            genuine.request,
            genuine.verified,
            reading,
            (raw_id, sealed),
            own=self._own,
            hash_key=self._hash_key,
        )

    def _sealed(self, endpoint: Endpoint, raw_id: str, genuine: _Genuine) -> bytes:
        return self._raw.sealed(raw_id, genuine.sent, id_header=endpoint.settings.id_header)

    async def reread(
        self, source: str, name: str, request: Incoming, verified: Verified, raw: tuple[str, bytes]
    ) -> Arrival | str:
        """What a stored request says to today's code, or why that is nothing; `raw` is its id and its seal.

        It was genuine when it came, so nothing is checked. Raises `ConfigError` and `CallError`.
        """
        endpoint = self.find(source, name)
        if endpoint is None:
            return "its endpoint is not configured any more"
        settings, encoding = endpoint.settings, _encoding_of(request)
        try:
            if encoding and settings.signed_as == "decoded":
                request, encoding = _inflated(request, encoding, settings.max_bytes), ""
            genuine = _Genuine(request, request, encoding, verified, await endpoint.terms())
            is_large = len(request.body) > LARGE
            reading = (
                await asyncio.to_thread(_reading, endpoint, genuine)
                if is_large
                else _reading(endpoint, genuine)
            )
        except (TooLarge, Rejected) as error:
            return str(error) or "is too large"
        if settings.accounts and isinstance(reading, Reading):
            reading = self._of_accounts(endpoint, reading)
        return await arrival_of(
            endpoint, request, verified, reading, raw, own=self._own, hash_key=self._hash_key
        )

    def _of_accounts(self, endpoint: Endpoint, reading: Reading) -> Reading:
        """What was sent for the accounts that the configuration names."""
        kept = []
        for item in reading.items:
            account = item.account if isinstance(item, Item) else None
            if account is None or account in endpoint.settings.accounts:
                kept.append(item)
            else:
                self._tell(endpoint, "other_account", clean_line(account, 100))
        return replace(reading, items=kept)

    async def _store(self, endpoint: Endpoint, arrival: Arrival) -> Reply:
        if not (arrival.events or arrival.dead or arrival.tasks):
            return EMPTY if endpoint.webhook.accepted is ACCEPTED else endpoint.webhook.accepted
        recorded = await self._events.record(arrival)
        for letter in arrival.dead:
            self._tell(endpoint, "unreadable", letter.reason)
        if endpoint.webhook.accepted is not ACCEPTED:
            return endpoint.webhook.accepted
        return _stored(arrival, recorded)

    async def _greeted(self, endpoint: Endpoint, reply: Reply) -> Reply:
        """The answer to a handshake, once the secret that came with it is kept."""
        if reply.secret is not None:
            label = endpoint.label(self._clock.now())
            await endpoint.stored.add(endpoint.source, endpoint.name, Secret(reply.secret, label))
            endpoint.forget()
        return reply

    async def _in_step(self) -> None:
        """Let all requests that are here come this far before any goes on.

        So the same step of many is done in turn, while its code is in the processor's caches.
        """
        await self._clock.sleep(0)

    def _tell(self, endpoint: Endpoint, reason: str, where: str) -> None:
        """Log it, unless the same was logged a moment ago: nobody may fill the log by sending nonsense."""
        key, now = (endpoint.source, endpoint.name, reason), self._clock.monotonic()
        if now >= self._told.get(key, 0.0):
            self._told[key] = now + TOLD_EVERY_S
            log.warning("webhook %s/%s: %s %s", endpoint.source, endpoint.name, reason, where)


async def _verified(endpoint: Endpoint, request: Incoming, terms: Terms) -> tuple[Verified, Terms]:
    """What makes it genuine, and by which terms; raises `Rejected`."""
    if not endpoint.settings.verify:
        return _by_way(endpoint, Verified("none", "none")), terms
    scheme = endpoint.webhook.scheme
    try:
        return _by_way(endpoint, await scheme.verify(request, terms)), terms
    except Rejected as rejection:
        if rejection.check != "signature_mismatch":
            raise
        renewed = await endpoint.renewed_terms()
        if renewed is None:
            raise
        return _by_way(endpoint, await scheme.verify(request, renewed)), renewed


def _may_wait(endpoint: Endpoint, genuine: _Genuine) -> bool:
    """Whether it can be read later as well as now: nothing about the answer depends on what it says."""
    is_plain = not genuine.encoding and not genuine.verified.signed and len(genuine.sent.body) <= LARGE
    return is_plain and endpoint.settings.paused is None


def _reading(endpoint: Endpoint, genuine: _Genuine) -> Reading | str:
    """What a genuine request says, or why it cannot be read; raises `TooLarge`."""
    request = genuine.request
    try:
        if genuine.encoding:
            request = _inflated(request, genuine.encoding, endpoint.settings.max_bytes)
        return endpoint.webhook.read(request, genuine.verified, genuine.terms)
    except Unmapped as error:
        return clean_line(str(error), MAX_REASON) or "cannot be read"
    except Rejected as error:
        return f"is damaged ({error.check})"
    except TooLarge:
        raise
    except Exception as error:  # a mistake in a sender's module must not lose what it could not read
        log.exception("webhook %s/%s could not be read", endpoint.source, endpoint.name)
        return f"stopped the sender's module: {type(error).__name__}"


def _by_way(endpoint: Endpoint, verified: Verified) -> Verified:
    """What proves a request that nothing in it proves."""
    if verified.by != "none":
        return verified
    if endpoint.settings.fingerprints:
        return replace(verified, by="token", scheme="client-certificate")
    return replace(verified, by="ip", scheme="address") if endpoint.settings.allow_from else verified


def _encoding_of(request: Incoming) -> str:
    encoding = (request.header("content-encoding") or "").strip().lower()
    return "" if encoding == "identity" else encoding.removeprefix("x-")


def _taken(endpoint: Endpoint) -> str:
    return ", ".join(endpoint.settings.encodings) or "identity"


def _inflated(request: Incoming, encoding: str, limit: int) -> Incoming:
    try:
        return replace(request, body=inflate(request.body, encoding, limit))
    except Damaged as error:
        raise Rejected("malformed_body", str(error)) from None


def _stored(arrival: Arrival, recorded: list[Recorded]) -> Reply:
    if not recorded:
        unread = arrival.dead[0].id if arrival.dead else None
        return answer(200, {"status": "unreadable", "id": unread}) if unread else EMPTY
    status = "stored" if any(each.is_new for each in recorded) else "duplicate"
    said: dict[str, Any] = {"status": status, "id": recorded[0].id}
    if len(recorded) > 1:
        said["ids"] = [each.id for each in recorded]
    return answer(200, said)


def _not_now(error: CallError | ConfigError) -> Reply:
    wait_s = error.retry_after_s if isinstance(error, Unavailable) else None
    return answer(503, {"status": "not_stored"}, Retry_After=str(ceil(wait_s or RETRY_S)))
