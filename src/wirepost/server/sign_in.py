"""Who may open the pages: by a link, by being at this machine, or by signing in where callers do."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from starlette.responses import RedirectResponse, Response

from wirepost.calls.caller import LOCAL
from wirepost.connections.accounts import SHARED
from wirepost.connections.oauth.callback import Callback, refused
from wirepost.connections.oauth.party import Asked, Party
from wirepost.core.errors import CallError, ConfigError
from wirepost.server.markup import guarded, page, problem, tag
from wirepost.server.pages import LOOPBACK_CLIENTS
from wirepost.server.ports import is_loopback

if TYPE_CHECKING:
    from starlette.requests import Request

    from wirepost.connections.oauth.flows import Flows
    from wirepost.server.browser import Browsers, Session

SIGN_IN = "/oauth/sign-in"
SEE_OTHER = 303
_NOBODY = ""
"""In the place of the connection in flows that sign a browser in."""
_RETURNS = ("/connect/", "/connections", "/approvals")


class SignIn:
    """Decides who a browser is. `party` is our client at the callers' issuer, where there is one."""

    def __init__(
        self,
        browsers: Browsers,
        address: Callable[[], str],
        *,
        mode: str,
        flows: Flows,
        party: Callable[[], Awaitable[Party]] | None = None,
    ) -> None:
        self._browsers, self._address, self._mode = browsers, address, mode
        self._flows, self._party = flows, party

    async def hurdle(self, request: Request, owner: str) -> Response | None:
        """What stands between a browser and a link that was made for `owner`.

        Where callers sign in, the person with the link must be the one whose agent asked for it: a link can
        be passed on to somebody who would connect their account for another.
        """
        if self._mode != "oauth" or owner == LOCAL.id or (owner == SHARED and self._party is None):
            return None
        session = self._browsers.session(request)
        if session is None:
            return await self.begin(request)
        if owner in {SHARED, session.caller}:
            return None
        return page(
            "This link is for somebody else",
            tag("p", f"You are signed in as {session.caller}."),
            tag("p", "Ask your own agent for a link."),
            status=403,
        )

    async def session(self, request: Request) -> Session | None:
        """Who this browser is, if that is known without asking."""
        return self._browsers.session(request) or self._session_here(request)

    def _session_here(self, request: Request) -> Session | None:
        """A session for a browser of this machine, where every program of the machine may call as well.

        Behind a proxy every browser seems to be on this machine; a public address shows that there is one.
        """
        is_here = is_loopback(urlsplit(self._address()).hostname or "")
        client = request.client
        if self._mode != "none" or not is_here or client is None or client.host not in LOOPBACK_CLIENTS:
            return None
        return self._browsers.new_session(LOCAL.id, is_operator=True)

    async def begin(self, request: Request) -> Response:
        """Send a browser to sign in, and back to where it is now; or say how to get in."""
        if self._party is None:
            return self._closed()
        cookie = self._browsers.begin_consent(request)
        try:
            party = await self._party()
            where = await self._flows.begin(
                party, _NOBODY, Asked(("openid",)), f"{self._address()}{SIGN_IN}", cookie
            )
        except (CallError, ConfigError) as error:
            return problem("Nobody can sign in now", error, status=503)
        response = RedirectResponse(where, SEE_OTHER, guarded(leads_away=True))
        self._browsers.keep_consent(response, cookie)
        query = f"?{request.url.query}" if request.url.query else ""
        self._browsers.keep_notice(response, "after", path=f"{request.url.path}{query}")
        return response

    async def come_back(self, request: Request) -> Response:
        """Believe who the issuer says that it is."""
        callback = Callback.of(request.url.path, request.url.query)
        try:
            cookie = self._browsers.consent(request)
            consent = await self._flows.finish(callback, await self._party_of(), cookie)
        except (CallError, ConfigError) as error:
            return problem("You are not signed in", error, status=403)
        after = (self._browsers.notice(request, "after") or {}).get("path", "")
        where = after if after.startswith(_RETURNS) else "/connections"
        response = RedirectResponse(where, SEE_OTHER, {**guarded(), "Referrer-Policy": "no-referrer"})
        caller = f"{consent.identity['iss']}|{consent.identity['sub']}"
        self._browsers.keep_session(response, self._browsers.new_session(caller, is_operator=False))
        return response

    async def _party_of(self) -> Callable[[str], Party]:
        if self._party is None:
            raise refused("unknown", "Nobody signs in here")
        party = await self._party()

        def find(connection: str) -> Party:
            if connection != _NOBODY:
                raise refused("sender", "This is the end of another consent")
            return party

        return find

    def _closed(self) -> Response:
        title, how = "Open these pages by a link", "On the machine of the server, an operator gets one with"
        hint = None
        if self._mode == "oauth":
            hint = tag("p", "Or let people sign in: set ", tag("code", "server.auth.client_id"), ".")
        command = tag("p", tag("code", "wirepost connections open"))
        return page(title, tag("p", how), command, hint, status=403)
