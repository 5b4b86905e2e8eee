"""Who may open the pages: who has a one-time link, or sits at this machine where nobody is asked anyway."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from starlette.responses import Response

from wirepost.calls.caller import LOCAL
from wirepost.server.markup import page, tag
from wirepost.server.pages import LOOPBACK_CLIENTS
from wirepost.server.ports import is_loopback

if TYPE_CHECKING:
    from starlette.requests import Request

    from wirepost.server.browser import Browsers, Session


class SignIn:
    """Decides without a person's own words who a browser is."""

    def __init__(self, browsers: Browsers, address: Callable[[], str], *, asks_nobody: bool) -> None:
        self._browsers, self._address, self._asks_nobody = browsers, address, asks_nobody

    def session_here(self, request: Request) -> Session | None:
        """A session for a browser of this machine, where every program of the machine may call as well.

        Behind a proxy every browser seems to be on this machine; a public address shows that there is one.
        """
        is_here = is_loopback(urlsplit(self._address()).hostname or "")
        client = request.client
        if not (self._asks_nobody and is_here) or client is None or client.host not in LOOPBACK_CLIENTS:
            return None
        return self._browsers.new_session(LOCAL.id, is_operator=True)

    def refusal(self) -> Response:
        """How to get in."""
        return page(
            "Open these pages by a link",
            tag("p", "On the machine of the server, an operator gets one with"),
            tag("p", tag("code", "wirepost connections open")),
            status=403,
        )
