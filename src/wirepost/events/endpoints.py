"""`Endpoints`: where requests come in, and what each of these places asks of them."""

from __future__ import annotations

import hmac
import logging
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import TYPE_CHECKING

import orjson

from wirepost.core.errors import ConfigError
from wirepost.settings.webhooks import SigningSecret, WebhookSettings
from wirepost.webhooks.webhook import Secret, Sender, Terms, Webhook

if TYPE_CHECKING:
    from wirepost.core.clock import Clock
    from wirepost.secrets.resolve import Secrets
    from wirepost.secrets.vault import Vault
    from wirepost.settings import Settings
    from wirepost.store.database import Database, Tx

DEFAULT = "default"
SANDBOX = "sandbox"
"""The environment of imitations, and the label of secrets that were stored there."""
KEPT_S = 10.0
"""Seconds for which secrets are used without asking whether there are others."""
AGAIN_S = 30.0
"""At most so often what did not fit is checked with secrets that are looked up anew."""
RANDOM_LENGTH = 22
"""Characters of an endpoint's name that nobody guesses: 110 bits, where its letters are random."""
MAX_STORED = 5
"""Secrets that are stored for one endpoint; older ones go."""

log = logging.getLogger(__name__)

Fetch = Callable[[str], Awaitable[bytes]]
FindSender = Callable[[str, str | None], Sender]
"""Provider, and sender where another one is named → who sends; raises `ConfigError`."""

_STORED = "SELECT secrets FROM endpoints WHERE source = ? AND endpoint = ? AND secrets IS NOT NULL LIMIT 1"
_STORE = (
    "INSERT INTO endpoints (source, endpoint, secrets, details, changed_at) VALUES (?, ?, ?, '{}', ?) "
    "ON CONFLICT (source, endpoint) "
    "DO UPDATE SET secrets = excluded.secrets, changed_at = excluded.changed_at"
)


class StoredSecrets:
    """Secrets that came with an endpoint's setup or a handshake, sealed; newest first."""

    def __init__(self, database: Database, vault: Vault, clock: Clock) -> None:
        self._database, self._vault, self._clock = database, vault, clock

    async def of(self, source: str, endpoint: str) -> list[Secret]:
        """What is stored; raises `Unavailable`, `KeyUnavailable`, `Tampered`."""
        rows = await self._database.read(_STORED, source, endpoint)
        return self._opened(str(rows[0][0]), source, endpoint) if rows else []

    async def add(self, source: str, endpoint: str, secret: Secret) -> None:
        """Keep one more, before all others; does nothing where it is there already."""

        async def work(tx: Tx) -> None:
            rows = await tx.execute(_STORED, source, endpoint)
            known = self._opened(str(rows[0][0]), source, endpoint) if rows else []
            if any(each.value == secret.value for each in known):
                return
            await self._put(tx, source, endpoint, [secret, *known][:MAX_STORED])

        await self._database.write(work)

    async def replace(self, source: str, endpoint: str, secret: Secret) -> None:
        """Keep this one alone, whatever was there."""
        await self._database.write(lambda tx: self._put(tx, source, endpoint, [secret]))

    async def keep_newest(self, source: str, endpoint: str) -> int:
        """Believe only the newest of them; returns how many go."""

        async def work(tx: Tx) -> int:
            rows = await tx.execute(_STORED, source, endpoint)
            known = self._opened(str(rows[0][0]), source, endpoint) if rows else []
            if len(known) > 1:
                await self._put(tx, source, endpoint, known[:1])
            return max(len(known) - 1, 0)

        return await self._database.write(work)

    async def _put(self, tx: Tx, source: str, endpoint: str, secrets: Sequence[Secret]) -> None:
        text = orjson.dumps([[each.value, each.label] for each in secrets]).decode()
        sealed = self._vault.seal(text, bound_to=_place(source, endpoint))
        await tx.execute(_STORE, source, endpoint, sealed, self._clock.now().timestamp())

    def _opened(self, sealed: str, source: str, endpoint: str) -> list[Secret]:
        pairs = orjson.loads(self._vault.open(sealed, bound_to=_place(source, endpoint)))
        return [Secret(value, label) for value, label in pairs]


def _place(source: str, endpoint: str) -> tuple[str, ...]:
    return ("endpoints", source, endpoint, "secrets")


@dataclass(eq=False)
class Endpoint:
    """One place where requests of one sender come in."""

    source: str
    """The connection."""
    name: str
    environment: str
    sender: Sender
    settings: WebhookSettings
    url: str
    """As the sender knows it; empty where only the request tells."""
    resolver: Secrets
    stored: StoredSecrets
    clock: Clock
    fetch: Fetch | None = None
    _terms: Terms | None = field(default=None, init=False, repr=False)
    _until: float = field(default=0.0, init=False)
    _next_look: float = field(default=0.0, init=False)

    @property
    def is_open(self) -> bool:
        """Whether nothing in a request proves it, so that its address must be known to nobody else."""
        return not (self.settings.verify and self.sender.is_signed)

    @cached_property
    def webhook(self) -> Webhook:
        """What is sent here; loaded when the first request comes, or somebody asks."""
        return self.sender.load()

    async def terms(self) -> Terms:
        """What it asks of requests now; raises `ConfigError` and `CallError` when secrets cannot be had."""
        if self._terms is None or self.clock.monotonic() >= self._until:
            self._terms, holds_s = await self._read_terms()
            self._until = self.clock.monotonic() + holds_s
        return self._terms

    async def renewed_terms(self) -> Terms | None:
        """The terms with secrets that are looked up anew, `None` where nothing is new or it is too early.

        Whoever has just been told a new secret need not wait until it is looked up by itself.
        """
        now = self.clock.monotonic()
        if now < self._next_look:
            return None
        self._next_look = now + AGAIN_S
        before = await self.terms()
        known = {each.value for each in before.secrets}
        for reference, value in await self._configured():
            if value in known:
                self.resolver.forget(reference.secret, value)
        self.forget()
        after = await self.terms()
        return after if {each.value for each in after.secrets} - known else None

    def forget(self) -> None:
        """Read everything anew at the next request."""
        self._terms = None

    async def _read_terms(self) -> tuple[Terms, float]:
        """The terms, and for how many seconds they hold."""
        now, given = self.clock.now(), self.settings
        configured = await self._configured()
        edges = [at for each, _ in configured for at in (each.not_before, each.not_after) if at and at > now]
        secrets = [
            Secret(value, each.label or f"{number}")
            for number, (each, value) in enumerate(configured, 1)
            if _is_active(each, now)
        ]
        terms = Terms(
            secrets=[*secrets, *filter(self._may_be_used, await self.stored.of(self.source, self.name))],
            settings=given,
            tolerance_s=given.tolerance_s or self.webhook.tolerance_s,
            token=None if given.token is None else await self.resolver.resolve(given.token),
            fetch=self.fetch,
        )
        return terms, min([KEPT_S, *((at - now).total_seconds() for at in edges)])

    def label(self, now: datetime) -> str:
        """Under which a secret is stored that holds from now on."""
        return SANDBOX if self.environment == SANDBOX else f"{now:%Y-%m-%d}"

    def _may_be_used(self, secret: Secret) -> bool:
        """What a sandbox signs with proves nothing once the connection leads to a real account."""
        return secret.label != SANDBOX or self.environment == SANDBOX

    async def _configured(self) -> Sequence[tuple[SigningSecret, str]]:
        """The secrets of the configuration that can be had; raises `ConfigError` where none of them can."""
        found: list[tuple[SigningSecret, str]] = []
        missing: ConfigError | None = None
        for given in self.settings.secrets:
            each = given if isinstance(given, SigningSecret) else SigningSecret(secret=given)
            try:
                # A public key in PEM form has several lines; none of these is ever sent.
                found.append((each, await self.resolver.resolve(each.secret, may_have_lines=True)))
            except ConfigError as error:
                missing = error
                log.warning("webhook %s/%s does without a secret: %s", self.source, self.name, error)
        if missing and not found:
            raise missing
        return found


def _is_active(secret: SigningSecret, now: datetime) -> bool:
    has_begun = secret.not_before is None or secret.not_before <= now
    return has_begun and (secret.not_after is None or now < secret.not_after)


class Endpoints:
    """All places where requests come in."""

    def __init__(self, endpoints: Iterable[Endpoint]) -> None:
        self._signed: dict[tuple[str, str], Endpoint] = {}
        self._open: dict[str, list[Endpoint]] = {}
        for each in endpoints:
            if each.is_open:
                self._open.setdefault(each.source, []).append(each)
            else:
                self._signed[each.source, each.name] = each

    def find(self, connection: str, endpoint: str = DEFAULT) -> Endpoint | None:
        """The endpoint of this address, if there is one."""
        found = self._signed.get((connection, endpoint))
        if found is None:
            for each in self._open.get(connection, ()):
                # Its name is all that protects it, so nobody may learn from the time how much of it is right.
                if hmac.compare_digest(each.name.encode(), endpoint.encode("utf-8", "replace")):
                    found = each
        return found

    def all(self) -> list[Endpoint]:
        """Every endpoint."""
        return [*self._signed.values(), *(each for some in self._open.values() for each in some)]


def endpoints_of(
    settings: Settings,
    *,
    find_sender: FindSender,
    address: str | None,
    resolver: Secrets,
    stored: StoredSecrets,
    clock: Clock,
    fetch: Fetch | None = None,
) -> Endpoints:
    """The endpoints of a configuration; raises `ConfigError` for one that cannot be.

    `address` is that of the server as others know it, where it is known.
    """
    return Endpoints(
        _checked(
            Endpoint(
                source=connection,
                name=name,
                environment=each.environment,
                sender=find_sender(each.provider, webhook.sender),
                settings=webhook,
                url=webhook.url or (f"{address}{path_of(connection, name)}" if address else ""),
                resolver=resolver,
                stored=stored,
                clock=clock,
                fetch=fetch,
            )
        )
        for connection, each in settings.connections.items()
        for name, webhook in each.webhooks.items()
    )


def path_of(connection: str, endpoint: str = DEFAULT) -> str:
    """The path at which requests of an endpoint come in."""
    return f"/webhooks/{connection}" if endpoint == DEFAULT else f"/webhooks/{connection}/{endpoint}"


def _checked(endpoint: Endpoint) -> Endpoint:
    key = f"connections.{endpoint.source}.webhooks.{endpoint.name}"
    if endpoint.is_open and len(endpoint.name) < RANDOM_LENGTH:
        raise ConfigError(
            f"nothing proves requests of {endpoint.webhook.title} here, so its name must be one that nobody "
            f"guesses: at least {RANDOM_LENGTH} random letters and digits",
            key=key,
            hint="openssl rand -hex 16",
        )
    has_other_sender = endpoint.settings.sender is not None  # no provider signs for everybody
    is_proven_by_account = has_other_sender and not endpoint.is_open and endpoint.webhook.needs_accounts
    if is_proven_by_account and not endpoint.settings.accounts:
        raise ConfigError(
            f"{endpoint.webhook.title} signs for whoever has an account there, so yours has to be named",
            key=f"{key}.accounts",
            hint="list the ARN of each topic whose messages are to be believed",
        )
    if "published" in endpoint.settings.allow_from and endpoint.webhook.addresses is None:
        raise ConfigError(
            f"{endpoint.webhook.title} publishes no addresses that its requests come from",
            key=f"{key}.allow_from",
            hint="name networks, or leave it out and rely on signatures",
        )
    return endpoint
