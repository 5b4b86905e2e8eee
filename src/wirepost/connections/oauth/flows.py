"""`Flows`: a person is sent to consent, comes back once, and only as the browser that was sent."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

import orjson

from wirepost.connections.oauth.callback import (
    check_answer,
    check_browser,
    check_identity,
    check_sender,
    check_vendor,
    claims_of,
    hashed,
    refused,
)
from wirepost.connections.oauth.party import Asked, Party, Question, authorization_url
from wirepost.connections.oauth.reply import TokenRefused

if TYPE_CHECKING:
    from wirepost.connections.oauth.callback import Callback
    from wirepost.connections.oauth.reply import Granted
    from wirepost.core.clock import Clock
    from wirepost.core.errors import NotConnected
    from wirepost.secrets.vault import Vault
    from wirepost.store.database import Database, Tx

LIFETIME_S = 600.0
"""From leaving for the provider to coming back."""
_SECRET_BYTES = 32


@dataclass(frozen=True)
class Consent:
    """What a person agreed to, not stored yet."""

    connection: str
    owner: str
    asked: Asked
    granted: Mapping[str, Granted]
    identity: Mapping[str, Any] = field(default_factory=dict)
    """Claims of the id token, where OpenID Connect was asked for."""


@dataclass(frozen=True)
class _Flow:
    connection: str
    owner: str
    question: Question
    cookie_hash: str | None


class Flows:
    """Authorization code flows under way (RFC 6749 §4.1, RFC 7636, RFC 9207)."""

    def __init__(self, database: Database, vault: Vault, clock: Clock) -> None:
        self._database, self._vault, self._clock = database, vault, clock

    async def begin(
        self, party: Party, owner: str, asked: Asked, redirect_uri: str, cookie: str | None = None
    ) -> str:
        """The address to send a browser to.

        `cookie` is what the browser keeps and must bring back; `None` where a person at this machine began
        it, who brings the answer here in person. Raises `ConfigError` for a redirect address that is neither
        https nor on this machine.
        """
        state, question = secrets.token_urlsafe(_SECRET_BYTES), Question.to(party, asked, redirect_uri)
        address = authorization_url(party, question, state)
        sealed = self._vault.seal(orjson.dumps(asdict(question)).decode(), bound_to=("flows", hashed(state)))
        now = self._clock.now().timestamp()

        async def work(tx: Tx) -> None:
            await tx.execute("DELETE FROM flows WHERE created_at <= ?", now - LIFETIME_S)
            await tx.execute(
                "INSERT INTO flows (state_hash, connection, owner, details, cookie_hash, created_at) "
                "VALUES (?, ?, ?, ?, ?, ?)",
                hashed(state),
                party.connection,
                owner,
                sealed,
                None if cookie is None else hashed(cookie),
                now,
            )

        await self._database.write(work)
        return address

    async def finish(
        self, callback: Callback, party_of: Callable[[str], Party], cookie: str | None = None
    ) -> Consent:
        """What a person agreed to; raises `NotConnected` saying why nothing came of it.

        The checks are in the order in which they protect one another; whatever fails, the flow is over.
        """
        given = callback.parameters
        flow = await self._take(given.get("state", ""))
        check_browser(flow.cookie_hash, cookie)
        party, question = party_of(flow.connection), flow.question
        check_sender(party, question, callback)
        check_answer(given, party.title)
        await check_vendor(party, given)
        granted = await _exchange(party, question, given["code"])
        return Consent(
            connection=flow.connection,
            owner=flow.owner,
            asked=Asked(tuple(question.scopes), tuple(question.user_scopes)),
            granted=granted,
            identity=self._identity(question, granted),
        )

    async def is_from_elsewhere(self, callback: Callback) -> bool:
        """Whether a person at the machine's command line waits for this very answer."""
        rows = await self._database.read(
            "SELECT 1 FROM flows WHERE state_hash = ? AND cookie_hash IS NULL AND created_at > ? LIMIT 1",
            hashed(callback.parameters.get("state", "")),
            self._clock.now().timestamp() - LIFETIME_S,
        )
        return bool(rows)

    async def _take(self, state: str) -> _Flow:
        """The flow of a state, which is gone now; an invented, used and expired one look the same."""
        state_hash = hashed(state)
        rows = await self._database.write(
            lambda tx: tx.execute(
                "DELETE FROM flows WHERE state_hash = ? "
                "RETURNING connection, owner, details, cookie_hash, created_at",
                state_hash,
            )
        )
        if not rows or float(rows[0][4]) <= self._clock.now().timestamp() - LIFETIME_S:
            raise refused("unknown", "This consent is not under way: it was finished, or took too long")
        connection, owner, sealed, cookie_hash, _ = rows[0]
        question = Question(**orjson.loads(self._vault.open(str(sealed), bound_to=("flows", state_hash))))
        return _Flow(str(connection), str(owner), question, cookie_hash)

    def _identity(self, question: Question, granted: Mapping[str, Granted]) -> Mapping[str, Any]:
        if question.nonce is None:
            return {}
        claims = claims_of(next(iter(granted.values())).reply.get("id_token"))
        check_identity(question, claims, self._clock.now().timestamp())
        return claims


async def _exchange(party: Party, question: Question, code: str) -> Mapping[str, Granted]:
    try:
        return await party.endpoint.exchange_code(code, question.redirect_uri, question.verifier)
    except TokenRefused as said:
        raise refusal(party, said) from said


def refusal(party: Party, said: TokenRefused) -> NotConnected:
    """What a refusal of the token endpoint during a consent means to the person who waits."""
    config = "An operator must correct client_id, client_secret or the redirect address"
    hints = {
        "config": f"{config}. {party.method.help}",
        "retry": "Open a new link in a minute",
    }
    return refused(
        "exchange",
        f"{party.title} gave no token: {said.words}",
        hints.get(said.kind, "Open a new link and consent again"),
        provider_code=said.code,
    )
