"""What a browser keeps between two pages: who it is, the consent it began, what it is to be told."""

from __future__ import annotations

import hmac
import re
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlsplit

from wirepost.core.signing import BadToken, Signer

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

    from wirepost.core.clock import Clock

SESSION_S = 8 * 3600
CONSENT_S = 600
NOTICE_S = 120
MAX_FORM = 16 * 1024
"""Bytes; our own forms have a few hundred."""
_SESSION, _CONSENT, _NOTICE = "session", "consent", "notice"
_CONSENT_FORM = re.compile(r"[\w-]{43}", re.ASCII)


@dataclass(frozen=True)
class Session:
    """A person in a browser, as the caller whose accounts the pages show."""

    caller: str
    is_operator: bool
    """May change what all callers share."""
    form_token: str
    """Stands in each form of this session, where another site cannot know it."""
    cookie: str = field(repr=False)


class Browsers:
    """Reads and sets cookies; they are bound to the host, and to https unless it is this machine."""

    def __init__(self, signer: Signer, clock: Clock, address: Callable[[], str]) -> None:
        self._signer, self._clock, self._address = signer, clock, address

    def session(self, request: Request) -> Session | None:
        """Who this browser is, if it came in by a link or signed in not too long ago."""
        cookie = self._cookie(request, _SESSION)
        claims = self._opened(_SESSION, cookie)
        if claims is None or cookie is None:
            return None
        return Session(str(claims["caller"]), bool(claims["operator"]), self._form_token(cookie), cookie)

    def new_session(self, caller: str, *, is_operator: bool) -> Session:
        """A session for a working day, which the browser has yet to be given."""
        value = self._signed(
            _SESSION, SESSION_S, caller=caller, operator=is_operator, id=secrets.token_urlsafe(16)
        )
        return Session(caller, is_operator, self._form_token(value), value)

    def keep_session(self, response: Response, session: Session) -> None:
        """Give the browser its session."""
        self._set(response, _SESSION, session.cookie, SESSION_S)

    def end_session(self, response: Response) -> None:
        """Forget who this browser is."""
        self._set(response, _SESSION, "", 0)

    def begin_consent(self, request: Request) -> str:
        """What this browser must bring back from providers; one value for all its consents."""
        kept = self.consent(request)
        return kept if _CONSENT_FORM.fullmatch(kept) else secrets.token_urlsafe(32)

    def keep_consent(self, response: Response, value: str) -> None:
        """Give the browser that value."""
        self._set(response, _CONSENT, value, CONSENT_S)

    def consent(self, request: Request) -> str:
        """What the browser brought back, empty where that is nothing."""
        return self._cookie(request, _CONSENT) or ""

    def keep_notice(self, response: Response, purpose: str, **notice: Any) -> None:
        """Something the next page needs, without a trace in its address."""
        self._set(
            response,
            f"{_NOTICE}-{purpose}",
            self._signed(f"{_NOTICE}-{purpose}", NOTICE_S, **notice),
            NOTICE_S,
        )

    def notice(self, request: Request, purpose: str) -> dict[str, Any] | None:
        """What the page before left for this one."""
        return self._opened(f"{_NOTICE}-{purpose}", self._cookie(request, f"{_NOTICE}-{purpose}"))

    def _form_token(self, cookie: str) -> str:
        return self._signer.mac("form", cookie.encode()).hex()[:32]

    def _signed(self, purpose: str, life_s: float, **claims: Any) -> str:
        until = self._clock.now().timestamp() + life_s
        return self._signer.sign(f"browser-{purpose}", {**claims, "until": until})

    def _opened(self, purpose: str, cookie: str | None) -> dict[str, Any] | None:
        try:
            claims = self._signer.open(f"browser-{purpose}", cookie or "")
        except BadToken:
            return None
        return claims if claims["until"] > self._clock.now().timestamp() else None

    @property
    def _is_secure(self) -> bool:
        return urlsplit(self._address()).scheme == "https"

    def _name(self, name: str) -> str:
        return f"__Host-wirepost-{name}" if self._is_secure else f"wirepost-{name}"

    def _cookie(self, request: Request, name: str) -> str | None:
        return request.cookies.get(self._name(name))

    def _set(self, response: Response, name: str, value: str, life_s: int) -> None:
        response.set_cookie(
            self._name(name),
            value,
            max_age=life_s,
            path="/",
            secure=self._is_secure,
            httponly=True,
            samesite="lax",
        )


async def read_form(request: Request) -> dict[str, str]:
    """The fields of one of our forms; anything else is empty."""
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > MAX_FORM:
            return {}
    return dict(parse_qsl(body.decode(errors="replace")))


def is_ours(form: dict[str, str], session: Session) -> bool:
    """Whether a form came from a page of this session, and not from another site."""
    return hmac.compare_digest(form.get("token", "").encode(), session.form_token.encode())
