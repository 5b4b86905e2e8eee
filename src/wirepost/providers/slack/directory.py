"""Who and where: users and channels by id, e-mail address or name.

Single lookups come first; whole lists are read only for names, when one is needed, and kept only complete.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from wirepost.core.errors import NotConnected, Rejected
from wirepost.providers.slack.arguments import is_channel_id, is_user_id, wrong
from wirepost.providers.slack.client import Json, SlackClient, together

MOST_LISTED = 20_000
"""Larger directories are not read for a name: an id or an e-mail address finds the same."""
MOST_NAMED = 40
"""Users looked up one by one for one page of messages; the others keep their ids."""
CANDIDATES = 5
ROOMS = "public_channel,private_channel"


class Directory:
    """Lookups of one call; what they find is kept with the connection for some minutes."""

    def __init__(self, client: SlackClient) -> None:
        self._client = client
        self._cache = client.upstream.cache
        self._read: list[Json] | None = None
        """The list of channels that this call has read itself last."""

    async def me(self) -> Json:
        """The app itself: `user_id`, `team_id`, `url` of the workspace."""
        return await self._cache.get("me", lambda: self._client.read("auth.test"), ttl_s=3600)

    async def user(self, user_id: str) -> Json | None:
        """A user by id."""

        async def load() -> Json | None:
            return await self._found("users.info", "user", user=user_id)

        return await self._cache.get(f"user/{user_id}", load)

    async def user_by_email(self, email: str) -> Json | None:
        """A user by e-mail address."""

        async def load() -> Json | None:
            return await self._found("users.lookupByEmail", "user", email=email)

        return await self._cache.get(f"email/{email.lower()}", load)

    async def users(self) -> list[Json]:
        """Everybody in the workspace, deactivated users included."""
        return await self._cache.get(
            "users", lambda: self._client.rows("users.list", "members", most=MOST_LISTED)
        )

    async def channel(self, channel_id: str) -> Json:
        """A channel as it is now, with the number of its members; raises `Rejected` where it is unknown."""
        found: Json = (
            await self._client.read("conversations.info", channel=channel_id, include_num_members=True)
        )["channel"]
        return found

    async def channels(self, kinds: str = ROOMS, *, is_member: bool = False) -> list[Json]:
        """All channels of these kinds that the app can see, or only its own."""
        method = "users.conversations" if is_member else "conversations.list"

        async def load() -> list[Json]:
            self._read = await self._client.rows(
                method, "channels", most=MOST_LISTED, types=kinds, exclude_archived=True
            )
            return self._read

        return await self._cache.get(f"channels/{method}/{kinds}", load)

    async def names(self, user_ids: Iterable[str]) -> dict[str, Json]:
        """The users behind some ids, as far as they can be read; id → user."""
        ids = sorted(set(user_ids))[:MOST_NAMED]
        found = await together(self.user(user_id) for user_id in ids)
        return {user_id: user for user_id, user in zip(ids, found, strict=True) if user}

    async def channel_id(self, text: str, path: str = "channel") -> str:
        """The id of a channel that was named by id, `name` or `#name`."""
        if is_channel_id(text):
            return text
        name = text.removeprefix("#").lower()
        for is_member in (True, False):
            found = await self._called(name, is_member=is_member)
            if len(found) == 1:
                return str(found[0]["id"])
            if found:
                raise wrong(path, "fits several channels; give the id of one", _ids(found))
        near = sorted(each["name"] for each in await self.channels() if name in each.get("name", ""))
        raise wrong(path, "names no channel that this app can see", near[:CANDIDATES])

    async def user_id(self, text: str, path: str = "user") -> str:
        """The id of a user who was named by id, e-mail address, `name` or `@name`."""
        if is_user_id(text):
            return text
        if "@" in text.removeprefix("@"):
            found = await self.user_by_email(text)
            if found is None:
                raise wrong(path, "is the e-mail address of nobody in this workspace")
            return str(found["id"])
        ids = (await self.ids_of([text.removeprefix("@").lower()], path)).values()
        for user_id in ids:
            return user_id
        raise wrong(path, "names nobody in this workspace; slack_find_users finds people")

    async def ids_of(self, names: Iterable[str], path: str) -> dict[str, str]:
        """Name → id of the active user who is called exactly so; a name that fits several is refused."""
        wanted = set(names)
        fitting: dict[str, list[Json]] = {}
        for user in await self.users() if wanted else []:
            if not user.get("deleted"):
                for name in wanted & all_names(user):
                    fitting.setdefault(name, []).append(user)
        for name, users in fitting.items():
            if len(users) > 1:
                raise wrong(path, f"@{name} fits several people; write <@id> of one", _ids(users))
        return {name: str(users[0]["id"]) for name, users in fitting.items()}

    async def rooms_of(self, names: Iterable[str]) -> dict[str, str]:
        """Name → id of the channels that are called so; empty where they cannot be listed."""
        wanted = set(names)
        try:
            listed = await self.channels() if wanted else []
        except NotConnected:
            return {}
        return {each["name"]: str(each["id"]) for each in listed if each.get("name") in wanted}

    async def direct_channel(self, user_id: str) -> str | None:
        """The direct messages between the app and a user, where there are any."""
        listed = await self._client.rows("users.conversations", "channels", most=MOST_LISTED, types="im")
        return next((str(each["id"]) for each in listed if each.get("user") == user_id), None)

    async def _called(self, name: str, *, is_member: bool) -> list[Json]:
        """The listed channels that are called so now: a channel's name may have gone to another one."""
        while True:
            rows = await self.channels(is_member=is_member)
            found = [each for each in rows if each.get("name") == name]
            if rows is self._read or all(await together(self._has_name(each["id"], name) for each in found)):
                return found
            self._cache.forget("channels/")

    async def _has_name(self, channel_id: str, name: str) -> bool:
        channel = await self._found("conversations.info", "channel", channel=channel_id)
        return channel is not None and channel.get("name") == name

    async def _found(self, method: str, name: str, **params: Any) -> Json | None:
        try:
            found: Json = (await self._client.read(method, **params))[name]
        except Rejected as error:
            if error.code == "not_found":
                return None
            raise
        return found


def all_names(user: Json) -> set[str]:
    """What a user is called, in lower case."""
    profile = user.get("profile") or {}
    names = (user.get("name"), profile.get("display_name"), profile.get("real_name") or user.get("real_name"))
    return {name.lower() for name in names if name}


def shown_name(user: Json) -> str:
    """The name that Slack shows for a user."""
    profile = user.get("profile") or {}
    return str(
        profile.get("display_name") or profile.get("real_name") or user.get("real_name") or user.get("name")
    )


def _ids(rows: list[Json]) -> list[str]:
    return [str(row["id"]) for row in rows[:CANDIDATES]]
