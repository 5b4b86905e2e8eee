"""`/connections`: which accounts are connected, what they may do, and the way to connect or remove them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from starlette.responses import RedirectResponse, Response

from wirepost.connections.accounts import SHARED
from wirepost.core.text import clean_line
from wirepost.server.browser import is_ours, read_form
from wirepost.server.connect import LIST
from wirepost.server.markup import Markup, field, form, guarded, page, tag
from wirepost.server.sign_in import SEE_OTHER

if TYPE_CHECKING:
    from starlette.requests import Request

    from wirepost.connections.oauth.connecting import Connecting, Outlook
    from wirepost.server.browser import Browsers, Session
    from wirepost.server.connect import ConnectPages
    from wirepost.server.sign_in import SignIn

_LONGEST = 200
_STATUS = {
    "ready": "Ready",
    "degraded": "Works, but its last renewal failed",
    "needs_reauth": "Must be connected again",
    "not_connected": "Not connected",
}


class AccountPages:
    """The accounts that a browser's caller uses."""

    def __init__(
        self, connecting: Connecting, consent: ConnectPages, browsers: Browsers, sign_in: SignIn
    ) -> None:
        self._connecting, self._consent = connecting, consent
        self._browsers, self._sign_in = browsers, sign_in

    async def show(self, request: Request) -> Response:
        """Every connection, with what can be done about it."""
        session = await self._sign_in.session(request)
        if session is None:
            return await self._sign_in.begin(request)
        sections = [
            _section(each, owner, session)
            for name in self._connecting.names
            for owner in self._owners(name, session)
            for each in [await self._connecting.outlook(name, owner)]
        ]
        nothing = None if sections else tag("p", "No connection is configured.")
        leave = form(f"{LIST}/leave", "Leave these pages", field("token", session.form_token), kind="quiet")
        response = page("Connections", *sections, nothing, leave, leads_away=True)
        self._browsers.keep_session(response, session)
        return response

    async def connect(self, request: Request) -> Response:
        """Connect, or connect again, one account."""
        found = await self._asked(request)
        if isinstance(found, Response):
            return found
        name, owner = found
        return await self._consent.leave(request, name, owner)

    async def remove(self, request: Request) -> Response:
        """Give the grant back to the provider and forget the account."""
        found = await self._asked(request)
        if isinstance(found, Response):
            return found
        problem = await self._connecting.remove(*found)
        if problem is None:
            return RedirectResponse(LIST, SEE_OTHER, guarded())
        return page(
            "Removed here, not yet at the provider",
            tag("p", f"{found[0]} is used by nobody any more."),
            tag("p", f"The provider did not take the access back: {clean_line(problem, _LONGEST)}."),
            tag("p", "Giving it back is tried again later."),
            tag("p", tag("a", "Connections", href=LIST)),
        )

    async def leave(self, request: Request) -> Response:
        """Let this browser know nothing any more."""
        session = self._browsers.session(request)
        if session is None or not is_ours(await read_form(request), session):
            return _foreign()
        response = page("You have left", tag("p", "This browser sees the connections no more."))
        self._browsers.end_session(response)
        return response

    async def _asked(self, request: Request) -> tuple[str, str] | Response:
        """Connection and owner of a form, if this browser may change that account."""
        session = self._browsers.session(request)
        fields = await read_form(request)
        if session is None or not is_ours(fields, session):
            return _foreign()
        name = request.path_params["connection"]
        owner = SHARED if fields.get("for") == SHARED else session.caller
        may_change = session.is_operator or owner != SHARED
        if name not in self._connecting.names or owner not in self._owners(name, session) or not may_change:
            return _foreign()
        return name, owner

    def _owners(self, name: str, session: Session) -> tuple[str, ...]:
        """Whose accounts of a connection a browser sees: the shared one, its own, or both."""
        if not self._connecting.is_per_caller(name):
            return (SHARED,)
        return (session.caller, SHARED) if session.is_operator else (session.caller,)


def _section(outlook: Outlook, owner: str, session: Session) -> Markup:
    heading = f"account-{outlook.connection}-{'shared' if owner == SHARED else 'own'}"
    return tag(
        "section",
        tag("h2", f"{outlook.connection}{_whose(outlook, owner)}", id=heading),
        tag("dl", *(part for name, value in _facts(outlook) for part in (tag("dt", name), tag("dd", value)))),
        *_actions(outlook, owner, session),
        aria_labelledby=heading,
    )


def _whose(outlook: Outlook, owner: str) -> str:
    if not outlook.is_per_caller:
        return ""
    return ", for everybody" if owner == SHARED else ", for you"


def _facts(outlook: Outlook) -> list[tuple[str, str | Markup]]:
    account = outlook.account
    facts: list[tuple[str, str | Markup]] = [
        ("Provider", f"{outlook.title}, {outlook.environment}"),
        ("Status", _STATUS.get(outlook.status, outlook.status)),
    ]
    if outlook.problem:
        facts.append(("Problem", clean_line(outlook.problem, _LONGEST)))
    if account is None:
        return facts
    if account.account_label or account.account_key:
        facts.append(("Account", clean_line(account.account_label or account.account_key or "", _LONGEST)))
    if account.scopes_granted is not None:
        facts.append(("May do", _list_of(account.scopes_granted)))
    if outlook.missing:
        facts.append(("Not granted", _list_of(outlook.missing)))
    if account.tokens is not None and account.expires_at is not None and account.tokens.refresh is None:
        facts.append(("Ends", _time(account.expires_at)))
    if account.refresh_expires_at is not None:
        facts.append(("Must be renewed by", _time(account.refresh_expires_at)))
    if account.connected_at is not None:
        facts.append(("Connected", _time(account.connected_at)))
    return facts


def _list_of(scopes: tuple[str, ...]) -> Markup | str:
    if not scopes:
        return "nothing"
    return tag("ul", *(tag("li", tag("code", clean_line(each, _LONGEST))) for each in scopes))


def _time(seconds: float) -> Markup:
    moment = datetime.fromtimestamp(seconds, UTC)
    return tag("time", f"{moment:%Y-%m-%d %H:%M} UTC", datetime=f"{moment:%Y-%m-%dT%H:%M:%SZ}")


def _actions(outlook: Outlook, owner: str, session: Session) -> list[Markup]:
    name = outlook.connection
    if outlook.key_setting is not None:
        needed = outlook.status == "not_connected"
        return (
            [tag("p", "Its key is set in wirepost.yaml: ", tag("code", outlook.key_setting))]
            if needed
            else []
        )
    if not outlook.is_oauth:
        return []
    if owner == SHARED and not session.is_operator:
        return [tag("p", "An operator connects this account.")]
    inside = (field("token", session.form_token), field("for", "own" if owner != SHARED else SHARED))
    again = outlook.account is not None and outlook.account.tokens is not None
    word = "Connect again" if again else "Connect"
    buttons = [form(f"{LIST}/{name}/connect", word, *inside, about=f"{word}: {name}")]
    if again:
        remove = form(
            f"{LIST}/{name}/remove",
            "Remove the account",
            *inside,
            kind="grave",
            about=f"Remove the account of {name}",
        )
        buttons.append(
            tag(
                "details",
                tag("summary", "Remove…"),
                tag(
                    "p",
                    "Wirepost gives the access back to the provider and forgets the account. "
                    "Calls then answer not_connected.",
                ),
                remove,
            )
        )
    return buttons


def _foreign() -> Response:
    text = "This form is too old, or is not from a page of this server. Open the connections and try again."
    return page(
        "Nothing was changed", tag("p", text), tag("p", tag("a", "Connections", href=LIST)), status=403
    )
