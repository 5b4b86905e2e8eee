"""`Provider`: the declaration of a vendor, as data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pydantic import BaseModel

    from wirepost.sandbox.vendor import Sandbox
    from wirepost.tools.tool import AnyTool
    from wirepost.upstream.client import Client
    from wirepost.upstream.limits import Limits


@dataclass(frozen=True)
class ApiKey:
    """A secret sent as a bearer token.

    `environments` maps a regular expression of the key to the environment it belongs to, so that a key of the
    wrong environment refuses to start.
    """

    environments: Mapping[str, str]
    help: str
    """Where a person finds or creates such a key, in one sentence."""


@dataclass(frozen=True)
class Provider:
    """One vendor: how it is reached, what it offers, how it is imitated."""

    name: str
    title: str
    base_url: str
    client: type[Client]
    auth: tuple[ApiKey, ...]
    tools: tuple[AnyTool, ...]
    sandbox: type[Sandbox]
    options: type[BaseModel]
    """Vendor-specific settings of a connection."""
    limits: Mapping[str, Limits]
    """Default quotas by environment."""
    api_versions: Mapping[str, str | None]
    """Version → end date (ISO) where one is announced."""
    probe: Mapping[str, Any] = field(default_factory=dict)
    """A read that shows the credential works: method and path."""
    exempt: Mapping[str, str] = field(default_factory=dict)
    """Rule of the definition of done → reason why it does not apply."""
