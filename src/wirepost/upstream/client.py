"""`Client`: one connection as one call sees it; vendors subclass it and add what is their own."""

from __future__ import annotations

import re
from abc import ABC
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar
from urllib.parse import urlsplit

from wirepost import __version__
from wirepost.core.errors import CallError, InvalidCall, OutcomeUnknown, Rejected, Unavailable
from wirepost.core.redact import SECRETS
from wirepost.core.text import clean, clean_line
from wirepost.upstream import faults
from wirepost.upstream.ask import Answer, Ask, Failure, Lost
from wirepost.upstream.limits import LimitSeen
from wirepost.upstream.retry import Pace, is_transient, repeat, retry_after_s
from wirepost.upstream.stream import Stream

if TYPE_CHECKING:
    from wirepost.upstream.scope import Scope
    from wirepost.upstream.stream import Unread
    from wirepost.upstream.upstream import Turn, Upstream

LEAST_WRITE_S = 1.0
"""After a wait, a write is only sent if so much time is left; with less, its answer might be missed."""
MAX_MESSAGE = 400

_LEADS_ELSEWHERE = re.compile(r"(?:^|/)(?:\.|%2e){1,2}(?:/|$)|^//|^[^/]|[?#\\\x00-\x20\x7f]", re.IGNORECASE)
_USER_AGENT = f"wirepost/{__version__}"


class WriteRefused(RuntimeError):
    """A write outside the ledger: a fault in our code, never sent."""


@dataclass
class _Course:
    """What is known about one request after some attempts."""

    is_in_doubt: bool = False
    """An attempt that failed may have been carried out."""
    is_unanswered: bool = False
    """An attempt that was sent had no answer."""
    last_status: int | None = None
    is_renewed: bool = False
    """The credential was refused and is another one now."""
    authorization: str = ""
    """What the last attempt was authorised with."""
    held: AsyncExitStack | None = None
    """Where the answer is streamed: ends what stays open while it is read."""
    unread: list[tuple[Turn, Unread]] = field(default_factory=list)
    """What is read then: nothing, or one answer."""


class Client(ABC):  # noqa: B024 - what vendors differ in all has a default; used directly it would be no vendor
    """Cheap to make; everything costly is in the `Upstream` that all calls share."""

    answers_json: ClassVar[bool] = True
    """Whether a success with another body than JSON is a fault."""
    other_hosts: ClassVar[frozenset[str]] = frozenset()
    """Hosts besides the connection's address that the vendor sends clients to; asked over https only."""

    def __init__(self, upstream: Upstream, scope: Scope, options: Any) -> None:
        self.upstream, self.scope, self.options = upstream, scope, options

    async def send(self, ask: Ask) -> Answer:
        """Send one request within limits and deadline, repeat it where that is harmless, return its success.

        Raises a `CallError` that says whether anything was applied; `WriteRefused` for a write the ledger
        does not know of.
        """
        return await self._passed(ask, _Course())

    @asynccontextmanager
    async def stream(self, ask: Ask) -> AsyncIterator[Stream]:
        """Read what may be of any size and type; its place within the limits is held meanwhile.

        Until the answer begins this is `send`; what breaks later is not repeated, and reading raises it.
        """
        async with AsyncExitStack() as held:
            course = _Course(held=held)
            answer = await self._passed(ask, course)
            (unread,) = course.unread
            yield Stream(answer.headers, self._pieces(ask, *unread))

    async def _passed(self, ask: Ask, course: _Course) -> Answer:
        if ask.is_write and self.scope.before_write is None:
            raise WriteRefused(f"{ask.method} {ask.path} is a write, but this call may only read")
        if _LEADS_ELSEWHERE.search(ask.path):
            raise InvalidCall("invalid_arguments", "An id in this call would lead to another address")
        if ask.origin is not None:
            self._check_origin(ask.origin)
        try:
            try:
                answer = await self._attempt_renewed(ask, course)
            except Failure as failure:
                if not failure.may_repeat:
                    raise
                answer = await repeat(lambda: self._attempt_renewed(ask, course), failure, self._pace(ask))
        except Failure as failure:
            raise self._final(ask, course, failure.error) from None
        except CallError as error:
            raise self._final(ask, course, error) from None
        if ask.is_write:
            self.scope.writes_applied += 1
        return answer

    def headers(self, ask: Ask) -> Mapping[str, str]:
        """Hook: the vendor's headers (version, idempotency key, account)."""
        del ask
        return {}

    def refusal(self, ask: Ask, answer: Answer) -> CallError | None:
        """Hook: why an answer is no success, `None` where it is one; some vendors refuse with status 200."""
        if not answer.is_success:
            return self.error(ask, answer)
        if self.answers_json and ask.origin is None and not _is_json(answer):
            return faults.unreadable(self.upstream.name, ask)
        return None

    def error(self, ask: Ask, answer: Answer) -> CallError:
        """Hook: what an answer outside 2xx means."""
        return faults.refused(self.upstream.name, ask, answer)

    def may_retry(self, ask: Ask, answer: Answer) -> bool | None:
        """Hook: the vendor's word on repeating after this answer; `None` leaves it to the status."""
        del ask, answer
        return None

    def limits_seen(self, answer: Answer) -> LimitSeen | None:
        """Hook: what the answer's headers say about the quota."""
        del answer
        return None

    def request_id(self, headers: Mapping[str, str]) -> str | None:
        """Hook: the vendor's id of a request."""
        return headers.get("x-request-id") or headers.get("request-id")

    def is_live(self, answer: Answer) -> bool | None:
        """Hook: whether the answer shows the vendor's live environment; `None` when it does not say."""
        del answer
        return None

    def knows_origin(self, origin: str) -> bool:
        """Hook: whether an address besides the connection's own is the vendor's."""
        return origin in {f"https://{host}" for host in self.other_hosts}

    def _check_origin(self, origin: str) -> None:
        """An address in an answer is followed only to where the vendor is known to be."""
        own = urlsplit(self.upstream.address)
        if origin == f"{own.scheme}://{own.netloc}":
            return
        if not self.knows_origin(origin):
            raise Rejected(
                "upstream_rejected",
                f"{self.upstream.name} leads to an address that is not known to be the vendor's: "
                f"{clean_line(origin, 80)}; nothing was sent there",
            )

    async def _attempt_renewed(self, ask: Ask, course: _Course) -> Answer:
        """One attempt; another with a new credential where the old one was refused, which applies nothing."""
        try:
            return await self._attempt(ask, course)
        except Failure as failure:
            is_stale = failure.error.code == "auth_expired" and self.upstream.is_renewable
            if not is_stale or course.is_renewed:
                raise
            course.is_renewed = True
            return await self._attempt(ask, course)

    async def _attempt(self, ask: Ask, course: _Course) -> Answer:
        upstream, scope = self.upstream, self.scope
        async with upstream.turn(
            interactive=scope.interactive, latest=self._latest(ask), quota=ask.quota
        ) as turn:
            headers = await self._all_headers(ask)
            course.authorization = headers.get(upstream.credential_header, "")
            if ask.is_write:
                await scope.announce_write()
            timeout_s = min(ask.timeout_s or upstream.attempt_s, scope.deadline - upstream.clock.monotonic())
            if timeout_s <= 0:
                raise Unavailable("timeout", "No time was left to send the request; nothing was sent")
            try:
                reply = await upstream.exchange(ask, headers, timeout_s, is_streamed=course.held is not None)
            except Lost as lost:
                raise self._lost(ask, course, turn, lost) from None
            answer = Answer(reply.status, reply.headers, reply.body, self._request_id(reply.headers))
            self._record(ask, course, turn, answer)
            if reply.unread is not None and course.held is not None:
                course.held.push_async_exit(turn.kept())
                course.held.push_async_callback(reply.unread.close)
                course.unread.append((turn, reply.unread))
                return answer
            error = self.refusal(ask, answer)
            if error is None:
                return answer
            if answer.is_success:
                turn.is_healthy = not faults.is_failing(error)
            raise self._refused(ask, course, answer, error)

    async def _pieces(self, ask: Ask, turn: Turn, unread: Unread) -> AsyncIterator[bytes]:
        """The body of a stream as it comes."""
        try:
            async for piece in unread.pieces():
                self._check_time()
                yield piece
        except Lost as lost:
            raise self._lost(ask, _Course(), turn, lost).error from None

    def _check_time(self) -> None:
        """Raise `Lost` where there is none left."""
        if self.upstream.clock.monotonic() > self.scope.deadline:
            raise Lost("timeout", is_sent=True)

    async def _all_headers(self, ask: Ask) -> dict[str, str]:
        headers = {
            "User-Agent": _USER_AGENT,
            "Accept": "application/json",
            "Accept-Encoding": "gzip, deflate",
        }
        if ask.content_type is not None:
            headers["Content-Type"] = ask.content_type
        headers.update(self.headers(ask))
        headers.update(ask.headers)
        if ask.origin is not None and not ask.has_credential:
            return headers
        authorization = await self.upstream.authorization(as_user=ask.as_user)
        if authorization:
            headers[self.upstream.credential_header] = authorization
        return headers

    def _record(self, ask: Ask, course: _Course, turn: Turn, answer: Answer) -> None:
        """Note what an answer teaches, whatever it says."""
        scope = self.scope
        turn.is_healthy = answer.status < 500  # noqa: PLR2004 - HTTP's server errors
        course.last_status = answer.status
        if "date" in answer.headers:
            self.upstream.said_at = (answer.headers["date"], self.upstream.clock.now())
        scope.trail.append(f"{ask.method} {ask.path} {answer.status}")
        if answer.request_id is not None:
            scope.request_ids.append(answer.request_id)
        is_live = self.is_live(answer)
        if is_live is not None:
            scope.is_live = is_live
        seen = self.limits_seen(answer)
        if seen is not None:
            scope.quota = {"remaining": seen.remaining, "resets_in_s": seen.resets_in_s}
            self.upstream.limiter.learn(seen)

    def _refused(self, ask: Ask, course: _Course, answer: Answer, error: CallError) -> Failure:
        named = retry_after_s(answer.headers.get("retry-after"), self.upstream.clock.now())
        demanded = max((wait for wait in (named, error.retry_after_s) if wait is not None), default=None)
        if error.code == "auth_expired":
            # It may have been replaced where it is kept; what others have renewed meanwhile stays.
            self.upstream.forget_credential(course.authorization)
        if error.code == "rate_limited":
            self.upstream.pause(demanded, ask.quota)
        if demanded is not None and isinstance(error, Unavailable | OutcomeUnknown):
            error.retry_after_s = demanded
        error.provider_request_id = error.provider_request_id or answer.request_id
        course.is_in_doubt |= isinstance(error, OutcomeUnknown)
        said = self.may_retry(ask, answer)
        makes_sense = is_transient(answer, error) if said is None else said
        return Failure(error, may_repeat=makes_sense and ask.may_repeat, demanded_wait_s=demanded)

    def _lost(self, ask: Ask, course: _Course, turn: Turn, lost: Lost) -> Failure:
        turn.is_healthy = lost.how == "too_large"
        self.scope.trail.append(f"{ask.method} {ask.path} {lost.how}")
        course.is_in_doubt |= lost.is_sent
        course.is_unanswered |= lost.is_sent
        error = faults.lost(self.upstream.name, ask, lost.how, is_sent=lost.is_sent)
        may_repeat = lost.how != "too_large" and (ask.may_repeat or not lost.is_sent)
        return Failure(error, may_repeat=may_repeat)

    def _final(self, ask: Ask, course: _Course, error: CallError) -> CallError:
        """The error as the caller gets it: honest about earlier attempts, clean, without secrets."""
        if ask.is_write and course.is_in_doubt and not isinstance(error, OutcomeUnknown):
            error = error if faults.is_decisive(error) else faults.in_doubt(self.upstream.name, error)
        error.message = SECRETS.text(clean_line(error.message, MAX_MESSAGE))
        error.args = (error.message,)
        error.hint = error.hint and SECRETS.text(clean(error.hint, MAX_MESSAGE))
        error.fields = SECRETS.value(error.fields)
        error.detail = SECRETS.value(error.detail)
        error.last_status = None if course.is_unanswered else course.last_status
        return error

    def _request_id(self, headers: Mapping[str, str]) -> str | None:
        found = self.request_id(headers)
        return clean_line(found, 100) if found else None

    def _latest(self, ask: Ask) -> float:
        """The moment after which no attempt may start that had to wait."""
        return self.scope.deadline - (LEAST_WRITE_S if ask.is_write else 0.0)

    def _pace(self, ask: Ask) -> Pace:
        return Pace(self.upstream.clock, self.upstream.rng, self._latest(ask))


def _is_json(answer: Answer) -> bool:
    try:
        answer.json()
    except ValueError:
        return False
    return True


__all__ = ["Answer", "Ask", "Client", "LimitSeen", "WriteRefused"]
