"""What Slack knows about one person: messages that mention their e-mail address, and who of us they are."""

from __future__ import annotations

from collections.abc import Iterable

from wirepost.contracts.customer import CustomerCard
from wirepost.contracts.facts import Facts, MessageFact, PersonFact
from wirepost.core.errors import CallError, NotConnected, Rejected
from wirepost.providers.slack import permalinks
from wirepost.providers.slack.client import Json, SlackClient, together
from wirepost.providers.slack.directory import Directory, shown_name
from wirepost.providers.slack.messages import is_mine
from wirepost.providers.slack.models import Message
from wirepost.providers.slack.search import Sought, find
from wirepost.providers.slack.text import rendered

MOST_CHANNELS = 5
RECENT = 100
"""Messages of each channel that are looked through where nothing can be searched."""


class SlackCard(CustomerCard):
    """Messages about the person behind an e-mail address."""

    def __init__(self, client: SlackClient) -> None:
        self._client = client
        self._directory = Directory(client)

    async def facts(self, *, email: str | None, customer_id: str | None, limit: int) -> Facts:
        """Messages newest first; by e-mail address alone, as customers have no ids here."""
        del customer_id
        facts = Facts()
        if email is None or not email.strip():
            return facts
        facts.people.extend(await self._people(email))
        try:
            facts.messages.extend(await self._searched(email, limit))
        except NotConnected:
            facts.warnings.append(
                "Without a user token that may search, only recent messages of a few channels of the app "
                "were looked through"
            )
            facts.messages.extend(await self._recent(email, facts))
        facts.messages.sort(key=lambda message: message.at, reverse=True)
        del facts.messages[limit:]
        return facts

    async def _people(self, email: str) -> list[PersonFact]:
        """The person as a guest or member of the workspace, if they are one and that may be read."""
        try:
            user = await self._directory.user_by_email(email)
        except (NotConnected, Rejected):
            return []
        if user is None:
            return []
        return [PersonFact(id=user["id"], name=shown_name(user), email=email)]

    async def _searched(self, email: str, limit: int) -> list[MessageFact]:
        page = await find(
            self._client, Sought(query=f'"{email}"', kinds=("public",)), limit=limit, position=None
        )
        return [_fact(message) for message in page.records if email.lower() in message.text.lower()]

    async def _recent(self, email: str, facts: Facts) -> list[MessageFact]:
        try:
            channels = await self._directory.channels(is_member=True)
        except CallError as error:
            facts.warnings.append(f"The channels of the app could not be read: {error.message}")
            return []
        pages = await together(self._page(channel) for channel in channels[:MOST_CHANNELS])
        me = await self._directory.me()
        found = [
            (channel, row)
            for channel, rows in pages
            for row in rows
            if email.lower() in str(row.get("text") or "").lower() and not is_mine(row, me)
        ]
        people = await self._directory.names(row["user"] for _, row in found if row.get("user"))
        names = {user_id: shown_name(user) for user_id, user in people.items()}
        return [_recent_fact(channel, row, names, me) for channel, row in found]

    async def _page(self, channel: Json) -> tuple[Json, Iterable[Json]]:
        page = await self._client.read("conversations.history", channel=channel["id"], limit=RECENT)
        return channel, page["messages"]


def _fact(message: Message) -> MessageFact:
    return MessageFact(
        id=f"{message.channel}/{message.ts}",
        channel=message.channel_name or message.channel,
        author=message.user.name if message.user else None,
        text=message.text,
        at=message.at,
        url=message.permalink,
    )


def _recent_fact(channel: Json, row: Json, names: dict[str, str], me: Json) -> MessageFact:
    place = permalinks.Place(channel["id"], row["ts"], row.get("thread_ts"))
    return MessageFact(
        id=f"{place.channel}/{place.ts}",
        channel=channel.get("name") or place.channel,
        author=names.get(row.get("user") or ""),
        text=rendered(row["text"], names),
        at=permalinks.moment(place.ts),
        url=permalinks.build(me["url"], place) if me.get("url") else None,
    )
