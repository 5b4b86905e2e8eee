"""`SlackFeed`: messages of the channels that the app is in, for want of a list of events.

A channel's history has no answers in threads, no changes and no deletions; so these are not found.
"""

from __future__ import annotations

from collections.abc import AsyncIterator

from wirepost.core.errors import NotConnected, Rejected
from wirepost.providers.slack.client import Json, SlackClient, next_cursor
from wirepost.providers.slack.items import Around, item_of
from wirepost.webhooks.feed import Feed
from wirepost.webhooks.reading import seconds, text
from wirepost.webhooks.webhook import Item, Unmapped

KINDS = ("public_channel", "private_channel", "mpim", "im")
PAGE = 200
PAGES = 10
"""Pages of one channel at one look; what is older than these is left out."""
CHANNELS = 200
"""Channels of each kind that are looked at; an app in more of them is meant to be told."""
_HIDDEN = frozenset({"tombstone"})


class SlackFeed(Feed):
    """Messages by their `ts`; that of the newest is the position."""

    def __init__(self, client: SlackClient) -> None:
        self._client = client

    async def since(self, position: str | None, after: float) -> AsyncIterator[tuple[str, Item]]:
        """Messages behind `position`, or since `after`, of all channels together; oldest first."""
        me, _ = await self._client.identify()
        oldest = position or f"{after:.6f}"
        found: list[tuple[str, Item]] = []
        for channel in await self._channels():
            for row in await self._messages(channel, oldest):
                item = _item(row, channel, me)
                if item is not None:
                    found.append((str(row["ts"]), item))
        for ts, item in sorted(found, key=lambda pair: pair[0]):
            yield ts, item

    async def _channels(self) -> list[str]:
        """Those the app is in, of the kinds that its scopes let it see."""
        found: list[str] = []
        for kind in KINDS:
            try:
                page = await self._client.read(
                    "users.conversations", types=kind, exclude_archived=True, limit=CHANNELS
                )
            except NotConnected as refusal:
                if refusal.code != "missing_scope":
                    raise
                continue
            found += [str(row["id"]) for row in page["channels"]]
        return found

    async def _messages(self, channel: str, oldest: str) -> list[Json]:
        """What was written in a channel since then, newest first; nothing where it cannot be read."""
        rows: list[Json] = []
        cursor: str | None = None
        for _ in range(PAGES):
            try:
                page = await self._client.read(
                    "conversations.history",
                    channel=channel,
                    oldest=oldest,
                    include_all_metadata=True,
                    limit=PAGE,
                    cursor=cursor,
                )
            except (NotConnected, Rejected) as refusal:
                if refusal.code == "auth_expired":
                    raise
                return rows
            rows += page["messages"]
            cursor = next_cursor(page)
            if cursor is None:
                break
        return rows


def _item(row: Json, channel: str, me: Json) -> Item | None:
    """The message, as the request that tells of it would be read."""
    if row.get("subtype") in _HIDDEN:
        return None
    team, user = text(me.get("team_id")), text(me.get("user_id"))
    own = frozenset(each for each in (user, text(me.get("bot_id"))) if each)
    around = Around(
        account=team,
        time=seconds(str(row.get("ts")).partition(".")[0]),
        own=own,
        bots=own,
        called=own,
        teams=frozenset({team} if team else ()),
    )
    subtype = "file_share" if row.get("files") and not row.get("subtype") else row.get("subtype")
    try:
        item = item_of({**row, "channel": channel, **({"subtype": subtype} if subtype else {})}, around)
    except Unmapped:
        return None
    return item if item.type.startswith(("message.", "file.")) else None
