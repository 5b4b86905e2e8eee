"""Every link of a document that leads into the repository leads to something."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from support.sources import shown, tracked

LINK = re.compile(r"\]\(([^)\s]+)\)")
CODE = re.compile(r"```.*?```|`[^`\n]*`", re.DOTALL)
EXAMPLE = "url"
"""How descriptions of tools show the form of a link."""


def test_links_lead_somewhere() -> None:
    found, broken = 0, []
    for document in tracked():
        if document.suffix != ".md":
            continue
        for link in LINK.findall(CODE.sub("", document.read_text(encoding="utf-8"))):
            parts = urlsplit(link)
            if parts.scheme or not parts.path or link == EXAMPLE:
                continue
            found += 1
            if not (document.parent / parts.path).exists():
                broken.append(f"{shown(document)}: {link}")
    assert found > 50
    assert broken == []
