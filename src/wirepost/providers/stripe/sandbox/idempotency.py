"""`Idempotency-Key`: the first answer, again (https://docs.stripe.com/api/idempotent_requests)."""

from __future__ import annotations

from dataclasses import dataclass

from wirepost.core.clock import Clock
from wirepost.providers.stripe.sandbox.errors import StripeError
from wirepost.sandbox.vendor import Request, Response

LONGEST = 255
KEPT_S = 24 * 3600


@dataclass(slots=True)
class _Entry:
    method: str
    path: str
    form: tuple[tuple[str, str], ...]
    at: float
    response: Response | None = None


class IdempotencyKeys:
    """Keys seen by one account, with the answers given."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._entries: dict[str, _Entry] = {}

    def __len__(self) -> int:
        return len(self._entries)

    def claim(self, key: str, request: Request) -> Response | None:
        """The earlier answer, or `None` when the request is the first one and now owns the key."""
        if len(key) > LONGEST:
            message = f"Idempotency keys must be at most {LONGEST} characters long."
            raise StripeError(message)
        entry = self._entries.get(key)
        if entry is not None and self._clock.monotonic() - entry.at > KEPT_S:
            entry = None
        if entry is None:
            form = tuple(sorted(request.form))
            self._entries[key] = _Entry(request.method, request.path, form, self._clock.monotonic())
            return None
        _compare(entry, key, request)
        if entry.response is None:
            message = (
                "There is currently another in-progress request using this Idempotent Key (that probably "
                "means you submitted twice, and the other request is still going through): "
                f"{key}. Please try again later."
            )
            headers = {"Stripe-Should-Retry": "true"}
            kind = "idempotency_error"
            raise StripeError(message, status=409, kind=kind, code="idempotency_key_in_use", headers=headers)
        return entry.response

    def keep(self, key: str, response: Response) -> None:
        """From now on this is the answer, whatever it was; a 500 as well."""
        self._entries[key].response = response

    def release(self, key: str) -> None:
        """Forget a request that was refused before it began."""
        self._entries.pop(key, None)


def _compare(entry: _Entry, key: str, request: Request) -> None:
    if (entry.method, entry.path) != (request.method, request.path):
        message = (
            "Keys for idempotent requests can only be used for the same endpoint they were first used for "
            f"('{request.path}' vs '{entry.path}'). Try using a key other than '{key}' if you meant to "
            "execute a different request."
        )
    elif entry.form != tuple(sorted(request.form)):
        message = (
            "Keys for idempotent requests can only be used with the same parameters they were first used "
            f"with. Try using a key other than '{key}' if you meant to execute a different request."
        )
    else:
        return
    raise StripeError(message, kind="idempotency_error")
