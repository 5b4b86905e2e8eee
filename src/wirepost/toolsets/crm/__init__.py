"""Neutral tools for records of customers, deals and tickets, on every vendor that offers `Crm`."""

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

MODULES = (objects, search, records, writes, links, activities, summaries, exports, imports)
"""The modules that declare the tools."""
