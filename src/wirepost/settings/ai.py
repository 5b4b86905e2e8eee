"""Options of AI: which models answer, what they may cost, and what is kept of their answers."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, field_validator, model_validator

from wirepost.core.secret_refs import SecretRef
from wirepost.settings.section import Amount, Name, Pattern, Positive, Section, Whole, check_amount

Alias = Literal["default", "fast", "careful", "embed"]
"""Names that callers use in place of a model; `embed` is for vectors."""
LOCAL_CONNECTION = "embedded"
LOCAL_MODEL = "multilingual-e5-small"
"""The model that runs inside the server; the alias `default` names it where nothing else is configured."""


class ModelSettings(Section):
    """The model behind an alias."""

    connection: Name = Field(description="Connection that serves it", examples=["openai-live"])
    model: Pattern = Field(description="Its name at the provider", examples=["gpt-5-mini"])
    timeout_s: Positive = Field(default=40, description="Seconds one request may take")
    max_cost_per_day: Amount | None = Field(
        default=None,
        description="US dollars that this model may cost in a day (UTC), however it is named",
        examples=["2.00"],
    )
    local_only: bool = Field(
        default=False,
        description="Refuse to start when its connection is not on this machine, so that no text leaves it",
    )

    @field_validator("max_cost_per_day")
    @classmethod
    def _check_cost(cls, value: str | None) -> str | None:
        return _dollars(value)


class ModelsOfConnection(Section):
    """What callers may use of one connection, and what that may cost."""

    allow: list[Pattern] = Field(
        default=[],
        description="Models that callers may name, with * for any text; those of aliases are always allowed",
        examples=[["gpt-5*"]],
    )
    max_cost_per_day: Amount | None = Field(
        default=None,
        description="US dollars that all models of the connection may cost in a day (UTC)",
        examples=["10.00"],
    )

    @field_validator("max_cost_per_day")
    @classmethod
    def _check_cost(cls, value: str | None) -> str | None:
        return _dollars(value)


class CacheSettings(Section):
    """Where answers are kept that would come again."""

    kind: Literal["off", "memory", "store", "redis"] = Field(
        default="memory", description="store: in the database of the server; redis: needs wirepost[redis]"
    )
    url: SecretRef | None = Field(
        default=None, description="Where the address of Redis is kept", examples=["env:REDIS_URL"]
    )
    ttl_s: Positive = Field(default=3600, description="Seconds an answer of a model is kept")
    lists_ttl_s: Positive = Field(
        default=60, description="Seconds a list of models or a description of objects is kept"
    )
    max_entries: Annotated[Whole, Field(ge=1)] = Field(
        default=1000, description="Most answers kept in memory; the oldest go first"
    )

    @model_validator(mode="after")
    def _check_url(self) -> CacheSettings:
        if self.kind == "redis" and self.url is None:
            raise ValueError("needs url with kind redis")
        return self


class AiSettings(Section):
    """Which models answer, what they may cost, and what is kept of their answers."""

    models: dict[Alias, ModelSettings] = Field(
        default={},
        description="Models by alias: default, fast, careful, embed; without default it is the built-in one",
    )
    per_connection: dict[Name, ModelsOfConnection] = Field(
        default={}, description="Allowed models and budgets by connection"
    )
    cache: CacheSettings = Field(
        default_factory=CacheSettings, description="Where answers are kept that would come again"
    )
    log_prompts: bool = Field(
        default=False,
        description="Write what models are asked to the audit log; otherwise only its length and hash",
    )

    @property
    def aliases(self) -> dict[Alias, ModelSettings]:
        """The configured ones, and `default` in any case."""
        built_in = ModelSettings(connection=LOCAL_CONNECTION, model=LOCAL_MODEL)
        return {"default": built_in, **self.models}


def _dollars(value: str | None) -> str | None:
    if value is not None:
        check_amount(value, "usd")
    return value
