"""The pages of a consent: what is asked for, the way to the provider and back, and how it ended."""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.responses import RedirectResponse, Response

from wirepost.connections.accounts import SHARED
from wirepost.connections.oauth.callback import Callback
from wirepost.core.errors import CallError, ConfigError
from wirepost.core.text import clean_line
from wirepost.server.browser import read_form
from wirepost.server.markup import field, form, guarded, page, problem, tag
from wirepost.server.sign_in import SEE_OTHER

if TYPE_CHECKING:
    from starlette.requests import Request

    from wirepost.connections.oauth.connecting import Connected, Connecting, Outlook
    from wirepost.connections.oauth.links import Invitation, Links
    from wirepost.server.browser import Browsers
    from wirepost.server.sign_in import SignIn

DONE = "/oauth/done"
LIST = "/connections"
_GONE = 410
_LONGEST = 200


class ConnectPages:
    """From a one-time link to an account."""

    def __init__(self, connecting: Connecting, links: Links, browsers: Browsers, sign_in: SignIn) -> None:
        self._connecting, self._links = connecting, links
        self._browsers, self._sign_in = browsers, sign_in

    async def show(self, request: Request) -> Response:
        """What a link would connect. Nothing starts here: programs that preview links come by as well."""
        given = request.query_params.get("c", "")
        invitation = await self._links.look(given)
        if invitation is None or invitation.connection != request.path_params.get("connection", ""):
            return used_up()
        stopped = await self._sign_in.hurdle(request, invitation.owner)
        if stopped is not None:
            return stopped
        if not invitation.connection:
            return page(
                "Open the connections",
                tag(
                    "p",
                    "For eight hours, this browser may then see, connect and remove accounts, and decide "
                    "what waits for approval.",
                ),
                form(request.url.path, "Open the connections", field("c", given)),
            )
        return await self._invitation(request, invitation, given)

    async def start(self, request: Request) -> Response:
        """Use the link up and send the browser to the provider."""
        fields = await read_form(request)
        given = fields.get("c", "")
        found = await self._links.look(given)
        if found is None or found.connection != request.path_params.get("connection", ""):
            return used_up()
        stopped = await self._sign_in.hurdle(request, found.owner)
        if stopped is not None:
            return stopped
        invitation = await self._links.take(given)
        if invitation is None:
            return used_up()
        if not invitation.connection:
            response = RedirectResponse(LIST, SEE_OTHER, guarded())
            session = self._browsers.new_session(invitation.owner, is_operator=True)
            self._browsers.keep_session(response, session)
            return response
        return await self.leave(request, invitation.connection, invitation.owner, invitation.scopes)

    async def leave(
        self, request: Request, connection: str, owner: str, scopes: tuple[str, ...] = ()
    ) -> Response:
        """Off to the provider, with a cookie that the same browser must bring back."""
        cookie = self._browsers.begin_consent(request)
        try:
            where = await self._connecting.begin(connection, owner, scopes, self._links.address or "", cookie)
        except (CallError, ConfigError) as error:
            return problem("This cannot be done now", error)
        response = RedirectResponse(where, SEE_OTHER, guarded(leads_away=True))
        self._browsers.keep_consent(response, cookie)
        return response

    async def come_back(self, request: Request) -> Response:
        """The provider sends the browser here; it goes on to a page whose address tells nothing."""
        callback = Callback.of(request.url.path, request.url.query)
        if await self._connecting.flows.is_from_elsewhere(callback):
            return page(
                "Copy this page's address",
                tag(
                    "p",
                    "This consent was begun with ",
                    tag("code", "wirepost connections authorize"),
                    ". Copy the whole address of this page and paste it there.",
                ),
            )
        response = RedirectResponse(DONE, SEE_OTHER, {**guarded(), "Referrer-Policy": "no-referrer"})
        try:
            connected = await self._connecting.finish(callback, self._browsers.consent(request))
            self._browsers.keep_notice(response, "done", **_told(connected))
        except (CallError, ConfigError) as error:
            self._browsers.keep_notice(response, "done", problem=error.message, hint=error.hint)
        return response

    async def done(self, request: Request) -> Response:
        """How it ended."""
        told = self._browsers.notice(request, "done")
        back = None
        if self._browsers.session(request):
            back = tag("p", tag("a", "All connections", href=LIST))
        if told is None:
            return page("Nothing to tell", tag("p", "No consent ended in this browser a moment ago."), back)
        if "problem" in told:
            hint = tag("p", told["hint"]) if told.get("hint") else None
            body = tag("div", tag("p", told["problem"]), hint, class_="problem", role="alert")
            return page("Nothing was connected", body, back)
        missing = tag("p", f"Not granted: {', '.join(told['missing'])}") if told["missing"] else None
        return page(
            "Connected",
            tag("p", f"{told['connection']} is connected to {told['account']}.", role="status"),
            missing,
            tag("p", "You can close this page and go on in your agent."),
            back,
        )

    async def _invitation(self, request: Request, invitation: Invitation, given: str) -> Response:
        try:
            outlook = await self._connecting.outlook(
                invitation.connection, invitation.owner, invitation.scopes
            )
        except (CallError, ConfigError) as error:
            return problem("This cannot be done now", error)
        if outlook.key_setting is not None:
            return page(f"Connect {outlook.connection}", *keyed(outlook))
        return page(
            f"Connect {outlook.connection}",
            tag("p", f"You are about to give Wirepost access to an account at {outlook.title}."),
            described(outlook, invitation.owner),
            tag(
                "p",
                "Go on only if you or your agent asked for this just now. "
                f"At {outlook.title}, choose the account that belongs to this connection.",
            ),
            form(request.url.path, f"Continue to {outlook.title}", field("c", given)),
            leads_away=True,
        )


def described(outlook: Outlook, owner: str) -> str:
    """What will be bound to what."""
    account = outlook.account
    rows = [
        ("Connection", f"{outlook.connection} ({outlook.title}, {outlook.environment})"),
        ("Account now", (account and account.account_label) or "none yet"),
        ("Used by", "everybody who may use this server" if owner == SHARED else f"only {owner}"),
    ]
    asked = [*outlook.asked.scopes, *(f"{scope} (as you)" for scope in outlook.asked.user_scopes)]
    scopes = (
        tag("ul", *(tag("li", tag("code", clean_line(each, _LONGEST))) for each in asked))
        if asked
        else "nothing in particular"
    )
    return tag(
        "dl",
        *(part for name, value in rows for part in (tag("dt", name), tag("dd", clean_line(value, _LONGEST)))),
        tag("dt", "Asked for"),
        tag("dd", scopes),
    )


def keyed(outlook: Outlook) -> tuple[str, ...]:
    """How a connection with a key is connected: by whoever runs the server, never in a form."""
    return (
        tag(
            "p",
            f"{outlook.connection} uses a key of {outlook.title}, which an operator keeps elsewhere. "
            "Keys are never typed into a page or an address.",
        ),
        tag(
            "p",
            "Set ",
            tag("code", outlook.key_setting),
            " in wirepost.yaml to where the key is kept, for example ",
            tag("code", "env:NAME"),
            " or ",
            tag("code", "file:/run/secrets/name"),
            ", and start the server again.",
        ),
        tag("p", outlook.help),
    )


def used_up() -> Response:
    """For a link that is invented, used, or too old: nobody is told which."""
    return page(
        "This link is no longer good",
        tag("p", "A link can be used once, within ten minutes. Ask your agent for a new one, or run "),
        tag("p", tag("code", "wirepost connections open")),
        status=_GONE,
    )


def _told(connected: Connected) -> dict[str, object]:
    account = connected.account
    return {
        "connection": account.connection,
        "account": clean_line(
            account.account_label or account.account_key or "an account without a name", _LONGEST
        ),
        "missing": [clean_line(each, 100) for each in connected.missing[:10]],
    }
