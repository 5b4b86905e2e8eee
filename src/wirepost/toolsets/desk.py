"""What the tools about Wirepost itself look at."""

from __future__ import annotations

from dataclasses import dataclass

from wirepost.calls.decide import Judge
from wirepost.connections.accounts import Accounts
from wirepost.connections.connections import Connections
from wirepost.tools.catalog import Catalog, ToolList


@dataclass(frozen=True, eq=False)
class Desk:
    """Connections with what is known of their accounts, all tools, and the judge of calls."""

    connections: Connections
    accounts: Accounts
    catalog: Catalog
    judge: Judge

    @property
    def tools(self) -> ToolList:
        """The tools that are offered now."""
        return self.catalog.listed
