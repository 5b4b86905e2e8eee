"""Every option of file and environment, with its description."""

from __future__ import annotations

from wirepost.settings.connections import (
    ConnectionSettings,
    LimitOverrides,
    MoneyRules,
)
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
from wirepost.settings.section import Section
from wirepost.settings.store import StoreSettings

__all__ = [
    "AmountRange",
    "ConnectionSettings",
    "FaultSettings",
    "LimitOverrides",
    "LimitSettings",
    "Loaded",
    "LoggingSettings",
    "MoneyRules",
    "Origin",
    "PolicySettings",
    "Rule",
    "Section",
    "ServerSettings",
    "Settings",
    "StoreSettings",
    "ToolSettings",
    "collect",
    "load",
    "load_settings",
]
