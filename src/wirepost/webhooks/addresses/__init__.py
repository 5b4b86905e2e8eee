"""Networks that senders say their requests come from, one dated file for each; they complement signatures."""

from __future__ import annotations

import ipaddress
from functools import cache
from importlib.resources import files
from typing import TypeAlias

Network: TypeAlias = ipaddress.IPv4Network | ipaddress.IPv6Network


@cache
def published(name: str) -> tuple[Network, ...]:
    """Those of a sender, as its file had them when this version was made; none where it has no file."""
    file = files(__name__) / f"{name}.txt"
    if not name.isidentifier() or not file.is_file():
        return ()
    lines = file.read_text(encoding="utf-8").splitlines()
    return tuple(ipaddress.ip_network(line) for line in lines if not line.startswith("#"))
