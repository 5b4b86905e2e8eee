"""Options of a connection: one account at a provider, its limits and its money rules."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Annotated, Literal, TypeVar
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, StringConstraints, field_validator, model_validator

from wirepost.core.secret_refs import SecretRef
from wirepost.settings.faults import FaultSettings
from wirepost.settings.http_jobs import HttpJobSettings
from wirepost.settings.policy import Environment
from wirepost.settings.section import Amount, CurrencyCode, Name, Positive, Section, Whole, check_amount
from wirepost.settings.webhooks import WebhookSettings

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

Limits = TypeVar("Limits", bound="DataclassInstance")

LOCAL_PROVIDER = "embedded"
"""The provider whose models run inside the server."""
_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})


def check_address(value: str) -> str:
    """The address without a slash at its end; `ValueError` for one to which no secret may be sent."""
    try:
        parts = urlsplit(value)
        host, _ = parts.hostname, parts.port
    except ValueError:
        raise ValueError("must be an address such as https://api.example.com") from None
    if parts.scheme not in {"http", "https"} or not host or parts.query or parts.fragment:
        raise ValueError("must be an address such as https://api.example.com")
    if parts.username or parts.password:
        raise ValueError("must not contain a user or password; the key belongs under key")
    if parts.scheme == "http" and host not in _LOOPBACK:
        raise ValueError("must use https, because secrets are sent there; http is only for this machine")
    return value.rstrip("/")


Address = Annotated[str, AfterValidator(check_address)]
"""Where secrets may be sent."""


class MoneyRules(Section):
    """What may be moved through this connection, whatever the policy says."""

    max_per_action: dict[CurrencyCode, Amount] = Field(
        default={},
        description="Largest amount of one action, by currency",
        examples=[{"eur": "250.00"}],
    )
    max_per_day: dict[CurrencyCode, Amount] = Field(
        default={},
        description="Largest sum of a day (UTC), by currency",
        examples=[{"eur": "2000.00"}],
    )
    currencies: list[CurrencyCode] = Field(default=[], description="Allowed currencies; empty: all")
    refund_window_days: Annotated[Whole, Field(ge=0)] | None = Field(
        default=None, description="Payments older than this cannot be refunded; empty: no limit"
    )

    @field_validator("max_per_action", "max_per_day")
    @classmethod
    def _check_amounts(cls, caps: dict[str, str]) -> dict[str, str]:
        for currency, amount in caps.items():
            check_amount(amount, currency)
        return caps


class LimitOverrides(Section):
    """Changes to the provider's published limits; empty means the provider's own."""

    requests_per_s: Positive | None = Field(default=None, description="Sustained requests a second")
    burst: Annotated[Whole, Field(ge=1)] | None = Field(
        default=None, description="Requests that may go at once"
    )
    concurrency: Annotated[Whole, Field(ge=1)] | None = Field(default=None, description="Requests in flight")

    def over(self, limits: Limits) -> Limits:
        """The given limits with what is set here in their place."""
        return dataclasses.replace(limits, **self.model_dump(exclude_none=True))


class OAuthSettings(Section):
    """What differs from the provider's own OAuth; for `provider: http` all that is needed."""

    authorize_url: Address | None = Field(
        default=None,
        description="Where a person consents",
        examples=["https://login.example.com/oauth/authorize"],
    )
    token_url: Address | None = Field(
        default=None, description="Token endpoint", examples=["https://login.example.com/oauth/token"]
    )
    device_url: Address | None = Field(default=None, description="Device authorization endpoint (RFC 8628)")
    revoke_url: Address | None = Field(default=None, description="Revocation endpoint (RFC 7009)")
    issuer: str | None = Field(
        default=None, description="Issuer of the authorization server, where it names itself (RFC 9207)"
    )
    client_auth: Literal["post", "basic", "none", "private_key_jwt"] | None = Field(
        default=None, description="How the client authenticates at the token endpoint"
    )
    pkce: bool | None = Field(default=None, description="Whether a code challenge is sent")
    scope_separator: Literal[" ", ",", "+"] | None = Field(default=None, description="Between two scopes")
    rotates: bool | None = Field(default=None, description="Whether a refresh token is good for one use")
    lifetime_s: Positive | None = Field(
        default=None, description="Seconds a token is good for where the answer does not tell"
    )
    audience: str | None = Field(
        default=None,
        description="Whom signed assertions are for; empty: the token endpoint",
        examples=["https://login.example.com"],
    )
    redirect_port: Annotated[Whole, Field(ge=1, le=65535)] | None = Field(
        default=None,
        description="Port of the redirect address on this machine, for providers that register it exactly",
    )


class TlsSettings(Section):
    """A certificate that shows who the client is (RFC 8705); a new one is taken when the file changes.

    TLS reads files itself, so that neither of the two is ever copied.
    """

    certificate: SecretRef = Field(
        description="The client's certificate, with those that link it to the authority (PEM): file:/path",
        examples=["file:/run/secrets/client.crt"],
    )
    private_key: SecretRef = Field(
        description="Its private key (PEM, without a password): file:/path",
        examples=["file:/run/secrets/client.key"],
    )

    @field_validator("certificate", "private_key")
    @classmethod
    def _check_file(cls, reference: SecretRef) -> SecretRef:
        if reference.kind != "file" or reference.field:
            raise ValueError("must be file:/absolute/path, because TLS reads the file itself")
        return reference


class SignatureSettings(Section):
    """What requests are signed with (AWS Signature Version 4)."""

    region: str = Field(description="Region of the service", examples=["eu-central-1"])
    service: str = Field(
        default="",
        description="Name of the service in signatures; only provider http needs it",
        examples=["execute-api"],
    )
    access_key_id: SecretRef = Field(
        description="Where the id of the access key is kept", examples=["env:AWS_ACCESS_KEY_ID"]
    )
    secret_access_key: SecretRef = Field(
        description="Where the access key is kept", examples=["env:AWS_SECRET_ACCESS_KEY"]
    )
    session_token: SecretRef | None = Field(
        default=None,
        description="Where the token of a temporary key is kept",
        examples=["env:AWS_SESSION_TOKEN"],
    )


class BucketSettings(Section):
    """A bucket of Amazon S3, or of Cloud Storage for Vertex AI, through which jobs read and write."""

    name: Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$")] = Field(
        description="Name of the bucket", examples=["acme-ai-jobs"]
    )
    prefix: Annotated[
        str, StringConstraints(pattern=r"^[A-Za-z0-9_.-]{1,100}(/[A-Za-z0-9_.-]{1,100}){0,9}$")
    ] = Field(default="wirepost", description="What the names of all objects begin with")
    role: Annotated[str, StringConstraints(pattern=r"^arn:aws(-[^:]+)?:iam::[0-9]{12}:role/.+$")] | None = (
        Field(
            default=None,
            description="ARN of the role with which Bedrock reads and writes the bucket",
            examples=["arn:aws:iam::123456789012:role/bedrock-batch"],
        )
    )


class VertexSettings(Section):
    """Where models of Vertex AI answer, and on whose account."""

    project: Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9.:-]{4,61}[a-z0-9]$")] = Field(
        description="Id of the project of Google Cloud", examples=["acme-ai"]
    )
    location: Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9-]{1,40}$")] = Field(
        default="global", description="Region that answers, or global", examples=["europe-west3"]
    )


class ConnectionSettings(Section):
    """One account at a provider, or one for each caller."""

    provider: str = Field(description="The vendor", examples=["stripe"])
    environment: Environment = Field(
        examples=["test"],
        description="production and test speak to the vendor, and a key of the other kind is refused; "
        "sandbox needs no account",
    )
    auth: str | None = Field(
        default=None,
        description="Way in, where the provider has several: key, exchange, oauth, installation, sigv4, tls; "
        "empty: its first",
        examples=["oauth"],
    )
    owner: Literal["shared", "caller"] = Field(
        default="shared",
        description="shared: one account for all callers; caller: each connects an own one, and who has none "
        "uses the shared one",
    )
    key: SecretRef | None = Field(
        default=None,
        description="Where the API key is kept: env:NAME or file:/absolute/path",
        examples=["env:STRIPE_API_KEY"],
    )
    user_key: SecretRef | None = Field(
        default=None,
        description="Where a second key is kept that acts as a user (Slack: for search)",
        examples=["env:SLACK_USER_TOKEN"],
    )
    client_id: str | None = Field(
        default=None, description="OAuth client (Salesforce: consumer key of the app)", examples=["3MVG9…"]
    )
    client_secret: SecretRef | None = Field(
        default=None,
        description="Where the OAuth client's secret is kept, for client credentials",
        examples=["env:SALESFORCE_CLIENT_SECRET"],
    )
    private_key: SecretRef | None = Field(
        default=None,
        description="Where the private key (PEM) is kept that signs assertions, mostly with username",
        examples=["file:/run/secrets/salesforce.pem"],
    )
    installation: Annotated[str, StringConstraints(pattern=r"^\d{1,20}$")] | None = Field(
        default=None,
        description="Installation of an app (GitHub: the number at the end of its address)",
        examples=["12345678"],
    )
    username: str | None = Field(
        default=None, description="In whose name assertions are signed", examples=["agent@example.com"]
    )
    scopes: list[str] | None = Field(
        default=None,
        description="OAuth scopes to ask for; empty: what the provider's tools need",
        examples=[["crm.objects.contacts.read"]],
    )
    user_scopes: list[str] = Field(
        default=[],
        description="Scopes of a second token that acts as the user (Slack: for search)",
        examples=[["search:read.public"]],
    )
    oauth: OAuthSettings = Field(
        default_factory=OAuthSettings, description="What differs from the provider's own OAuth"
    )
    base_url: Address | None = Field(
        default=None,
        description="Address of the vendor's API: the account's own (Salesforce: My Domain) or a test server",
        examples=["https://acme.my.salesforce.com"],
    )
    header: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9-]{1,64}$")] | None = Field(
        default=None, description="Header that the key goes in, for provider http", examples=["X-Api-Key"]
    )
    form: Annotated[str, StringConstraints(pattern=r"^[\x20-\x7e]{0,40}\{\}[\x20-\x7e]{0,40}$")] | None = (
        Field(default=None, description="What stands in it, with {} for the key", examples=["Token {}"])
    )
    api: Literal["responses", "chat"] | None = Field(
        default=None,
        description="What a server of models speaks, for provider openai; empty: responses at OpenAI, chat "
        "at any other base_url",
    )
    check: Annotated[str, StringConstraints(pattern=r"^/[\x21-\x7e]{0,500}$")] = Field(
        default="/",
        description="Path that `wirepost connections check` reads, for provider http",
        examples=["/v1/me"],
    )
    tls: TlsSettings | None = Field(default=None, description="Certificate of the client (mutual TLS)")
    sigv4: SignatureSettings | None = Field(
        default=None,
        description="Signature of requests (AWS Signature Version 4), for providers http, bedrock, sagemaker",
    )
    bucket: BucketSettings | None = Field(
        default=None, description="Where jobs read and write, for providers bedrock, sagemaker and vertex"
    )
    vertex: VertexSettings | None = Field(
        default=None, description="Project and location of the models, for provider vertex"
    )
    jobs: dict[Name, HttpJobSettings] = Field(
        default={}, description="Jobs that the service carries out, by name, for provider http"
    )
    accounts: list[Annotated[str, StringConstraints(pattern=r"^acct_\w+$")]] = Field(
        default=[], description="Connected accounts (acct_…) that calls may name"
    )
    money: MoneyRules = Field(
        default_factory=MoneyRules, description="What may be moved through this connection"
    )
    limits: LimitOverrides = Field(
        default_factory=LimitOverrides, description="Changes to the provider's limits"
    )
    webhooks: dict[Name, WebhookSettings] = Field(
        default={},
        description="Endpoints that take the provider's events; default is at /webhooks/<connection>",
    )
    compact: bool = Field(
        default=False, description="Return longer lists as columns and rows, which costs fewer tokens"
    )
    faults: list[FaultSettings] = Field(
        default=[], description="Faults of a sandbox connection, such as 429;times=3", examples=[[]]
    )

    @property
    def is_free(self) -> bool:
        """Whether nobody asks for money for what it does: it runs inside the server."""
        return self.environment == "sandbox" or self.provider == LOCAL_PROVIDER

    @property
    def is_on_this_machine(self) -> bool:
        """Whether what is sent there stays here: what runs inside the server, or at a loopback address."""
        is_near = self.base_url is not None and urlsplit(self.base_url).hostname in _LOOPBACK
        return self.is_free or is_near

    @model_validator(mode="after")
    def _check_environment(self) -> ConnectionSettings:
        given = (self.key, self.user_key, self.client_secret, self.private_key)
        if self.environment == "sandbox" and any(given):
            raise ValueError(
                "has a key, but a sandbox needs none; remove it or choose environment test or production"
            )
        if self.environment == "sandbox" and self.base_url is not None:
            raise ValueError(
                "has a base_url, but a sandbox runs inside the server; remove it or choose environment test"
            )
        if self.environment != "sandbox" and self.faults:
            raise ValueError("has faults, which only a sandbox can show")
        if self.provider == "vertex" and self.environment != "sandbox" and self.vertex is None:
            raise ValueError("has no vertex; name project and location there")
        return self

    @model_validator(mode="after")
    def _check_webhooks(self) -> ConnectionSettings:
        if self.webhooks and self.owner == "caller":
            raise ValueError(
                "has webhooks, whose events everybody may read, but owner: caller; give the webhooks to a "
                "connection of their own with owner: shared"
            )
        return self


def default_connections() -> dict[str, ConnectionSettings]:
    """What is there without a configuration file: everything works, nothing leaves this machine."""
    # Other providers have a sandbox too, one entry of a configuration away. Not here, as each provider that
    # has a connection is loaded at every start (gemini and huggingface: 5 to 10 ms each).
    imitated = {
        f"{provider}-sandbox": ConnectionSettings(provider=provider, environment="sandbox")
        for provider in ("anthropic", "hubspot", "openai", "salesforce", "slack", "stripe")
    }
    return {LOCAL_PROVIDER: ConnectionSettings(provider=LOCAL_PROVIDER, environment="production"), **imitated}
