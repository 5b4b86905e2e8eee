"""`ButtonsSink`: what people press under our messages in Slack is done; the presses come as events."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from wirepost.core.signing import BadToken
from wirepost.events.filters import Filter
from wirepost.notifications.sinks.sink import Refused, Sent, Sink
from wirepost.notifications.sinks.slack import ACKNOWLEDGE
from wirepost.settings.events import SubscriptionSettings

if TYPE_CHECKING:
    from wirepost.core.signing import Signer
    from wirepost.events.acknowledge import Acknowledgements
    from wirepost.events.event import Event
    from wirepost.events.subscriptions import Subscriptions
    from wirepost.notifications.outgoing import Outgoing

NAME = "buttons"
OWNER = "wirepost"
"""Of the subscription to presses, which nobody else reads."""
PRESS = "slack.block_actions"
TIMEOUT_S = 15.0
_PURPOSE = "button"
_EVERYWHERE = ("production", "test", "sandbox")


class ButtonsSink(Sink):
    """Acknowledges what was pressed, if Slack has signed that it was and the button is one of ours."""

    kind: ClassVar[str] = "buttons"
    starts_models: ClassVar[bool] = False
    surplus = "sent"

    def __init__(self, signer: Signer, acknowledgements: Acknowledgements) -> None:
        super().__init__(NAME, timeout_s=TIMEOUT_S, concurrency=2)
        self._signer, self._acknowledgements = signer, acknowledgements

    def value(self, outgoing: Outgoing) -> str:
        """What a button carries: it names the event and the subscription, and nobody else can make it."""
        return self._signer.sign(_PURPOSE, {"e": outgoing.event.id, "s": outgoing.subscription_id})

    async def send(self, outgoing: Outgoing) -> Sent:
        """Do what was pressed; raises `Refused` for a press of something else."""
        event = outgoing.event
        claims = self._pressed(event) if event.verified == "signature" else None
        if claims is None:
            raise Refused("no button of ours", is_dropped=True)
        by = f"pressed by {event.actor['id']}"
        answer = await self._acknowledgements.ack(claims["s"], [claims["e"]], by)
        return Sent({"event": claims["e"], "known": len(answer.known)})

    def _pressed(self, event: Event) -> dict[str, str] | None:
        for action in event.data.get("actions", ()):
            if action.get("action_id") == ACKNOWLEDGE:
                try:
                    return self._signer.open(_PURPOSE, str(action.get("value")))
                except BadToken:
                    continue
        return None


async def subscribe(subscriptions: Subscriptions) -> None:
    """Have presses brought to the sink; due once at the start of a server that has buttons."""
    settings = SubscriptionSettings(types=[PRESS], environments=list(_EVERYWHERE), deliver=[NAME])
    wanted = Filter(types=(PRESS,), environments=_EVERYWHERE, exclude_self=False)
    await subscriptions.put(OWNER, NAME, wanted, settings)
