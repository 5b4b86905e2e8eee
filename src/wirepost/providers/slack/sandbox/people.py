"""Tokens and users."""

from __future__ import annotations

from wirepost.providers.slack.sandbox.wire import Given, Refused, Row, page
from wirepost.providers.slack.sandbox.workspace import BOT, NAME, TEAM, URL

MOST = 1000


def whoami(given: Given) -> Row:
    """auth.test."""
    user = given.workspace.users[given.token.user]
    answer = {"url": URL, "team": NAME, "user": user["name"], "team_id": TEAM, "user_id": user["id"]}
    if given.token.is_bot:
        answer["bot_id"] = BOT
    return {**answer, "is_enterprise_install": False}


def one(given: Given) -> Row:
    """users.info."""
    user = given.workspace.users.get(given.text("user"))
    if user is None:
        raise Refused("user_not_found")
    return {"user": _shown(given, user)}


def by_email(given: Given) -> Row:
    """users.lookupByEmail; deactivated users are not found."""
    wanted = given.text("email").lower()
    for user in given.workspace.users.values():
        if user["profile"].get("email", "").lower() == wanted and wanted and not user["deleted"]:
            return {"user": _shown(given, user)}
    raise Refused("users_not_found")


def listing(given: Given) -> Row:
    """users.list."""
    rows, metadata = page(list(given.workspace.users.values()), given, MOST, MOST)
    shown = [_shown(given, row) for row in rows]
    return {"members": shown, "cache_ts": given.workspace.now, "response_metadata": metadata}


def _shown(given: Given, user: Row) -> Row:
    """E-mail addresses are shown to those who may see them."""
    if "users:read.email" in given.token.scopes:
        return user
    return {**user, "profile": {name: value for name, value in user["profile"].items() if name != "email"}}
