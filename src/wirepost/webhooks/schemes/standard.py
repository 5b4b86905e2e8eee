"""Standard Webhooks, as Svix, OpenAI and many others send them: verified, and signed for others."""

from __future__ import annotations

from binascii import b2a_base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hmac import digest

from wirepost.core.ids import new_id
from wirepost.webhooks.incoming import Incoming
from wirepost.webhooks.schemes.checks import (
    check_window,
    find_secret,
    from_base64,
    is_among,
    key_bytes,
    latin,
    read_time,
)
from wirepost.webhooks.schemes.public_keys import is_signed_ed25519
from wirepost.webhooks.verdict import Rejected, Verified
from wirepost.webhooks.webhook import Terms

_SECRET, _PUBLIC = "whsec_", "whpk_"


@dataclass(frozen=True)
class StandardWebhooks:
    """Id, time and body are signed: `v1` with a shared secret, `v1a` with a key pair (Ed25519)."""

    name: str
    has_raw_secrets: bool = False
    """A secret without `whsec_` is text (OpenAI), not base64."""

    async def verify(self, request: Incoming, terms: Terms) -> Verified:
        """What makes it genuine; raises `Rejected`."""
        family = _family(request)
        message = signed_id(request)
        time = request.required(f"{family}-timestamp")
        offered = _read_signatures(request.required(f"{family}-signature"))
        at = read_time(time, "s")
        held = {_version(each.value) for each in terms.secrets if each.value}
        if held and not any(offered[version] for version in held):
            raise Rejected("no_supported_scheme")
        parts = (latin(message), time.encode(), request.body)

        def fits(secret: str) -> bool:
            content = b".".join(parts)
            if secret.startswith(_PUBLIC):
                key = from_base64(secret.removeprefix(_PUBLIC))
                return is_signed_ed25519(key or b"", content, offered["v1a"])
            expected = self._digest(secret, content)
            return expected is not None and is_among(expected, offered["v1"])

        secret = await find_secret(terms, fits, len(request.body))
        check_window(at, request.now, terms.tolerance_s)
        scheme = f"{self.name}-{_version(secret.value)}"
        return Verified("signature", scheme, secret.label, at, is_id_signed=True)

    def sign(
        self,
        headers: Mapping[str, str],
        body: bytes,
        url: str,
        secret: str,
        at: float,
    ) -> Mapping[str, str]:
        """The headers with a signature; without a `webhook-id` among them they get one."""
        del url  # it is not signed
        given = {name.lower(): value for name, value in headers.items()}
        message = given.get("webhook-id") or new_id("msg")
        return {**headers, **self.headers([secret], message, at, body)}

    def headers(self, secrets: Sequence[str], message: str, at: float, body: bytes) -> dict[str, str]:
        """Those of a message with this id, signed with each secret; raises `ValueError` for an unfit one."""
        time = str(int(at))
        content = b".".join((message.encode(), time.encode(), body))
        digests = [self._digest(secret, content) for secret in secrets]
        if not digests or None in digests:
            raise ValueError("a secret must be whsec_ and base64")
        signatures = " ".join(f"v1,{each.decode()}" for each in digests if each)
        return {"webhook-id": message, "webhook-timestamp": time, "webhook-signature": signatures}

    def _digest(self, secret: str, content: bytes) -> bytes | None:
        """As it is written; `None` where the secret is no key."""
        if self.has_raw_secrets and not secret.startswith(_SECRET):
            key: bytes | None = key_bytes(secret)
        else:
            key = from_base64(secret.removeprefix(_SECRET))
        return b2a_base64(digest(key, content, "sha256"), newline=False) if key else None


def signed_id(request: Incoming) -> str:
    """The id of the message that its signature covers; raises `Rejected`.

    Where headers of both families came they must agree, or an id could be read that was not signed.
    """
    found = request.required(f"{_family(request)}-id")
    for name in ("webhook-id", "svix-id"):
        if (request.header(name) or found) != found:
            raise Rejected("malformed_header", name)
    return found


def sign_standard(secret: str | Sequence[str], message: str, at: float, body: bytes) -> dict[str, str]:
    """Headers of a message of ours, signed with one secret or, while it changes, with each of several.

    `message` is its id, `at` seconds since 1970. Raises `ValueError` for a secret that is no key.
    """
    return STANDARD.headers([secret] if isinstance(secret, str) else secret, message, at, body)


def _family(request: Incoming) -> str:
    is_svix = request.header("webhook-signature") is None and request.header("svix-signature") is not None
    return "svix" if is_svix else "webhook"


def _version(secret: str) -> str:
    return "v1a" if secret.startswith(_PUBLIC) else "v1"


def _read_signatures(value: str) -> dict[str, list[bytes]]:
    """Version → signatures; what is unknown or cannot be read is left out, as long as one entry can."""
    offered: dict[str, list[bytes]] = {"v1": [], "v1a": []}
    pairs = [entry.partition(",") for entry in value.split(" ")]
    if not any(comma for _, comma, _ in pairs):
        raise Rejected("malformed_header")
    for version, _, signature in pairs:
        if version in offered:
            offered[version].append(latin(signature))
    return offered


STANDARD = StandardWebhooks("standard")
SVIX = StandardWebhooks("svix")
OPENAI = StandardWebhooks("openai", has_raw_secrets=True)
