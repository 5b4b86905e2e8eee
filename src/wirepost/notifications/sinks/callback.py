"""`CallbackSink`: events for clients that gave an address to be called back at (MCP Events, webhook mode)."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, ClassVar

import orjson

from wirepost.events.callback import SINK, Target
from wirepost.notifications.callbacks import TIMEOUT_S
from wirepost.notifications.sinks.http import BACK_OFF_S
from wirepost.notifications.sinks.sink import Gone, Refused, Sent, Sink, TryAgain, verdict
from wirepost.upstream.guard import AddressRefused, NoAnswer

if TYPE_CHECKING:
    from wirepost.calls.taint import Taints
    from wirepost.events.callback_status import CallbackStatus
    from wirepost.events.subscriptions import Subscription, Subscriptions
    from wirepost.notifications.callbacks import Callbacks
    from wirepost.notifications.outgoing import Outgoing
    from wirepost.secrets.vault import Vault

MAX_BODY = 256 * 1024
CONCURRENCY = 32

MayReceive = Callable[[str, Target], Awaitable[bool]]
"""Owner and target → whether the caller may still read such events; asked before every attempt."""


class CallbackSink(Sink):
    """Posts to whoever subscribed, each to its own address."""

    kind: ClassVar[str] = "callback"
    starts_models: ClassVar[bool] = True
    surplus = "sent"  # the client asked for each event, and has no other way to those that were counted
    attempts: ClassVar[int | None] = len(BACK_OFF_S) + 1

    def __init__(
        self,
        callbacks: Callbacks,
        subscriptions: Subscriptions,
        status: CallbackStatus,
        taints: Taints,
        *,
        vault: Vault,
        may_receive: MayReceive,
    ) -> None:
        super().__init__(SINK, timeout_s=TIMEOUT_S, concurrency=CONCURRENCY)
        self._callbacks, self._subscriptions, self._status = callbacks, subscriptions, status
        self._taints, self._vault, self._may_receive = taints, vault, may_receive

    async def send(self, outgoing: Outgoing) -> Sent:
        """Post it; raises what a sink does."""
        # Read before the watermark is: what is matched since then must not count as taken.
        subscription = await self._subscriptions.get(outgoing.subscription_id)
        sealed = await self._subscriptions.target(subscription) if subscription else None
        if subscription is None or sealed is None:
            raise Refused("the subscription has ended", is_dropped=True)
        target = self._opened(sealed, subscription)
        if not await self._may_receive(subscription.owner, target):
            raise Gone("the caller may not read these events any more")
        body = orjson.dumps(await self._status.body(subscription, target, outgoing.event))
        if len(body) > MAX_BODY:
            raise Refused(f"larger than {MAX_BODY} bytes", is_dropped=True)
        await self._taints.read(subscription.owner, [outgoing.event])
        try:
            said = await self._callbacks.post(target, outgoing.event.id, body)
        except NoAnswer as error:
            raise TryAgain(str(error), is_silent=True) from None
        except AddressRefused as error:
            raise Refused(f"the address is refused: {error}") from None
        return verdict(said.status, said.retry_after_s)

    def _opened(self, sealed: str, subscription: Subscription) -> Target:
        from wirepost.secrets.vault import KeyUnavailable, Tampered

        try:
            return Target.opened(sealed, self._vault, subscription.owner, subscription.name)
        except KeyUnavailable:
            raise TryAgain("the key is missing that its address is sealed with") from None
        except Tampered:
            raise Refused("its address cannot be opened") from None
