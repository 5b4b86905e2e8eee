"""`CallbackSubscriptions`: clients subscribe with an address at which they are called back (webhook mode)."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Annotated, Any
from urllib.parse import urlsplit

from mcp_types import EmptyResult, RequestParams
from pydantic import BaseModel, Field

from wirepost.calls.caller import LOCAL
from wirepost.core.times import from_epoch
from wirepost.events.callback import SINK, BadSecret, Target, row_name, secret_bytes, subscription_id
from wirepost.events.callback_status import category
from wirepost.events.standing import can_be_looked_up
from wirepost.events.subscriptions import TooMany
from wirepost.server.identity import caller_of
from wirepost.server.mcp_events.asked import IDENTIFIER, LONGEST_NAME, Asked, Asking, Wanted
from wirepost.server.mcp_events.errors import BUILT_ON_DRAFT, client_name, error, invalid
from wirepost.settings.events import EventSettings, SubscriptionSettings
from wirepost.upstream.guard import AddressRefused, check_url

if TYPE_CHECKING:
    from mcp.server.context import ServerRequestContext
    from mcp.server.lowlevel import Server

    from wirepost.calls.caller import Caller
    from wirepost.core.clock import Clock
    from wirepost.events.callback_status import CallbackStatus
    from wirepost.events.reading import LogReader
    from wirepost.events.subscriptions import Subscription, Subscriptions
    from wirepost.secrets.vault import Vault

    Context = ServerRequestContext[Any, Any]
    Challenge = Callable[[Target], Awaitable[str | None]]
    """Asks the address whether it wants to be called; `None`, or in a word why its answer is no yes."""

SHORTEST_S, USUAL_S, LONGEST_S = 60.0, 86_400.0, 30 * 86_400.0
"""How long a subscription lives without being renewed; whoever wants no end gets the longest."""
MAX_ATTEMPTS = 7
VERIFIED_FOR_S = 86_400.0
MOST_VERIFIED = 10_000


class Delivery(BaseModel):
    """Where events are to go."""

    mode: str = "webhook"
    url: Annotated[str, Field(max_length=2000)]
    secret: Annotated[str, Field(max_length=200)] = ""


class SubscribeParams(Asked):
    """Of `events/subscribe`."""

    delivery: Delivery
    ttl_ms: Annotated[int, Field(gt=0)] | None = None


class UnsubscribeParams(RequestParams):
    """Of `events/unsubscribe`."""

    name: Annotated[str, Field(max_length=LONGEST_NAME)]
    arguments: dict[str, Any] | None = None
    delivery: Delivery


class CallbackSubscriptions:
    """Keeps them as rows among all subscriptions, with the client's address and secret sealed."""

    def __init__(
        self,
        asking: Asking,
        reader: LogReader,
        subscriptions: Subscriptions,
        status: CallbackStatus,
        *,
        vault: Vault,
        challenge: Challenge,
        settings: EventSettings,
        clock: Clock,
    ) -> None:
        self._asking, self._reader, self._subscriptions, self._status = asking, reader, subscriptions, status
        self._vault, self._challenge, self._settings, self._clock = vault, challenge, settings, clock
        self._verified: dict[tuple[str, str], float] = {}
        """Caller and address → until when it need not be asked again."""

    def install(self, server: Server[Any]) -> None:
        """Serve the methods."""
        server.add_request_handler("events/subscribe", SubscribeParams, self.subscribe)
        server.add_request_handler("events/unsubscribe", UnsubscribeParams, self.unsubscribe)

    async def subscribe(self, ctx: Context, params: SubscribeParams) -> dict[str, Any]:
        """Begin to call a client back, or go on doing so."""
        caller = _proven(ctx)
        wanted = self._asking.read(ctx, params)
        self._check(ctx, params.delivery)
        now = self._clock.now().timestamp()
        known, target = await self._known(caller, params), self._target(ctx, wanted, params.delivery)
        if known is None:
            position, is_truncated = await self._begin(wanted, params)
            await self._verify(ctx, caller, target, now)
        else:
            before = await self._opened(known)
            target = before.renewed(target, now) if before else target
            position, is_truncated = None, await self._subscriptions.take_truncated(known)
        expires_at = now + _lifetime(params, caller)
        kept = await self._keep(ctx, wanted, target, position, expires_at)
        answer = {
            "id": target.id,
            "refreshBefore": from_epoch(expires_at),
            "cursor": self._asking.cursor(wanted, await self._status.watermark(kept)),
            "truncated": is_truncated,
        }
        return answer if known is None else {**answer, "deliveryStatus": await self._status.shown(kept)}

    async def unsubscribe(self, ctx: Context, params: UnsubscribeParams) -> EmptyResult:
        """End it at once; one that is not renewed ends by itself."""
        known = await self._known(_proven(ctx), params)
        if known is None:
            raise error(ctx, "NotFound", "There is no such subscription", kind="subscription")
        await self._subscriptions.remove(known)
        return EmptyResult()

    async def _known(
        self, caller: Caller, params: SubscribeParams | UnsubscribeParams
    ) -> Subscription | None:
        target_id = subscription_id(caller.id, params.delivery.url, params.name, params.arguments or {})
        found = await self._subscriptions.find(caller, row_name(target_id))
        return found if found is not None and found.owner == caller.id else None

    async def _keep(
        self, ctx: Context, wanted: Wanted, target: Target, position: int | None, expires_at: float
    ) -> Subscription:
        try:
            return await self._subscriptions.put(
                wanted.caller.id,
                row_name(target.id),
                wanted.filter,
                SubscriptionSettings(deliver=[SINK], max_attempts=MAX_ATTEMPTS),
                start=position,
                target=target.sealed(self._vault, wanted.caller.id),
                expires_at=expires_at,
            )
        except TooMany as problem:
            raise error(ctx, "ResourceExhausted", problem.message, limit="subscriptions") from None

    async def _begin(self, wanted: Wanted, params: SubscribeParams) -> tuple[int, bool]:
        """The position to begin after, and whether something before it is left out."""
        position, since = await self._asking.start(wanted, params, self._reader)
        page = await self._reader.page(position, wanted.filter.matches, limit=0, since=since)
        return page.position, page.is_truncated

    async def _opened(self, known: Subscription) -> Target | None:
        """The target as it was; `None` where the key it was sealed with is gone, so that it begins anew."""
        from wirepost.secrets.vault import KeyUnavailable, Tampered

        sealed = await self._subscriptions.target(known)
        try:
            return Target.opened(sealed, self._vault, known.owner, known.name) if sealed else None
        except (KeyUnavailable, Tampered):
            return None

    def _check(self, ctx: Context, delivery: Delivery) -> None:
        if delivery.mode != "webhook":
            details = {"feature": "deliveryMode", "value": delivery.mode}
            raise error(ctx, "Unsupported", "Only webhook takes a subscription", **details)
        try:
            check_url(delivery.url, may_be_private=self._settings.private_addresses)
            secret_bytes(delivery.secret)
        except AddressRefused as refused:
            raise invalid(f"delivery.url: {refused}") from None
        except BadSecret:
            raise invalid("delivery.secret: must be whsec_ and base64 of 24 to 64 bytes") from None

    def _target(self, ctx: Context, wanted: Wanted, delivery: Delivery) -> Target:
        caller = wanted.caller
        return Target(
            id=subscription_id(caller.id, delivery.url, wanted.type.name, wanted.arguments),
            url=delivery.url,
            name=wanted.type.name,
            arguments=wanted.arguments,
            secret=delivery.secret,
            scopes=caller.scopes,
            takes_control=_takes_control(ctx),
        )

    async def _verify(self, ctx: Context, caller: Caller, target: Target, now: float) -> None:
        """Make sure that the address wants to be called; nobody else's is flooded in a caller's name."""
        host = urlsplit(target.url).hostname or ""
        place = (caller.id, target.url)
        is_allowed = any(fnmatchcase(host, pattern) for pattern in self._settings.callback_hosts)
        if is_allowed or self._verified.get(place, 0.0) > now:
            return
        reason = await self._challenge(target)
        if reason is not None:
            raise error(
                ctx, "CallbackEndpointError", "The address did not answer as it must", reason=category(reason)
            )
        if len(self._verified) >= MOST_VERIFIED:
            self._verified.clear()
        self._verified[place] = now + VERIFIED_FOR_S


def _proven(ctx: Context) -> Caller:
    """The caller, who must have shown who it is: over HTTP with a token, elsewhere to this system."""
    caller = caller_of(ctx)
    if ctx.request is not None and caller.id == LOCAL.id:
        raise error(ctx, "Forbidden", "To be called back you have to show who you are")
    return caller


def _lifetime(params: SubscribeParams, caller: Caller) -> float:
    """Whose token nobody can look up again shows one more often."""
    longest_s = LONGEST_S if can_be_looked_up(caller) else USUAL_S
    if params.ttl_ms is None:
        return longest_s if "ttl_ms" in params.model_fields_set else USUAL_S
    return min(max(params.ttl_ms / 1000, SHORTEST_S), longest_s)


def _takes_control(ctx: Context) -> bool:
    """Whether a client knows bodies that are no events: it declares the extension, and not by a draft."""
    capabilities = ctx.session.client_capabilities
    declares = capabilities is not None and IDENTIFIER in (capabilities.extensions or {})
    return declares and not (client_name(ctx) or "").lower().startswith(BUILT_ON_DRAFT)
