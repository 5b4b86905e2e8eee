"""Options of events: how long they are kept, who is told of them, and on which ways."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, StringConstraints, model_validator

from wirepost.core.secret_refs import SecretRef
from wirepost.settings.connections import Address
from wirepost.settings.policy import Environment
from wirepost.settings.section import Name, Pattern, Positive, Section, Whole
from wirepost.settings.webhooks import RedactSettings

Rate = Annotated[str, StringConstraints(pattern=r"^[1-9]\d{0,5}/(s|min|h|d)$")]
"""So often in a second, minute, hour or day."""


class EventSettings(Section):
    """What is kept of events, and what protects those who read them."""

    keep_days: Positive = Field(default=30, description="Days an event can be read")
    keep_raw_days: Positive = Field(default=7, description="Days the request it came with is kept, encrypted")
    keep_keys_days: Annotated[Positive, Field(ge=30)] = Field(
        default=30, description="Days a second delivery is recognised; providers resend for up to 30"
    )
    wait_s: Annotated[Positive, Field(le=40)] = Field(
        default=40, description="Seconds event_wait waits at most; clients often give up at 60"
    )
    backfill_s: Positive = Field(
        default=900, description="Seconds between two looks for events whose webhook was lost"
    )
    silence: bool = Field(default=True, description="Say so when a source that is usually busy falls silent")
    max_waiting: Annotated[Whole, Field(ge=100)] = Field(
        default=10000, description="Events that may wait for one subscription; the oldest are left out then"
    )
    max_hops: Annotated[Whole, Field(ge=1)] = Field(
        default=3, description="Events that may lead to each other before nothing is started any more"
    )
    max_runs: Annotated[Whole, Field(ge=1)] = Field(
        default=5,
        description="Runs that each way of a subscription may start about one subject in 10 minutes",
    )
    taint: Literal["events", "all", "off"] = Field(
        default="events",
        description="Who has read what outsiders wrote needs approval for what is visible, moves money or "
        "cannot be undone. events: in events; all: in any result; off: never",
    )
    taint_s: Positive = Field(default=1800, description="Seconds for which that holds")
    private_addresses: bool = Field(
        default=False, description="Let clients that subscribe be called back at private addresses"
    )
    callback_hosts: list[Pattern] = Field(
        default=[],
        description="Hosts that need not show that they want to be called back, with * for any text",
    )


class CoalesceSettings(Section):
    """Events that follow each other quickly become one."""

    key: Literal["subject", "type"] = Field(default="subject", description="What they have in common")
    window_s: Positive = Field(default=30, description="Seconds that are waited for more")


class SubscriptionSettings(Section):
    """Who wants to know of which events."""

    types: list[Pattern] = Field(
        default=[], description="Types, with * for any text", examples=[["payment.refunded"]]
    )
    sources: list[Pattern] = Field(default=[], description="Connections, with * for any text")
    environments: list[Environment] = Field(
        default=[], description="Environments; empty: the one of the events that come first"
    )
    where: str | None = Field(
        default=None,
        max_length=2000,
        description="Condition in CEL over the event",
        examples=["data.amount_minor >= 5000"],
    )
    start: Literal["now", "earliest"] = Field(default="now", description="Where a new subscription begins")
    ack: Literal["explicit", "on_fetch"] = Field(
        default="explicit", description="on_fetch: what was read once does not come again"
    )
    ack_timeout_s: Positive = Field(
        default=300, description="Seconds after which an event that was read and not acknowledged comes again"
    )
    max_attempts: Annotated[Whole, Field(ge=1, le=100)] = Field(
        default=5, description="How often it comes before it is put aside as dead"
    )
    max_in_flight: Annotated[Whole, Field(ge=1, le=1000)] = Field(
        default=10, description="Events that may be read and not acknowledged at the same time"
    )
    coalesce: CoalesceSettings | None = Field(
        default=None, description="Let events that follow each other quickly become one"
    )
    wake_rate: Rate = Field(default="6/min", description="How often it is pushed; more becomes one number")
    exclude_self: bool = Field(default=True, description="Leave out what calls of this server have caused")
    redact: RedactSettings = Field(
        default_factory=RedactSettings,
        description="Personal data in what it delivers, besides what the source hides; event_list and "
        "event_get show all that the source keeps",
    )
    deliver: list[Name] = Field(
        default_factory=lambda: ["pull"],
        description="Ways to it: pull, channel (Claude Code), or names of sinks",
        examples=[["pull", "support-room"]],
    )
    for_callers: list[Pattern] = Field(
        default=[],
        description="Callers that may read it, with * for any text; empty: all",
    )


class HttpSink(Section):
    """A signed request to an address (Standard Webhooks)."""

    url: Address = Field(description="Where it goes", examples=["https://example.com/hooks/wirepost"])
    secret: SecretRef = Field(
        description="Where the secret is kept that signs: whsec_ and base64", examples=["env:SINK_SECRET"]
    )
    headers: dict[str, str] = Field(default={}, description="Further headers; {type} and others as in body")
    body: str | None = Field(
        default=None,
        max_length=10000,
        description="Text in place of the event in JSON, with {id}, {type}, {source}, {subject}, {summary}",
    )
    timeout_s: Positive = Field(default=15, description="Seconds an answer may take")


class SlackSink(Section):
    """A message to people, with buttons."""

    connection: Name = Field(description="Connection to Slack", examples=["slack"])
    channel: str = Field(description="Channel or person", examples=["#support"])


class CommandSink(Section):
    """A program that is started with the event on its standard input."""

    argv: Annotated[list[str], Field(min_length=1)] = Field(
        description="Program and arguments; the event is never among them", examples=[["claude", "-p", "…"]]
    )
    environment: dict[str, str] = Field(
        default={}, description="Variables it gets, besides PATH, HOME and LANG"
    )
    timeout_s: Positive = Field(default=600, description="Seconds after which it is ended")
    concurrency: Annotated[Whole, Field(ge=1)] = Field(default=1, description="How many may run at once")
    per_day: Annotated[Whole, Field(ge=1)] = Field(
        default=100, description="How many may be started in a day"
    )


class ClaudeRoutineSink(Section):
    """A routine of Claude Code that is started in the cloud."""

    routine: str = Field(description="Its id", examples=["trig_01ABC"])
    token: SecretRef = Field(description="Where its token is kept", examples=["env:ROUTINE_TOKEN"])
    prompt: str = Field(
        max_length=4000, description="What it is told; the event follows as data", examples=["Look into it"]
    )
    base_url: Address = Field(default="https://api.anthropic.com", description="Address of the API")


class EmailSink(Section):
    """A mail to people."""

    host: str = Field(description="Server that takes mail (SMTP)", examples=["smtp.example.com"])
    port: Annotated[Whole, Field(ge=1, le=65535)] = Field(default=587, description="Its port")
    tls: Literal["starttls", "implicit", "none"] = Field(
        default="starttls", description="none only for this machine"
    )
    username: str | None = Field(default=None, description="User, where it asks")
    password: SecretRef | None = Field(default=None, description="Where the password is kept")
    sender: str = Field(description="From whom", examples=["wirepost@example.com"])
    to: Annotated[list[str], Field(min_length=1)] = Field(
        description="To whom", examples=[["support@example.com"]]
    )


class SinkSettings(Section):
    """Ways on which events leave; a subscription names them under deliver."""

    http: dict[Name, HttpSink] = Field(default={}, description="Signed requests")
    slack: dict[Name, SlackSink] = Field(default={}, description="Messages to people")
    command: dict[Name, CommandSink] = Field(default={}, description="Programs")
    claude_routine: dict[Name, ClaudeRoutineSink] = Field(default={}, description="Routines of Claude Code")
    email: dict[Name, EmailSink] = Field(default={}, description="Mails")

    @property
    def names(self) -> dict[str, str]:
        """Name → kind, of all sinks."""
        return {name: kind for kind in type(self).model_fields for name in getattr(self, kind)}

    @model_validator(mode="after")
    def _check_names(self) -> SinkSettings:
        all_names = [name for kind in type(self).model_fields for name in getattr(self, kind)]
        for name in all_names:
            if name in {"pull", "channel", "callback", "buttons"} or all_names.count(name) > 1:
                raise ValueError(f"has a sink {name}, a name that is taken")
        return self
