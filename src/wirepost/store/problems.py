"""How a store that cannot be used is told: to a caller, who repeats later, and to the operator."""

from __future__ import annotations

from typing import NamedTuple

from wirepost.core.errors import ConfigError, Unavailable

BUSY_RETRY_S = 5.0
BROKEN_RETRY_S = 30.0


class Problem(NamedTuple):
    """What is wrong, what to do, and in how many seconds another try makes sense."""

    what: str
    hint: str
    retry_after_s: float = BROKEN_RETRY_S

    def unavailable(self) -> Unavailable:
        """For a caller: its call did nothing and may be repeated."""
        return Unavailable(
            "server_unavailable",
            f"The server cannot use its own store: {self.what}. Nothing was sent.",
            hint=self.hint,
            retry_after_s=self.retry_after_s,
        )

    def refusal(self, place: str) -> ConfigError:
        """For the operator: a server that cannot open its store does not start."""
        return ConfigError(f"the database cannot be opened: {self.what}", file=place, hint=self.hint)
