"""The circuit breaker of a connection: after many failures in a row, leave the provider in peace."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from wirepost.core.errors import Unavailable

if TYPE_CHECKING:
    from wirepost.core.clock import Clock


@dataclass(frozen=True)
class Admission:
    """The right to make one request; a probe decides whether the circuit closes again."""

    is_probe: bool = False


_ORDINARY = Admission()
_PROBE = Admission(is_probe=True)


class Breaker:
    """Closed: all pass. Open: none pass. Half open: one probe at a time passes."""

    def __init__(self, clock: Clock, *, failures_to_open: int, cool_down_s: float) -> None:
        self._clock = clock
        self._threshold, self._cool_down_s = failures_to_open, cool_down_s
        self._failures = 0
        self._open_until: float | None = None
        self._is_probing = False

    @property
    def state(self) -> Literal["closed", "open", "half_open"]:
        """For operators."""
        if self._open_until is None:
            return "closed"
        return "open" if self._clock.monotonic() < self._open_until else "half_open"

    def admit(self) -> Admission:
        """Let a request pass, or raise `Unavailable` while the circuit is open."""
        if self._open_until is None:
            return _ORDINARY
        wait_s = self._open_until - self._clock.monotonic()
        if wait_s > 0 or self._is_probing:
            raise Unavailable(
                "upstream_unavailable",
                "The provider failed several times in a row; requests are held back for a while",
                hint="Try again later",
                retry_after_s=round(max(wait_s, 1.0), 1),
            )
        self._is_probing = True
        return _PROBE

    def succeeded(self, admission: Admission) -> None:
        """The provider answered sensibly: whatever was, it is well now."""
        if admission.is_probe:
            self._is_probing = False
        self._failures = 0
        self._open_until = None

    def failed(self, admission: Admission) -> None:
        """No answer, or one that shows a fault of the provider."""
        self._failures += 1
        if admission.is_probe:
            self._is_probing = False
        elif self._open_until is not None:
            # Sent before the circuit opened; it tells nothing new.
            return
        if admission.is_probe or self._failures >= self._threshold:
            self._open_until = self._clock.monotonic() + self._cool_down_s

    def abandoned(self, admission: Admission) -> None:
        """The request was given up before anything was learnt."""
        if admission.is_probe:
            self._is_probing = False
