"""Access tokens of an issuer: signed ones are checked here, opaque ones are asked about (RFC 7662)."""

from __future__ import annotations

import base64
import binascii
import hashlib
from collections import OrderedDict
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import quote_plus

import orjson
from joserfc import jwt
from joserfc.errors import JoseError, UnsupportedAlgorithmError
from joserfc.jws import JWSRegistry

from wirepost.core.errors import CallError, ConfigError
from wirepost.server.auth.claims import verified
from wirepost.server.auth.verified import CannotTell, Refused, Verified

if TYPE_CHECKING:
    from wirepost.core.clock import Clock
    from wirepost.secrets.resolve import Secrets
    from wirepost.server.auth.issuer import Issuer, Metadata
    from wirepost.settings import AuthSettings

ALGORITHMS = frozenset({"RS256", "ES256", "EdDSA", "Ed25519"})
"""How a token may be signed; never taken from the token."""
AT_JWT = frozenset({"at+jwt", "application/at+jwt"})
PLAIN = frozenset({"jwt", "application/jwt", ""})
KNOWN_S, UNKNOWN_S = 60.0, 5.0
"""How long an answer about an opaque token is kept: that it is good, at most; that it is not."""
_PARTS = 3
_KEPT = 10_000
_LONGEST_HEADER = 4096


class _Registry(JWSRegistry):
    """The algorithms above and no other; headers as long as issuers make them, with fields of their own."""

    max_header_length = _LONGEST_HEADER

    def __init__(self) -> None:
        super().__init__(algorithms=ALGORITHMS, strict_check_header=False)

    def get_alg(self, name: str) -> Any:
        """Without the warning that the older name of Ed25519 has become one of several."""
        if name not in ALGORITHMS:
            raise UnsupportedAlgorithmError(name)
        return self.algorithms[name]


_REGISTRY = _Registry()


class AccessTokens:
    """Checks the tokens of one issuer for one resource."""

    def __init__(
        self,
        issuer: Issuer,
        settings: AuthSettings,
        secrets: Secrets,
        *,
        resource: Callable[[], str],
        clock: Clock,
    ) -> None:
        self._issuer, self._settings, self._secrets = issuer, settings, secrets
        self._resource, self._clock = resource, clock
        self._looked_up: OrderedDict[bytes, tuple[float, Verified | str]] = OrderedDict()

    async def verify(self, token: str, address: str) -> Verified:
        """What the token proves; see `Verifier`. By its shape: issuers refuse to look up what they signed."""
        del address
        header = _header_in(token)
        return await (self._look_up(token) if header is None else self._check(token, header))

    async def _check(self, token: str, header: Mapping[str, Any]) -> Verified:
        if header.get("alg") not in ALGORITHMS:
            raise Refused("The access token is signed in a way that is not accepted")
        kind, is_strict = str(header.get("typ", "")).lower(), self._settings.token_type == "at+jwt"  # noqa: S105 - no secret
        if kind not in AT_JWT and (is_strict or kind not in PLAIN):
            raise Refused("The token is not an access token")
        kid = header.get("kid")
        key = await self._issuer.key(kid if kid is None else str(kid))
        if key is None:
            raise Refused("The access token is signed with a key that its issuer does not publish")
        try:
            claims = jwt.decode(token, key, registry=_REGISTRY).claims
        except (JoseError, ValueError):
            raise Refused("The signature of the access token is not valid") from None
        return self._verified(claims)

    def _verified(self, claims: Mapping[str, Any]) -> Verified:
        return verified(claims, self._issuer.name, self._resource(), self._clock.now().timestamp())

    async def _look_up(self, token: str) -> Verified:
        key = hashlib.sha256(token.encode()).digest()
        until, answer = self._looked_up.get(key, (0.0, None))
        if answer is None or until <= self._clock.monotonic():
            until, answer = self._looked_up[key] = await self._answer_about(token)
            if len(self._looked_up) > _KEPT:
                self._looked_up.popitem(last=False)
        if isinstance(answer, Verified):
            return answer
        raise Refused(answer)

    async def _answer_about(self, token: str) -> tuple[float, Verified | str]:
        """What an opaque token proves, or why nothing; and how long that holds, on the monotonic clock."""
        claims, now = await self._ask(token), self._clock.monotonic()
        if claims.get("active") is not True:
            return now + UNKNOWN_S, "The issuer says that the access token is not valid"
        try:
            found = self._verified({"iss": self._issuer.name, **claims})
        except Refused as refused:
            return now + UNKNOWN_S, str(refused)
        return now + min(KNOWN_S, float(claims["exp"]) - self._clock.now().timestamp()), found

    async def _ask(self, token: str) -> dict[str, Any]:
        """What the issuer says about an opaque token (RFC 7662, 2.2)."""
        metadata, client_id = await self._issuer.metadata(), self._settings.client_id
        endpoint, reference = metadata.introspection_endpoint, self._settings.client_secret
        if endpoint is None or client_id is None or reference is None:
            raise Refused("Only signed access tokens are accepted")
        try:
            secret = await self._secrets.resolve(reference)
        except ConfigError as error:
            raise CannotTell(error.message) from None
        who, authorization = _authentication(metadata, client_id, secret)
        form = {"token": token, "token_type_hint": "access_token", **who}
        try:
            said = (await self._issuer.post(endpoint, form, authorization)).json()
        except CallError as error:
            if error.code == "auth_expired":
                self._secrets.forget(reference, secret)  # it may have been replaced where it is kept
            raise CannotTell(f"The issuer did not say whether the token is valid: {error.message}") from None
        if not isinstance(said, dict):
            raise CannotTell("The issuer did not say whether the token is valid")
        return said


def _authentication(metadata: Metadata, client_id: str, secret: str) -> tuple[dict[str, str], str]:
    """Fields or header by which this server shows who it is (RFC 6749, 2.3.1)."""
    methods = metadata.introspection_methods
    if methods and "client_secret_basic" not in methods:
        return {"client_id": client_id, "client_secret": secret}, ""
    pair = f"{quote_plus(client_id)}:{quote_plus(secret)}"
    return {}, f"Basic {base64.b64encode(pair.encode()).decode()}"


def _header_in(token: str) -> dict[str, Any] | None:
    """The header of a signed token; `None` for an opaque one."""
    parts = token.split(".")
    if len(parts) != _PARTS:
        return None
    try:
        header = orjson.loads(base64.urlsafe_b64decode(parts[0] + "=" * (-len(parts[0]) % 4)))
    except (binascii.Error, ValueError):
        return None
    return header if isinstance(header, dict) and "alg" in header else None
