"""Options of a webhook: where a provider's requests come in, and what makes them genuine."""

from __future__ import annotations

import ipaddress
import re
from datetime import datetime
from typing import Annotated, Literal

from pydantic import Field, StringConstraints, field_validator, model_validator

from wirepost.core.secret_refs import SecretRef
from wirepost.settings.section import Number, Positive, Section, Whole

MAX_BODY = 1024 * 1024
LARGEST_BODY = 32 * 1024 * 1024
LONGEST_LEEWAY_S = 60.0

_PLACE = re.compile(r"body|timestamp|method|url|header:[A-Za-z0-9-]{1,64}", re.ASCII)
Header = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9-]{1,64}$")]
Hide = Literal["keep", "drop", "mask", "hash"]
"""What happens to personal data before an event is stored."""


class SigningSecret(Section):
    """A secret that signatures are made with, and when it holds."""

    secret: SecretRef = Field(
        description="Where it is kept: env:NAME or file:/absolute/path",
        examples=["env:STRIPE_WEBHOOK_SECRET"],
    )
    label: Annotated[str, StringConstraints(pattern=r"^[\w.-]+$", max_length=40)] | None = Field(
        default=None, description="Name under which it is told which secret fitted", examples=["2026-11"]
    )
    not_before: datetime | None = Field(default=None, description="It holds from then on")
    not_after: datetime | None = Field(default=None, description="It holds until then")

    @field_validator("not_before", "not_after")
    @classmethod
    def _check_offset(cls, value: datetime | None) -> datetime | None:
        if value is not None and value.tzinfo is None:
            raise ValueError("needs an offset, such as 2026-11-25T09:00:00Z")
        return value


class HmacSettings(Section):
    """A signature by a shared secret, as the sender makes it; for senders of no other format."""

    header: Header = Field(description="Where the signature stands", examples=["X-Signature"])
    algorithm: Literal["sha256", "sha384", "sha512", "sha1"] = Field(
        default="sha256", description="Hash; sha1 only where the sender has nothing better"
    )
    encoding: Literal["hex", "base64"] = Field(default="hex", description="How the digest is written")
    prefix: str = Field(default="", max_length=40, description="What stands before it", examples=["sha256="])
    format: Literal["plain", "t=,v1="] = Field(
        default="plain",
        description="plain: the header is the signature; t=,v1=: it has a time and signatures",
    )
    signed: str = Field(
        default="{body}",
        max_length=200,
        description="What is signed: {body}, {timestamp}, {method}, {url}, {header:Name}",
        examples=["{timestamp}.{body}"],
    )
    timestamp_header: Header | None = Field(
        default=None, description="Where the time stands", examples=["X-Timestamp"]
    )
    timestamp_unit: Literal["s", "ms", "iso"] = Field(default="s", description="How it is written")

    @model_validator(mode="after")
    def _check_signed(self) -> HmacSettings:
        places = set(re.findall(r"\{([^{}]*)\}", self.signed))
        unknown = [each for each in places if not _PLACE.fullmatch(each)]
        if unknown:
            raise ValueError(f"signed has {{{min(unknown)}}}, which is nothing that can be signed")
        if "body" not in places:
            raise ValueError("signed must contain {body}, or anyone could change it")
        timed = {"timestamp", f"header:{self.timestamp_header}".lower()}
        has_time = self.format != "plain" or self.timestamp_header is not None
        if has_time != bool({place.lower() for place in places} & timed):
            raise ValueError("signed must contain {timestamp} exactly where the request has one")
        if self.format != "plain" and self.timestamp_header is not None:
            raise ValueError("has timestamp_header, but the format t=,v1= has the time in the signature")
        return self


class JwtSettings(Section):
    """A signed JSON token that comes with each request."""

    header: Header = Field(default="Authorization", description="Where the token stands")
    algorithms: list[Literal["HS256", "HS384", "HS512", "RS256", "PS256", "ES256", "EdDSA"]] = Field(
        description="Accepted signatures, of shared secrets or of keys, not of both",
        examples=[["RS256"]],
        min_length=1,
    )
    jwks_url: str | None = Field(
        default=None,
        description="Where the keys are published; without it, secrets has the secret or the public key",
        examples=["https://login.example.com/jwks.json"],
    )
    issuer: str | None = Field(default=None, description="Who must have issued it (iss)")
    audience: str | None = Field(default=None, description="For whom it must be (aud)")
    leeway_s: Annotated[Number, Field(ge=0, le=LONGEST_LEEWAY_S)] = Field(
        default=0, description="Seconds the clocks may differ"
    )
    body_hash_claim: str | None = Field(
        default=None, description="Claim with the SHA-256 of the body in hex", examples=["sha256"]
    )

    @model_validator(mode="after")
    def _check_kinds(self) -> JwtSettings:
        kinds = {name.startswith("HS") for name in self.algorithms}
        if len(kinds) > 1:
            raise ValueError("has algorithms of shared secrets and of keys; an endpoint takes one kind")
        if self.jwks_url and True in kinds:
            raise ValueError("has jwks_url, which publishes keys, but its algorithms take a shared secret")
        return self


class RedactSettings(Section):
    """Personal data in events: kept, left out, shown in part, or replaced by a lasting hash."""

    email: Hide = Field(default="keep", description="E-mail addresses")
    phone: Hide = Field(default="keep", description="Telephone numbers")
    address: Hide = Field(default="keep", description="Postal addresses")


class WebhookSettings(Section):
    """One endpoint: `default` is at /webhooks/<connection>, any other at /webhooks/<connection>/<name>."""

    sender: str | None = Field(
        default=None,
        description="Whose requests come, where that is not the connection's provider: hmac, bearer, basic, "
        "jwt, standard_webhooks, zoom, and others that `wirepost webhooks senders` lists",
        examples=["zoom"],
    )
    verify: bool = Field(
        default=True, description="false: believe whoever knows the address; events say verified: none"
    )
    secrets: list[SecretRef | SigningSecret] = Field(
        default=[],
        description="What signatures or tokens are checked with, newest first; empty: what "
        "`wirepost webhooks setup` has stored",
        examples=[["env:STRIPE_WEBHOOK_SECRET"]],
    )
    tolerance_s: Positive | None = Field(
        default=None, description="Seconds a signed time may differ from now; empty: the sender's own"
    )
    url: str | None = Field(
        default=None,
        description="Address as the sender knows it, where that is not server.url with the path",
        examples=["https://hooks.example.com/webhooks/hubspot"],
    )
    paused: Literal["discard", "hold"] | None = Field(
        default=None,
        description="discard: answer 202 and store nothing; hold: store, and tell nobody until it is removed",
    )
    max_bytes: Annotated[Whole, Field(ge=1024, le=LARGEST_BODY)] = Field(
        default=MAX_BODY, description="Largest body"
    )
    encodings: list[Literal["gzip", "deflate"]] = Field(
        default=[], description="Accepted values of Content-Encoding; empty: none"
    )
    signed_as: Literal["received", "decoded"] = Field(
        default="received", description="Whether the sender signs the body before or after it is compressed"
    )
    allow_from: list[str] = Field(
        default=[],
        description="Addresses or networks requests may come from; published: those the provider names",
        examples=[["published", "192.0.2.0/24"]],
    )
    accounts: list[str] = Field(
        default=[],
        description="Accounts at the provider whose events are taken: shop domains, organisation ids, topic "
        "ARNs; empty: all",
    )
    places: list[Annotated[str, StringConstraints(pattern=r"^[\w.-]+(/[\w.-]+)?$", max_length=200)]] = Field(
        default=[],
        description="Repositories and organisations whose webhook `wirepost webhooks setup` looks after, and "
        "whose failed deliveries are fetched (GitHub); ids of apps (HubSpot)",
        examples=[["acme/shop"]],
    )
    token: SecretRef | None = Field(
        default=None,
        description="A value the sender repeats: verify token (Meta), client state (Microsoft Graph), "
        "channel token (Google)",
    )
    token_header: Header | None = Field(
        default=None, description="Header with the token or key, where it is not Authorization (bearer)"
    )
    topics: list[str] = Field(default=[], description="Topics that were subscribed to (WebSub)")
    origins: list[str] = Field(
        default=[], description="Senders that may ask whether they may send (CloudEvents)"
    )
    origin_rate: Annotated[Whole, Field(ge=1)] | None = Field(
        default=None, description="Requests a minute they are allowed (CloudEvents)"
    )
    expects_secret: bool = Field(
        default=False, description="Take the next secret that is offered in a handshake (Asana)"
    )
    client_certificate: Header | None = Field(
        default=None,
        description="Header in which a trusted proxy names the client certificate's fingerprint (SHA-256)",
    )
    fingerprints: list[str] = Field(default=[], description="Accepted fingerprints of client certificates")
    per_address_s: Positive = Field(
        default=100, description="Requests a second from one address, before anything is checked"
    )
    per_endpoint_s: Positive = Field(default=2000, description="Genuine requests a second of the endpoint")
    weak_window_s: Positive = Field(
        default=300, description="Seconds in which equal bodies without an id of the event are one event"
    )
    own_ids: list[str] = Field(
        default=[],
        description="Ids of our own app, bot or user at the provider; what they cause is no news to agents",
    )
    redact: RedactSettings = Field(default_factory=RedactSettings, description="Personal data in its events")
    id_header: Header | None = Field(
        default=None,
        description="Header with the id of an event, for senders hmac, bearer, basic and jwt",
    )
    id_pointer: Annotated[str, StringConstraints(pattern=r"^/.*$", max_length=201)] | None = Field(
        default=None,
        description="Where the id stands in a JSON body (RFC 6901), for the same senders",
        examples=["/id"],
    )
    hmac: HmacSettings | None = Field(default=None, description="The signature, for sender hmac")
    jwt: JwtSettings | None = Field(default=None, description="The token, for sender jwt")

    @field_validator("allow_from")
    @classmethod
    def _check_networks(cls, networks: list[str]) -> list[str]:
        for each in networks:
            if each != "published":
                try:
                    ipaddress.ip_network(each)
                except ValueError:
                    raise ValueError(f"{each!r} is no address or network, such as 192.0.2.0/24") from None
        return networks
