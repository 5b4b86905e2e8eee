"""Neutral tools for records of customers, deals and tickets, on every vendor that offers `Crm`."""

from wirepost.toolsets.crm import activities, links, objects, records, search, summaries, writes

MODULES = (objects, search, records, writes, links, activities, summaries)
"""The modules that declare the tools."""
