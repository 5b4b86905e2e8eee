"""What arrived at a vendor's imitation and was more than a look."""

from __future__ import annotations

from fnmatch import fnmatchcase

from wirepost.sandbox.vendor import Sandbox

READING_POSTS = (
    "/crm/objects/*/search",
    "/crm/*/batch/read",
    "/services/oauth2/token",
    "/services/data/*/composite/sobjects/Contact",
    "/v1/invoices/create_preview",
)
"""What is read through a POST: searches, records by many ids, tokens, the preview of an invoice."""


def writes(sandbox: Sandbox) -> list[str]:
    """The requests that were no reads, in order."""
    return [
        f"{line.method} {line.path}"
        for line in sandbox.requests
        if line.method != "GET"
        and not (line.method == "POST" and any(fnmatchcase(line.path, each) for each in READING_POSTS))
    ]
