"""Users: find them."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from wirepost.providers.slack.arguments import wrong
from wirepost.providers.slack.client import Json, SlackClient, together
from wirepost.providers.slack.directory import Directory, all_names
from wirepost.providers.slack.models import User
from wirepost.tools.context import Call
from wirepost.tools.results import Page
from wirepost.tools.tool import Risk, tool


@tool(
    Risk.READ,
    scopes=["users:read"],
    example={"email": "frida@nordlicht.example"},
    long_help="""
    Give exactly one of email, ids and name_contains. An e-mail address needs the scope users:read.email
    and is the surest way. is_external marks people of other organizations in shared channels.
    """,
)
async def slack_find_users(
    call: Call[SlackClient],
    *,
    email: str | None = None,
    ids: Annotated[list[str] | None, Field(max_length=40)] = None,
    name_contains: Annotated[str | None, Field(min_length=2, description="Of handle or name")] = None,
) -> Page[User]:
    """Find users by e-mail address, ids or a part of their name."""
    if sum(each is not None for each in (email, ids, name_contains)) != 1:
        raise wrong("email", "or ids or name_contains is needed, and only one of them")
    directory = Directory(call.api)
    rows = await _rows(directory, email, ids, name_contains)
    start = call.position or ""
    left = [row for row in sorted(rows, key=_position) if _position(row) > start]
    shown, me = left[: call.limit], await directory.me()
    return Page(
        [User.read(row, me) for row in shown],
        has_more=len(left) > len(shown),
        after=[_position(row) for row in shown],
        total=len(rows),
        total_is="exact",
    )


async def _rows(
    directory: Directory, email: str | None, ids: list[str] | None, name_contains: str | None
) -> list[Json]:
    if email is not None:
        found = await directory.user_by_email(email)
        return [found] if found else []
    if ids is not None:
        return [user for user in await together(directory.user(each) for each in dict.fromkeys(ids)) if user]
    wanted = (name_contains or "").removeprefix("@").lower()
    return [user for user in await directory.users() if any(wanted in name for name in all_names(user))]


def _position(row: Json) -> str:
    return f"{row.get('name') or ''}/{row['id']}"
