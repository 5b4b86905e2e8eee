"""Salesforce in memory: the same paths, statements, pages, collections and errors as the real API.

Ids are the same each time: the contact Anna Lindqvist is `003Wp0000000001IAA`.
"""

from wirepost.providers.salesforce.sandbox.app import SalesforceSandbox

__all__ = ["SalesforceSandbox"]
