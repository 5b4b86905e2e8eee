"""People press buttons: `POST /__sandbox/press`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from wirepost.providers.slack.sandbox.wire import Row
from wirepost.providers.slack.sandbox.workspace import USER, Workspace


def press(workspace: Workspace, given: Mapping[str, Any]) -> Row:
    """Let a person press a button; raises `ValueError` saying what there is.

    `option` is the text of the button, of the newest message that has it unless `ts` names one; `user` is an
    id or a name, by default somebody of the shop.
    """
    option, ts = given.get("option"), given.get("ts")
    user = _user(workspace, str(given.get("user") or USER))
    found = list(_buttons(workspace, ts))
    for channel, row, block, button in found:
        if button["text"]["text"] == option:
            if workspace.telling is not None:
                workspace.telling.pressed(channel, row, block, button, user)
            return {"pressed": option, "by": user, "channel": channel, "ts": row["ts"]}
    names = ", ".join(dict.fromkeys(button["text"]["text"] for *_, button in found)) or "none"
    msg = f"no button is called {str(option)[:80]!r}; there are: {names}"
    raise ValueError(msg)


def _buttons(workspace: Workspace, ts: Any) -> Iterator[tuple[str, Row, Row, Row]]:
    """Channel, message, block and button, newest message first."""
    rows = [
        (channel, row) for channel, rows in workspace.messages.items() for row in rows if row.get("blocks")
    ]
    for channel, row in sorted(rows, key=lambda each: str(each[1]["ts"]), reverse=True):
        if ts in {None, row["ts"]}:
            for block in row["blocks"]:
                for element in block.get("elements") or ():
                    if element.get("type") == "button":
                        yield channel, row, block, element


def _user(workspace: Workspace, name: str) -> str:
    user_id: str
    for user_id, row in workspace.users.items():
        if name in {user_id, row["name"], f"@{row['name']}"}:
            return user_id
    msg = f"nobody is called {name[:80]!r}"
    raise ValueError(msg)
