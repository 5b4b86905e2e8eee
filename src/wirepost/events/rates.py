"""`Buckets`: how many requests each of many may still send, within bounded memory."""

from __future__ import annotations

from collections.abc import Hashable

MOST = 10_000
"""So many senders are counted; of more, the one is forgotten that has not come for longest."""


class Buckets:
    """A token bucket for each key: a steady rate, and as much at once as comes in two seconds."""

    def __init__(self, per_s: float, most: int = MOST) -> None:
        self._per_s, self._most = per_s, most
        self._size = max(2 * per_s, 1.0)
        self._left: dict[Hashable, tuple[float, float]] = {}
        """Key → tokens, and when they were counted; whoever came last stands at the end."""

    def __len__(self) -> int:
        return len(self._left)

    def take(self, key: Hashable, now: float) -> float:
        """Let one through, 0; or the seconds after which one would be let through."""
        left, at = self._left.pop(key, (self._size, now))
        left = min(self._size, left + (now - at) * self._per_s)
        if len(self._left) >= self._most:
            del self._left[next(iter(self._left))]
        is_let = left >= 1
        self._left[key] = (left - 1 if is_let else left, now)
        return 0.0 if is_let else (1 - left) / self._per_s
