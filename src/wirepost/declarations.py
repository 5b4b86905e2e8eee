"""Every tool as its code declares it; a running server reads the index that is made from this."""

from __future__ import annotations

from typing import TYPE_CHECKING

from wirepost.providers import load_provider, provider_names
from wirepost.tools.tool import tools_in
from wirepost.toolsets import approvals, connections, customers, explain, policy
from wirepost.toolsets.ai import analyzing, generating, submitting
from wirepost.toolsets.crm import (
    activities,
    exports,
    imports,
    links,
    objects,
    records,
    search,
    summaries,
    writes,
)
from wirepost.toolsets.events import acknowledging, subscribing
from wirepost.toolsets.events import reading as event_reading
from wirepost.toolsets.jobs import changing
from wirepost.toolsets.jobs import reading as job_reading

if TYPE_CHECKING:
    from wirepost.tools.tool import AnyTool

AI = (analyzing, generating, submitting)
CRM = (objects, search, records, writes, links, activities, summaries, exports, imports)
EVENTS = (acknowledging, event_reading, subscribing)
JOBS = (changing, job_reading)
OWN = (*AI, approvals, connections, explain, *CRM, customers, *EVENTS, *JOBS, policy)
"""The modules of tools that are not of one provider, in the order in which the tools are declared."""


def declared_tools() -> tuple[AnyTool, ...]:
    """Every tool that exists."""
    provided = (tool for name in provider_names() for tool in load_provider(name).tools)
    return (*tools_in(*OWN), *provided)
