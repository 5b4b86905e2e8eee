"""`GoogleClient`: Google's APIs with one meaning for the two forms of their errors."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, ClassVar

from wirepost.core.errors import CallError, NotConnected, Unavailable
from wirepost.core.text import clean_line
from wirepost.upstream import faults
from wirepost.upstream.client import Answer, Ask, Client

USER_INFO = "/oauth2/v3/userinfo"
"""Who the token is: https://developers.google.com/identity/openid-connect/openid-connect"""
FORBIDDEN, LIMITED = 403, 429

_BUSY = frozenset({"rateLimitExceeded", "userRateLimitExceeded", "RATE_LIMIT_EXCEEDED"})
_USED_UP = frozenset({"dailyLimitExceeded", "quotaExceeded", "dailyLimitExceededUnreg"})
_ADMIN = frozenset({"domainPolicy", "accessNotConfigured", "SERVICE_DISABLED"})
_NEEDED = re.compile(r'scope="([^"]{1,2000})"')

Json = dict[str, Any]


class GoogleClient(Client):
    """One connection to a Google account for the time of one call."""

    other_hosts: ClassVar[frozenset[str]] = frozenset({"openidconnect.googleapis.com"})

    async def get(self, path: str, **query: str) -> Json:
        """Read an object."""
        body = (await self.send(Ask("GET", path, query=tuple(query.items())))).json()
        if not isinstance(body, dict):
            raise faults.unreadable(self.upstream.name, Ask("GET", path))
        return body

    def may_retry(self, ask: Ask, answer: Answer) -> bool | None:
        """A rate that is exceeded may be told with status 403; a used-up day is not over soon."""
        del ask
        reasons = set(_reasons(answer))
        if reasons & _USED_UP:
            return False
        return True if reasons & _BUSY else None

    def error(self, ask: Ask, answer: Answer) -> CallError:
        """What a refusal means for the caller.

        https://developers.google.com/workspace/drive/api/guides/handle-errors, and for the newer form
        https://cloud.google.com/apis/design/errors
        """
        reasons = list(_reasons(answer))
        error = self._by_reason(set(reasons), answer) or faults.refused(self.upstream.name, ask, answer)
        error.provider_code = clean_line(reasons[0], 100) if reasons else None
        return error

    def _by_reason(self, reasons: set[str], answer: Answer) -> CallError | None:
        if reasons & _BUSY or answer.status == LIMITED:
            return Unavailable("rate_limited", "Google limits the rate of requests", hint="Wait, try again")
        if reasons & _USED_UP:
            return Unavailable("quota_exhausted", "Google's quota of today is used up")
        if answer.status != FORBIDDEN:
            return None
        if reasons & _ADMIN:
            return NotConnected(
                "missing_scope",
                "An administrator has not allowed this API for the app or the organisation",
                hint="Switch the API on in the Google Cloud console, or ask the Workspace administrator",
            )
        needed = _NEEDED.search(answer.headers.get("www-authenticate", ""))
        return NotConnected(
            "missing_scope",
            "The person has not allowed that, or may not do it themselves",
            hint="Connect the account again and leave every box ticked",
            detail={"needed": sorted(needed[1].split())} if needed else {},
        )


def _reasons(answer: Answer) -> Iterator[str]:
    """Google's words for what is wrong, in the older form and in the newer."""
    try:
        body = answer.json()
    except ValueError:
        return
    error = body.get("error") if isinstance(body, Mapping) else None
    if not isinstance(error, Mapping):
        return
    for name in ("details", "errors"):
        listed = error.get(name)
        for each in listed if isinstance(listed, list) else []:
            if isinstance(each, Mapping) and isinstance(each.get("reason"), str):
                yield each["reason"]
