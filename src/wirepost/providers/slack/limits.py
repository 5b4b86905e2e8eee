"""How often Slack lets each method be called (https://docs.slack.dev/apis/web-api/rate-limits)."""

from __future__ import annotations

from collections.abc import Mapping

from wirepost.upstream.limits import Limits, Quota

SPECIAL = 0
"""Posting: about one message a second."""
_PER_MINUTE = {1: 1, 2: 20, 3: 50, 4: 100}
"""Calls a minute of each tier, for one method in one workspace."""
_POSTS = Quota(requests_per_s=1.0, burst=3)

TIERS: Mapping[str, int] = {
    "auth.test": 4,
    "users.info": 4,
    "users.list": 2,
    "users.lookupByEmail": 3,
    "users.conversations": 3,
    "conversations.list": 2,
    "conversations.info": 3,
    "conversations.history": 3,
    "conversations.replies": 3,
    "conversations.open": 3,
    "chat.postMessage": SPECIAL,
    "chat.update": 3,
    "chat.delete": 3,
    "chat.scheduleMessage": 3,
    "chat.scheduledMessages.list": 3,
    "chat.deleteScheduledMessage": 3,
    "reactions.add": 3,
    "files.info": 4,
    "files.getUploadURLExternal": 4,
    "files.completeUploadExternal": 4,
    "assistant.search.context": 2,
    "search.messages": 2,
}
"""Every method that is called, and its tier."""


def quota_of(tier: int) -> Quota:
    """A tier as a limit: a quarter of a minute's calls at once, the rest evenly."""
    if tier == SPECIAL:
        return _POSTS
    per_minute = _PER_MINUTE[tier]
    return Quota(requests_per_s=per_minute / 60, burst=max(1, per_minute // 4))


REAL = Limits(
    requests_per_s=20,
    burst=40,
    concurrency=10,
    quotas={method: quota_of(tier) for method, tier in TIERS.items()},
)
UNHURRIED = Limits(
    requests_per_s=1000,
    burst=1000,
    concurrency=100,
    quotas=dict.fromkeys(TIERS, Quota(requests_per_s=1000, burst=1000)),
)
"""For the sandbox, whose own limits are switched on where they are wanted."""
