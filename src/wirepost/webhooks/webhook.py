"""`Webhook`: how a sender shows that it is genuine, and what its requests say, as data and functions."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, Protocol

from wirepost.core.signing import digest
from wirepost.settings.webhooks import WebhookSettings
from wirepost.webhooks.incoming import Incoming, Reply
from wirepost.webhooks.verdict import Verified

if TYPE_CHECKING:
    from wirepost.webhooks.manage import Management

TOLERANCE_S = 300.0
POST = frozenset({"POST"})
ACCEPTED = Reply()
MAX_KEY = 500
"""Characters of what tells an event from others."""


@dataclass(frozen=True)
class Secret:
    """One secret of an endpoint that is active now."""

    value: str = field(repr=False)
    label: str


@dataclass(frozen=True, eq=False)
class Terms:
    """What one endpoint asks of its requests."""

    secrets: Sequence[Secret]
    """Those that are active now, newest first."""
    settings: WebhookSettings
    tolerance_s: float = TOLERANCE_S
    token: str | None = field(default=None, repr=False)
    """What the sender repeats (`settings.token`, resolved)."""
    fetch: Callable[[str], Awaitable[bytes]] | None = None
    """Gets what a sender publishes: certificates, keys; the caller checks the address first."""


class Scheme(Protocol):
    """One way to show that a request is genuine."""

    @property
    def name(self) -> str:
        """Such as `stripe-v1`; stored with each event."""
        ...

    async def verify(self, request: Incoming, terms: Terms) -> Verified:
        """What makes it genuine; raises `Rejected`, and nothing else, for whatever the request holds."""
        ...


@dataclass(frozen=True)
class Actor:
    """Who caused an event."""

    kind: Literal["human", "automation", "self", "unknown"] = "unknown"
    id: str | None = None


@dataclass(slots=True)
class Item:
    """One event in our words, as the sender's module reads it."""

    type: str
    """Ours, such as `payment.refunded`; `<provider>.<its type>` where we have no word for it."""
    provider_type: str
    """Untouched, such as `charge.refunded`."""
    summary: str
    """One line from a template over typed fields; never text of the sender."""
    data: dict[str, Any] = field(default_factory=dict)
    """The fields an agent may need, chosen by name; ids as texts, amounts as the tools give them."""
    subject: str | None = None
    """Entity: kind, slash, id, such as `charge/ch_1`."""
    key: str | None = None
    """The provider's id of the event within its account; `None`: the body is its id, which is weak."""
    event_id: str | None = None
    """The same untouched, where the provider has one."""
    time: float | None = None
    """When it happened, in seconds since 1970; never invented."""
    account: str | None = None
    untrusted: tuple[str, ...] = ()
    """Paths in `data` that hold what outsiders wrote, such as `text` or `lines[].name`."""
    actor: Actor = Actor()
    marks: tuple[str, ...] = ()
    """What would show that our own call caused it: ids of objects, keys and intents found in it."""
    environment: Literal["production", "test"] | None = None
    """Where the request tells."""
    fetch: str | None = None
    """Path at the provider of what it is about, where the request only names it."""
    attempt: int = 1

    @property
    def dedupe_key(self) -> str | None:
        """Its key within the source, where accounts may have the same ids; short enough for an index."""
        if self.key is None:
            return None
        found = f"{self.account or ''}:{self.key}"
        return found if len(found) <= MAX_KEY else digest(found)


@dataclass(frozen=True)
class Unreadable:
    """One part of a genuine request that could not be read; it becomes a dead letter, the others events."""

    reason: str
    index: int


@dataclass(frozen=True)
class Reading:
    """What a genuine request says."""

    items: Sequence[Item | Unreadable]
    visits: Sequence[str] = ()
    """Addresses to be asked for once, to complete a handshake; checked by the sender's module."""


class Unmapped(ValueError):
    """A genuine body that cannot be read at all; it becomes a dead letter."""


Greeting = Callable[[Incoming, Terms], Awaitable[Reply | None]]


@dataclass(frozen=True)
class Webhook:
    """One sender."""

    name: str
    title: str
    scheme: Scheme
    read: Callable[[Incoming, Verified, Terms], Reading]
    """A genuine request in our words; raises `Unmapped`. Pure, quick (under 100 µs for 2 KB)."""
    types: Mapping[str, str] = field(default_factory=dict)
    """Its type → ours; what is not here becomes `<name>.<type>`."""
    greet: Greeting | None = None
    """Answers handshakes that are not signed; `None` where the request is none. Runs before `scheme`."""
    reply: Greeting | None = None
    """Answers handshakes that are signed; runs after `scheme`, and nothing is stored."""
    accepted: Reply = ACCEPTED
    """The answer to what was stored, where the sender wants more than a status."""
    methods: frozenset[str] = POST
    tolerance_s: float = TOLERANCE_S
    needs_accounts: bool = False
    """True: the sender signs for whoever has an account there, so only named accounts prove anything."""
    addresses: str | None = None
    """Name of the published list of addresses (`webhooks/addresses/`)."""
    sample: Callable[[str, Mapping[str, Any]], tuple[Mapping[str, str], bytes]] | None = None
    """Type (ours or its own) and changed fields → headers and body as the sender would make them, unsigned.

    Raises `ValueError` naming the types it knows.
    """
    sign: Callable[[Mapping[str, str], bytes, str, str, float], Mapping[str, str]] | None = None
    """Headers, body, address, secret, time → the headers with a signature."""
    manage: Callable[[Any], Management] | None = None
    """Client → the webhooks that are set up at the provider."""
    steps: str = ""
    """What a person clicks at the provider, where there is no API; `{url}` is the address."""


@dataclass(frozen=True)
class Sender:
    """Who sends, as far as it must be known before a request comes; `load` has the rest."""

    load: Callable[[], Webhook]
    is_signed: bool = True
    """False: nothing in a request proves it, so the endpoint's name must be a random token."""
