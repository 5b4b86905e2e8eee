"""The examples of tools, for the sandbox of each provider that serves them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import timedelta
from pathlib import Path
from typing import Any

from support.clock import ManualClock
from support.occurred import event, stored
from support.running import Running, running
from support.warehouse import warehouse_at
from wirepost.calls.caller import LOCAL
from wirepost.contracts.ai import Models
from wirepost.contracts.crm import Crm
from wirepost.providers import load_provider, provider_names
from wirepost.settings.connections import default_connections
from wirepost.store.worker import ComeAgain
from wirepost.store.worker import Job as WorkItem
from wirepost.tools.index import all_tools
from wirepost.tools.tool import AnyTool

IMITATED = tuple(name for name in provider_names() if load_provider(name).load_sandbox is not None)
"""The providers that have a sandbox."""
RECORD_KEEPERS = tuple(name for name in IMITATED if not load_provider(name).can_serve(Models))
"""Those with records that people write and that can be previewed; models have none."""
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

_OF_OPENAI = {"connection": "openai-sandbox", "model": "gpt-5-mini"}
_OF_MODELS: dict[str, dict[str, Any]] = {
    "ai_analyze_text": _OF_OPENAI,
    "ai_generate_text": _OF_OPENAI,
    "ai_embed_text": {"connection": "openai-sandbox", "model": "text-embedding-3-small"},
    "ai_list_models": {"connection": "openai-sandbox"},
    "ai_submit_batch": _OF_OPENAI,
    "ai_submit_background": _OF_OPENAI,
    "ai_invoke_endpoint": {"connection": "sagemaker-sandbox"},
}
"""Which models can do what the examples ask for; not every provider has each kind."""


def example(name: str, provider: str) -> dict[str, Any]:
    """Arguments with which a tool finds or does something in the sandbox of a provider."""
    tool = TOOLS[name]
    if not tool.is_provider_tool:
        return dict(tool.example)
    if tool.needs is Models:
        return {**tool.example, **_OF_MODELS[name]}
    if tool.toolset == "http":
        return dict(tool.example)
    given = _ON_SALESFORCE.get(name) if provider == "salesforce" else None
    return {**(given or tool.example), "connection": f"{provider}-sandbox"}


def home(tool: AnyTool) -> str:
    """A provider whose sandbox can do what the example of the tool asks for; "" where it needs none."""
    if tool.needs is Crm and tool.starts_job:
        return "salesforce"  # the one of the two that has exports
    return next((name for name in IMITATED if tool in served_by(name)), "")


@asynccontextmanager
async def running_widely(directory: Path, clock: ManualClock, **options: Any) -> AsyncIterator[Running]:
    """A Wirepost with every connection that the examples name; jobs of the warehouse are done at once."""
    async with warehouse_at(directory) as (warehouse, described):
        connections: dict[str, Any] = {
            **{name: each.model_dump() for name, each in default_connections().items()},
            "sagemaker-sandbox": {"provider": "sagemaker", "environment": "sandbox"},
            "warehouse": described,
        }
        async with running(directory, clock, connections=connections, **options) as wirepost:
            warehouse.state = {"state": "done"}
            yield wirepost


async def begun(wirepost: Running) -> dict[str, dict[str, Any]]:
    """Let there be events, jobs and an approval; arguments that name them, by tool."""
    await with_events(wirepost)
    long = wirepost.app.long_work
    batch = await wirepost.ok(
        "ai_submit_batch", **{**example("ai_submit_batch", "openai"), "intent": "batch"}
    )
    export = (await wirepost.ok("http_start_job", **TOOLS["http_start_job"].example, intent="export"))["data"]
    with suppress(ComeAgain):
        await long.poller.look(WorkItem("job.look", export["job"], {}, 1, None))
    waiting, _ = await long.jobs.add_waiting(
        "approval",
        key="refund",
        owner=LOCAL.id,
        tool="stripe_create_refund",
        connection="stripe-sandbox",
        environment="sandbox",
        expires_at=wirepost.app.clock.now() + timedelta(hours=1),
        details={"arguments": {}, "plan": {"plan": "Refund 5.00 eur"}},
    )
    known = await long.jobs.find(batch["data"]["job"], LOCAL.id)
    return {
        "approval_get": {"approval": waiting.id},
        "job_cancel": {"job": known.id},
        "job_get": {"job": known.id},
        "job_get_result": {"job": export["job"]},
        "job_track": {
            "connection": "openai-sandbox",
            "kind": known.kind,
            "provider_job_id": known.provider_id,
        },
    }


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
