"""The routes of the pages that a person sees."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from starlette.responses import Response
from starlette.routing import Route

from wirepost.connections.oauth.party import CALLBACK
from wirepost.core.signing import Signer
from wirepost.server.accounts import AccountPages
from wirepost.server.approvals import APPROVALS, ApprovalPages
from wirepost.server.browser import Browsers
from wirepost.server.connect import DONE, LIST, ConnectPages
from wirepost.server.markup import STYLE
from wirepost.server.sign_in import SIGN_IN, SignIn

if TYPE_CHECKING:
    from starlette.requests import Request

    from wirepost.app import App
    from wirepost.connections.oauth.party import Party


def people_routes(app: App, party: Callable[[], Awaitable[Party]] | None = None) -> list[Route]:
    """Connect pages, callbacks, accounts and approvals; they take no bearer token and protect themselves.

    `party` is our own client at the callers' issuer, where browsers can sign in.
    """

    def address() -> str:
        return app.links.address or ""

    browsers = Browsers(Signer(app.secret), app.clock, address)
    mode = app.settings.server.auth.mode
    sign_in = SignIn(browsers, address, mode=mode, flows=app.connecting.flows, party=party)
    consent = ConnectPages(app.connecting, app.links, browsers, sign_in)
    accounts = AccountPages(app.connecting, consent, browsers, sign_in)
    approvals = ApprovalPages(app.long_work.approvals, browsers, sign_in)
    return [
        Route("/connect/{connection}", consent.show, methods=["GET"]),
        Route("/connect/{connection}", consent.start, methods=["POST"]),
        Route("/connect/", consent.show, methods=["GET"]),
        Route("/connect/", consent.start, methods=["POST"]),
        Route(CALLBACK, consent.come_back, methods=["GET"]),
        Route(f"{CALLBACK}/{{provider}}", consent.come_back, methods=["GET"]),
        Route(SIGN_IN, sign_in.come_back, methods=["GET"]),
        Route(DONE, consent.done, methods=["GET"]),
        Route(LIST, accounts.show, methods=["GET"]),
        Route(f"{LIST}/leave", accounts.leave, methods=["POST"]),
        Route(f"{LIST}/{{connection}}/connect", accounts.connect, methods=["POST"]),
        Route(f"{LIST}/{{connection}}/remove", accounts.remove, methods=["POST"]),
        Route(APPROVALS, approvals.show, methods=["GET"]),
        Route(f"{APPROVALS}/{{approval}}", approvals.decide, methods=["POST"]),
        Route("/style.css", style, methods=["GET"]),
    ]


async def style(_: Request) -> Response:
    """The one style sheet."""
    headers = {"Cache-Control": "max-age=3600", "X-Content-Type-Options": "nosniff"}
    return Response(STYLE, media_type="text/css", headers=headers)
