"""Leading a person to the page where an account is connected: the link as a question of the protocol."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal

from mcp.shared.exceptions import UrlElicitationRequiredError
from mcp_types import ElicitRequest, ElicitRequestURLParams, ElicitResult
from mcp_types.version import MODERN_PROTOCOL_VERSIONS

from wirepost.core.ids import new_id

if TYPE_CHECKING:
    from mcp.server.context import ServerRequestContext

Answer = Literal["opened", "no", "none"]
KEY = "connect"
"""Name of the link among the input requests."""
_AS_ERROR = "2025-11-25"
"""The one protocol version in which links are errors of their own."""


def link_in(envelope: Mapping[str, Any]) -> dict[str, Any] | None:
    """The error of a call that a person can mend by opening its `connect_url`."""
    error = envelope.get("error")
    return error if isinstance(error, dict) and error.get("connect_url") else None


def can_be_shown(ctx: ServerRequestContext[Any, Any]) -> bool:
    """Whether this client shows links to a person; one that declares nothing but forms does not."""
    capabilities = ctx.session.client_capabilities
    elicitation = capabilities.elicitation if capabilities else None
    has_links = ctx.protocol_version in MODERN_PROTOCOL_VERSIONS or ctx.protocol_version == _AS_ERROR
    return has_links and elicitation is not None and elicitation.url is not None


def request(error: Mapping[str, Any]) -> ElicitRequest:
    """The question of the current protocol: open the link, yes or no."""
    params = ElicitRequestURLParams(message=words(error), url=error["connect_url"])
    return ElicitRequest(params=params)


def required(error: Mapping[str, Any]) -> UrlElicitationRequiredError:
    """The refusal of the protocol before (code -32042), which names the link; the client then calls again."""
    message, link_id = words(error), new_id("lnk")
    params = ElicitRequestURLParams(message=message, url=error["connect_url"], elicitation_id=link_id)
    return UrlElicitationRequiredError([params], message)


def words(error: Mapping[str, Any]) -> str:
    """Why a person is asked, and what for; accounts and permissions by the names the provider gives them."""
    needed, account = error.get("needed"), error.get("account")
    named = f" (account {account})" if account else ""
    asked = f" and allow {', '.join(map(str, needed))}" if needed else ""
    return f"{error['message']}. Open the page to connect {error['connection']}{named}{asked}."


def answer_in(responses: Mapping[str, Any] | None) -> Answer:
    """What the person said in the responses of a repeated call; `opened` does not mean done."""
    response = (responses or {}).get(KEY)
    if response is None:
        return "none"
    return "opened" if isinstance(response, ElicitResult) and response.action == "accept" else "no"
