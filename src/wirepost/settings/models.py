"""The whole configuration: `Settings` and its sections."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import Field, field_validator, model_validator

from wirepost.core.paths import find_data_directory
from wirepost.settings.ai import AiSettings
from wirepost.settings.approvals import ApprovalSettings
from wirepost.settings.auth import AuthSettings
from wirepost.settings.connections import ConnectionSettings, default_connections
from wirepost.settings.events import EventSettings, SinkSettings, SubscriptionSettings
from wirepost.settings.jobs import JobSettings
from wirepost.settings.policy import PolicySettings
from wirepost.settings.secrets import SecretSettings
from wirepost.settings.section import Name, Number, Positive, Section, Whole
from wirepost.settings.store import StoreSettings


class ServerSettings(Section):
    """Where the server listens and who may reach it."""

    host: str = Field(default="127.0.0.1", min_length=1, description="Address to listen on")
    port: Whole = Field(default=8484, ge=0, le=65535, description="Port to listen on; 0: any free one")
    url: str | None = Field(
        default=None, description="Address under which others reach the server, behind a proxy"
    )
    allowed_hosts: list[str] = Field(
        default=[],
        description="Further values of the Host header that are answered; this machine and url always are",
        examples=[["wirepost.example.com"]],
    )
    allowed_origins: list[str] = Field(
        default=[], description="Web pages (origins) whose scripts may call the server"
    )
    trusted_proxies: list[str] = Field(
        default=[],
        description="Addresses or networks of proxies whose X-Forwarded headers are believed",
        examples=[["10.0.0.0/8"]],
    )
    stateless: bool = Field(
        default=False,
        description="Keep no MCP sessions, so that several servers can stand behind one address",
    )
    auth: AuthSettings = Field(default_factory=AuthSettings, description="Who may call over HTTP")
    allow_unauthenticated: bool = Field(
        default=False,
        description="With auth.mode none: listen where other machines reach the server; whoever reaches it "
        "may do everything",
    )
    idle_exit_s: Positive = Field(
        default=900, description="Seconds without a client after which a server started by a client ends"
    )
    shutdown_s: Annotated[Number, Field(ge=0)] = Field(
        default=10, description="Seconds that running calls get to finish when the server stops"
    )

    @property
    def address(self) -> str:
        """Where programs on this machine, or everybody behind the proxy, reach the server."""
        host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(self.host, self.host)  # noqa: S104 - told apart, not bound
        return self.url or f"http://{f'[{host}]' if ':' in host else host}:{self.port}"

    @field_validator("url")
    @classmethod
    def _check_url(cls, value: str | None) -> str | None:
        if value is None:
            return None
        parts = urlsplit(value)
        if parts.scheme not in {"http", "https"} or not parts.hostname or parts.username or parts.query:
            raise ValueError("must be an address such as https://wirepost.example.com")
        # As the headers Host and Origin have it: without capitals, and without a port that is usual.
        host = parts.netloc.lower().removesuffix(":443" if parts.scheme == "https" else ":80")
        return f"{parts.scheme}://{host}{parts.path}".rstrip("/")


class ToolSettings(Section):
    """Which tools are offered: preset, plus toolsets, plus single tools, minus exclusions."""

    preset: str | None = Field(
        default="support", description="minimal, support, revops, finance or readonly; empty: none"
    )
    toolsets: list[str] = Field(default=[], description="Whole toolsets besides", examples=[["stripe"]])
    include: list[str] = Field(
        default=[], description="Single tools besides", examples=[["stripe_list_invoices"]]
    )
    exclude: list[str] = Field(default=[], description="Single tools that are never offered")


class LimitSettings(Section):
    """How long and how large a call may become."""

    call_s: Positive = Field(
        default=45, description="Seconds one tool call may take; clients often give up at 60"
    )
    job_s: Positive = Field(
        default=600, description="Seconds a call that takes longer than call_s may go on as a job"
    )
    attempt_s: Positive = Field(default=20, description="Seconds one request to a provider may take")
    max_tokens: Whole = Field(
        default=20000, ge=500, le=20000, description="Largest token budget a call may ask for"
    )
    confirmation_s: Positive = Field(default=600, description="Seconds a confirmation token is good for")
    cursor_s: Positive = Field(default=86400, description="Seconds a page cursor is good for")


class LoggingSettings(Section):
    """What is logged, always to standard error."""

    level: Literal["debug", "info", "warning", "error"] = Field(
        default="info", description="Least severe level shown"
    )
    format: Literal["auto", "console", "json"] = Field(
        default="auto", description="auto: console on a terminal, otherwise one JSON object a line"
    )


class Settings(Section):
    """The configuration of a server."""

    data_dir: Path = Field(
        default_factory=lambda: Path(find_data_directory(None, None)),
        description="Where the database and the local socket lie, relative to the configuration file; "
        "by default wirepost in $XDG_DATA_HOME or ~/.local/share",
        examples=["~/.local/share/wirepost"],
    )
    store: StoreSettings = Field(
        default_factory=StoreSettings, description="Where what must not be lost is kept"
    )
    secrets: SecretSettings = Field(
        default_factory=SecretSettings, description="Where secrets are kept, and what seals stored ones"
    )
    read_only: bool = Field(default=False, description="Offer and allow nothing that writes")
    server: ServerSettings = Field(default_factory=ServerSettings, description="Where the server listens")
    connections: dict[Name, ConnectionSettings] = Field(
        default_factory=default_connections,
        description="Accounts at providers by name; without any, the sandbox",
    )
    events: EventSettings = Field(
        default_factory=EventSettings, description="What is kept of events, and what protects their readers"
    )
    subscriptions: dict[Name, SubscriptionSettings] = Field(
        default={},
        description="Who wants to know of which events, by name; callers may add their own",
    )
    sinks: SinkSettings = Field(
        default_factory=SinkSettings, description="Ways on which events leave the server"
    )
    jobs: JobSettings = Field(
        default_factory=JobSettings, description="What is kept of work that outlives the call that started it"
    )
    tools: ToolSettings = Field(default_factory=ToolSettings, description="Which tools are offered")
    policy: PolicySettings = Field(default_factory=PolicySettings, description="Who may do what")
    approvals: ApprovalSettings = Field(
        default_factory=ApprovalSettings, description="What becomes of calls that a rule leaves to a person"
    )
    ai: AiSettings = Field(
        default_factory=AiSettings, description="Which models answer, and what they may cost"
    )
    limits: LimitSettings = Field(
        default_factory=LimitSettings, description="How long and how large a call may become"
    )
    logging: LoggingSettings = Field(default_factory=LoggingSettings, description="What is logged")

    @model_validator(mode="after")
    def _check_ways(self) -> Settings:
        known = {"pull", "channel", *self.sinks.names}
        for name, subscription in self.subscriptions.items():
            unknown = next((way for way in subscription.deliver if way not in known), None)
            if unknown is not None:
                raise ValueError(f"subscriptions.{name} names the sink {unknown}, which does not exist")
        return self

    @model_validator(mode="after")
    def _check_approvers(self) -> Settings:
        asked = self.approvals.slack
        if asked is None:
            return self
        connection = self.connections.get(asked.connection)
        if connection is None or connection.provider != "slack":
            raise ValueError(f"approvals.slack.connection names {asked.connection}, no connection to Slack")
        if connection.environment != "sandbox" and not connection.webhooks:
            raise ValueError(
                f"approvals.slack needs webhooks: {{default: {{}}}} in the connection {asked.connection}"
            )
        return self

    @field_validator("connections")
    @classmethod
    def _check_connections(cls, value: dict[str, ConnectionSettings]) -> dict[str, ConnectionSettings]:
        return value or default_connections()
