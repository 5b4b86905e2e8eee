"""The examples of tools, for the sandbox of each provider that serves them."""

from __future__ import annotations

from typing import Any

from support.occurred import event, stored
from support.running import Running
from wirepost.app import all_tools
from wirepost.providers import load_provider, provider_names
from wirepost.tools.tool import AnyTool

IMITATED = tuple(name for name in provider_names() if load_provider(name).load_sandbox is not None)
"""The providers that have a sandbox."""
TOOLS = {tool.name: tool for tool in all_tools()}
PERSON = {"hubspot": "100025", "salesforce": "003Wp000000000PIAQ"}
FIRM = {"hubspot": "200008", "salesforce": "001Wp0000000008IAA"}
"""A customer without orders, and where she works."""

_ON_SALESFORCE: dict[str, dict[str, Any]] = {
    "crm_archive_records": {"object": "contact", "ids": [PERSON["salesforce"]]},
    "crm_get_records": {"object": "contact", "ids": [PERSON["salesforce"]]},
    "crm_list_links": {"object": "contact", "id": PERSON["salesforce"], "to_object": "company"},
    "crm_unlink_records": {
        "from_object": "contact",
        "to_object": "company",
        "pairs": [{"from_id": PERSON["salesforce"], "to_id": FIRM["salesforce"]}],
    },
}
"""The ids in the examples are HubSpot's."""


def example(name: str, provider: str) -> dict[str, Any]:
    """Arguments with which a tool finds or does something in the sandbox of a provider."""
    tool = TOOLS[name]
    if not tool.is_provider_tool:
        return dict(tool.example)
    given = _ON_SALESFORCE.get(name) if provider == "salesforce" else None
    return {**(given or tool.example), "connection": f"{provider}-sandbox"}


async def with_events(wirepost: Running) -> None:
    """The event and the subscriptions that the examples name; a sandbox has none before something happens."""
    hub = wirepost.app.hub
    await stored(hub.events, event(id=TOOLS["event_get"].example["event"], environment="sandbox"))
    for name in ("event_unsubscribe", "event_replay"):
        subscription = TOOLS[name].example["subscription"]
        await wirepost.ok("event_subscribe", subscription=subscription, intent=f"prepare {name}")


def served_by(provider: str) -> list[AnyTool]:
    """The tools that a provider can run."""
    return [tool for tool in TOOLS.values() if load_provider(provider).can_serve(tool.needs)]
