"""Exchanges with vendors as they publish them: `tests/providers/<vendor>/oauth/*.json`.

Each says where it is from (`page`, `read`) and how near it is to the page: `published` is the page's own
example, `described` has the fields and words that the page describes and values of ours.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

PROVIDERS = Path(__file__).resolve().parent.parent / "providers"


@dataclass(frozen=True)
class Recording:
    """One answer of a vendor, and what it must come to mean."""

    vendor: str
    name: str
    told: dict[str, Any]

    @property
    def id(self) -> str:
        """Vendor and name."""
        return f"{self.vendor}/{self.name}"

    @property
    def status(self) -> int:
        """HTTP's."""
        return int(self.told["status"])

    @property
    def body(self) -> bytes:
        """As it comes over the wire; text stands for itself."""
        body = self.told["body"]
        return body.encode() if isinstance(body, str) else json.dumps(body).encode()

    def headers(self, now: float) -> dict[str, str]:
        """Those that count, and the type; `{now+N}` is a moment in seconds since 1970."""
        is_text = isinstance(self.told["body"], str)
        found = {"content-type": "text/html" if is_text else "application/json"}
        for name, value in self.told.get("headers", {}).items():
            later = value.removeprefix("{now+").removesuffix("}")
            found[name] = value if later == value else str(int(now) + int(later))
        return found


def recordings(kind: str, vendor: str = "*") -> list[Recording]:
    """Those of one kind (`granted`, `refused`, `error`, or a `grant`)."""
    found = []
    for path in sorted(PROVIDERS.glob(f"{vendor}/oauth/*.json")):
        told = json.loads(path.read_text(encoding="utf-8"))
        if kind in told or told.get("grant") == kind:
            found.append(Recording(path.parent.parent.name, path.stem, told))
    return found
