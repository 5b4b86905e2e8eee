"""Tools about connections: what is there, whether it works, and the way to connect an account."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from pydantic import Field

from wirepost.calls.policy import Subject, refusal
from wirepost.connections.accounts import Account
from wirepost.connections.check import check, missing_scopes
from wirepost.connections.status import account_of, owner_of, status_of, takes_consents
from wirepost.core.errors import CallError, InvalidCall, NotConnected
from wirepost.core.times import from_epoch
from wirepost.tools.context import Call
from wirepost.tools.results import Page, Result, Untrusted
from wirepost.tools.tool import AnyTool, Risk, tool
from wirepost.toolsets.desk import Desk

if TYPE_CHECKING:
    from wirepost.connections.connections import Connection

Name = Annotated[str, Field(description="Name of the connection")]


class ConnectionCard(Result):
    """One connection as the caller uses it, without its secrets."""

    id: str
    provider: str
    environment: str
    status: str
    problem: str | None = None
    account: Untrusted | None = None
    scopes: list[str] | None = None
    expires_at: str | None = None
    accounts: list[str] | None = None
    tools: int


class Lacking(Result):
    """A tool that cannot run, and the permissions it needs."""

    tool: str
    needs: list[str]


class CheckedConnection(Result):
    """What a provider says of a credential."""

    id: str
    provider: str
    environment: str
    identity: Untrusted
    account: Untrusted | None = None
    account_id: str | None = None
    scopes: list[str] | None = None
    missing: list[Lacking] | None = None
    quota: dict[str, float] | None = None
    clock_difference_s: float | None = None
    took_ms: int
    warnings: list[str] | None = None


@tool(Risk.READ, title="List connections", example={})
async def connection_list(
    call: Call[Desk], provider: Annotated[str | None, Field(description="Only this provider")] = None
) -> Page[ConnectionCard]:
    """List the configured accounts with provider, environment and status."""
    found = [each for each in call.api.connections.by_name.values() if provider in (None, each.provider.name)]
    start = int(call.position or 0)
    shown = [await _card(call, each) for each in found[start : start + call.limit]]
    after = [str(start + index + 1) for index in range(len(shown))]
    return Page(
        shown, has_more=start + len(shown) < len(found), after=after, total=len(found), total_is="exact"
    )


@tool(Risk.READ, title="Check a connection", example={"connection": "stripe-sandbox"})
async def connection_check(call: Call[Desk], *, connection: Name) -> CheckedConnection:
    """Ask the provider who a credential is and what it may do.

    Also names tools that lack a permission, the quota, and how far the clocks are apart.
    """
    desk, chosen = call.api, _chosen(call, connection_check, connection)
    try:
        checked = await check(chosen, call.caller)
    except CallError as error:
        error.detail.setdefault("connection", connection)
        raise
    probe = checked.probe
    if chosen.environment != "sandbox":
        known = await account_of(chosen, desk.accounts, call.caller)
        owner = known.owner if known else owner_of(chosen, call.caller)
        found = Account(chosen.name, owner, account_key=probe.account_id, account_label=probe.account)
        await desk.accounts.note_checked(found, probe.scopes)
    lacking = missing_scopes(chosen.provider, desk.catalog.enabled(None).tools, probe.scopes)
    return CheckedConnection(
        id=chosen.name,
        provider=chosen.provider.name,
        environment=chosen.environment,
        identity=probe.identity,
        account=probe.account,
        account_id=probe.account_id,
        scopes=probe.scopes,
        missing=[Lacking(tool=name, needs=needs) for name, needs in lacking.items()] or None,
        quota=probe.quota,
        clock_difference_s=None if checked.skew_s is None else round(checked.skew_s, 1),
        took_ms=round(checked.took_s * 1000),
        warnings=probe.warnings,
    )


@tool(
    Risk.WRITE,
    title="Connect an account",
    example={"connection": "stripe-sandbox"},
    long_help="Where everything is there, it says so. Otherwise it ends with not_connected, auth_expired "
    "or missing_scope and a connect_url for the person, who consents in a browser; the token never passes "
    "through here. Repeat the call to see whether they are done.",
)
async def connection_authorize(
    call: Call[Desk],
    *,
    connection: Name,
    scopes: Annotated[list[str] | None, Field(description="Permissions it must have besides")] = None,
) -> ConnectionCard:
    """Have a person connect an account, or allow it more, by a link that the answer carries."""
    chosen = _chosen(call, connection_authorize, connection)
    lack = await _lack(call, chosen, scopes or [])
    if lack is not None:
        raise lack
    return await _card(call, chosen)


@connection_authorize.reconcile
async def find_authorized(
    call: Call[Desk], *, connection: str, scopes: list[str] | None = None
) -> ConnectionCard | None:
    """The connection, once there is nothing left to ask for."""
    chosen = _chosen(call, connection_authorize, connection)
    return None if await _lack(call, chosen, scopes or []) else await _card(call, chosen)


async def _lack(call: Call[Desk], connection: Connection, scopes: list[str]) -> NotConnected | None:
    """What a person would have to do, if anything; the call path adds the link."""
    status = await status_of(connection, call.api.accounts, call.caller)
    name, way = connection.name, connection.provider.auth_method(connection.settings.auth).help
    if status.word == "not_connected":
        problem = status.problem or "nobody has connected an account yet"
        return NotConnected("not_connected", f"{name}: {problem}", hint=way, detail={"connection": name})
    if status.word == "needs_reauth":
        message = f"The consent of {name} has ended"
        return NotConnected("auth_expired", message, hint=way, detail={"connection": name})
    if takes_consents(connection) and await _is_borrowed(call, connection):
        message = f"{name}: you use the account of all callers; none of your own is connected"
        return NotConnected("not_connected", message, hint=way, detail={"connection": name})
    needed = sorted(set(scopes) - set(status.held or ()))
    if not needed or connection.environment == "sandbox":
        return None
    message = f"{name} may not do that yet: it needs {' and '.join(needed)}"
    return NotConnected("missing_scope", message, hint=way, detail={"connection": name, "needed": needed})


async def _is_borrowed(call: Call[Desk], connection: Connection) -> bool:
    """Whether the caller may connect an own account, and uses the one of all callers so far."""
    account = await account_of(connection, call.api.accounts, call.caller)
    return account is not None and account.owner != owner_of(connection, call.caller)


async def _card(call: Call[Desk], connection: Connection) -> ConnectionCard:
    status = await status_of(connection, call.api.accounts, call.caller)
    listed = call.api.tools.tools
    return ConnectionCard(
        id=connection.name,
        provider=connection.provider.name,
        environment=connection.environment,
        status=status.word,
        problem=status.problem,
        account=status.account,
        scopes=None if status.scopes is None else sorted(status.scopes),
        expires_at=from_epoch(status.expires_at),
        accounts=connection.settings.accounts or None,
        tools=sum(1 for each in listed if each.is_provider_tool and each.runs_on(connection.provider)),
    )


def _chosen(call: Call[Desk], tool: AnyTool, name: str) -> Connection:
    """The connection of that name; raises for one that is not there, or that policy keeps from the caller."""
    by_name = call.api.connections.by_name
    if name not in by_name:
        raise InvalidCall(
            "invalid_arguments",
            f"The connection {name[:60]!r} does not exist",
            fields=[{"path": "connection", "problem": "does not exist", "allowed": list(by_name)}],
        )
    chosen = by_name[name]
    decision = call.api.judge.explain(Subject(tool, name, chosen.environment, call.caller))
    if decision.effect != "allow":
        raise refusal(decision, tool.name)
    return chosen
