"""Every option of file and environment, with its description."""

from __future__ import annotations

from wirepost.settings.ai import AiSettings, CacheSettings, ModelSettings
from wirepost.settings.approvals import ApprovalSettings, SlackApprovals
from wirepost.settings.auth import AuthSettings
from wirepost.settings.connections import (
    ConnectionSettings,
    LimitOverrides,
    MoneyRules,
)
from wirepost.settings.events import EventSettings, SinkSettings, SubscriptionSettings
from wirepost.settings.faults import FaultSettings
from wirepost.settings.load import Loaded, collect, load, load_settings
from wirepost.settings.models import (
    LimitSettings,
    LoggingSettings,
    ServerSettings,
    Settings,
    ToolSettings,
)
from wirepost.settings.overlay import Origin
from wirepost.settings.policy import AmountRange, PolicySettings, Rule
from wirepost.settings.secrets import AwsSettings, SecretSettings, VaultSettings
from wirepost.settings.section import Section
from wirepost.settings.store import StoreSettings
from wirepost.settings.webhooks import WebhookSettings

__all__ = [
    "AiSettings",
    "AmountRange",
    "ApprovalSettings",
    "AuthSettings",
    "AwsSettings",
    "CacheSettings",
    "ConnectionSettings",
    "EventSettings",
    "FaultSettings",
    "LimitOverrides",
    "LimitSettings",
    "Loaded",
    "LoggingSettings",
    "ModelSettings",
    "MoneyRules",
    "Origin",
    "PolicySettings",
    "Rule",
    "SecretSettings",
    "Section",
    "ServerSettings",
    "Settings",
    "SinkSettings",
    "SlackApprovals",
    "StoreSettings",
    "SubscriptionSettings",
    "ToolSettings",
    "VaultSettings",
    "WebhookSettings",
    "collect",
    "load",
    "load_settings",
]
