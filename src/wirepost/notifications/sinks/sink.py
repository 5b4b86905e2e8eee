"""`Sink`: one way on which events leave, and how it says what became of one."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar, Literal

if TYPE_CHECKING:
    from wirepost.notifications.outgoing import Outgoing

LATER = frozenset({408, 425, 429})
"""Statuses, besides those of a failing server, after which the same request may be taken later."""
ENDED, TOO_LARGE = 410, 413


@dataclass(frozen=True)
class Sent:
    """It has arrived."""

    details: dict[str, Any] = field(default_factory=dict)
    """For the operator: a status, an id at the other side; no text of others."""


class SinkTrouble(Exception):
    """It has not arrived; `reason` is for the operator and holds no secret."""

    def __init__(self, reason: str, **details: Any) -> None:
        super().__init__(reason)
        self.reason, self.details = reason, details


class TryAgain(SinkTrouble):
    """It may arrive later, at the earliest after `after_s` seconds where the other side said so.

    `is_silent` says that nobody answered, so that other events would not arrive now either.
    """

    def __init__(
        self, reason: str, *, after_s: float | None = None, is_silent: bool = False, **details: Any
    ) -> None:
        super().__init__(reason, **details)
        self.after_s, self.is_silent = after_s, is_silent


class Gone(SinkTrouble):
    """Nobody is there any more: the subscription ends."""


class Refused(SinkTrouble):
    """This event will not be taken, others may be; `is_dropped` says that nobody needs to look at it."""

    def __init__(self, reason: str, *, is_dropped: bool = False, **details: Any) -> None:
        super().__init__(reason, **details)
        self.is_dropped = is_dropped


class Sink(ABC):
    """One configured way."""

    kind: ClassVar[str]
    starts_models: ClassVar[bool]
    """What is brought there may start a model, which may act: chains of events are broken before it."""
    surplus: ClassVar[Literal["counted", "later", "sent"]] = "later"
    """What becomes of events that come quicker than the subscription's `wake_rate`: told as one number, told
    one by one when there is room, or sent all the same."""
    attempts: ClassVar[int | None] = None
    """How often one event is tried, where that is not for the subscription to say."""

    def __init__(self, name: str, *, timeout_s: float, concurrency: int) -> None:
        self.name = name
        self.timeout_s = timeout_s
        """One attempt never takes longer."""
        self.concurrency = concurrency
        """Attempts at the same time."""

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.name})"

    @abstractmethod
    async def send(self, outgoing: Outgoing) -> Sent:
        """Bring one event there; raises `TryAgain`, `Gone` and `Refused`."""

    async def close(self) -> None:  # noqa: B027 - most have nothing to close
        """Close what is open."""

    def most_per_day(self) -> int | None:
        """Attempts in a day; `None` where nothing limits them."""
        return None


def verdict(status: int, retry_after_s: float | None) -> Sent:
    """What a status of HTTP means; raises what `Sink.send` does."""
    if 200 <= status < 300:  # noqa: PLR2004 - HTTP's class of success
        return Sent({"status": status})
    reason = f"answered {status}"
    if status == ENDED:
        raise Gone(reason, status=status)
    if status == TOO_LARGE:
        raise Refused(reason, is_dropped=True, status=status)
    if status in LATER or status >= 500:  # noqa: PLR2004 - HTTP's class of failing servers
        raise TryAgain(reason, after_s=retry_after_s, status=status)
    raise Refused(reason, status=status)
