"""Slack's requests: the Events API, clicks and windows, and commands, at one address.

https://docs.slack.dev/apis/events-api, https://docs.slack.dev/authentication/verifying-requests-from-slack
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl, urlencode

import orjson

from wirepost.providers.slack.interactions import COMMAND, command, interaction
from wirepost.providers.slack.items import TYPES, around_of, item_of
from wirepost.webhooks.incoming import Incoming, Reply
from wirepost.webhooks.reading import fingerprint, form, needed, parse_json, parse_object, seconds, text
from wirepost.webhooks.replies import as_json
from wirepost.webhooks.samples import sample_file, unknown_type, with_fields
from wirepost.webhooks.schemes.hmacs import SLACK
from wirepost.webhooks.verdict import Verified
from wirepost.webhooks.webhook import Item, Reading, Terms, Unmapped, Webhook

FORM = "application/x-www-form-urlencoded"
JSON = "application/json"
_LIMITED = "app_rate_limited"


def read(request: Incoming, verified: Verified, terms: Terms) -> Reading:
    """What a request says; raises `Unmapped`."""
    del verified
    return Reading([_item(request, terms)])


async def greet(request: Incoming, terms: Terms) -> Reply | None:
    """The answer to Slack's look at the certificate, which may come unsigned."""
    del terms
    if request.method != "POST":
        return Reply() if request.query.get("ssl_check") == "1" else None
    is_check = b"ssl_check=1" in request.body and dict(_pairs(request.body)).get("ssl_check") == "1"
    return Reply() if is_check else None


async def reply(request: Incoming, terms: Terms) -> Reply | None:
    """The answer to the challenge with which an address is set up."""
    del terms
    if b"url_verification" not in request.body or not _is_json(request.body):
        return None
    try:
        body = parse_object(request.body)
    except Unmapped:
        return None
    if body.get("type") != "url_verification":
        return None
    return as_json({"challenge": text(body.get("challenge")) or ""})


def _item(request: Incoming, terms: Terms) -> Item:
    own = frozenset(terms.settings.own_ids)
    if not _is_json(request.body):
        fields = form(request.body)
        if "payload" in fields:
            return interaction(_object(fields["payload"].encode("utf-8", "replace")), own)
        return command(fields, own)
    body = parse_object(request.body)
    kind = needed(body.get("type"), "type")
    if kind == _LIMITED:
        return _limited(body)
    if kind != "event_callback":
        raise Unmapped("is of a type that is no event")
    event = body.get("event")
    if not isinstance(event, dict):
        raise Unmapped("has no event")
    return item_of(event, around_of(body, own, _attempt(request)))


def _limited(body: Mapping[str, Any]) -> Item:
    """Slack left out events for a minute, because there were too many."""
    minute, team = body.get("minute_rate_limited"), text(body.get("team_id"))
    return Item(
        type="slack.app_rate_limited",
        provider_type=_LIMITED,
        summary="Slack left out events for a minute, because there were more than 30,000 in an hour",
        data={"minute": minute} if isinstance(minute, int) else {},
        subject=f"workspace/{team}" if team else None,
        key=f"{_LIMITED}:{fingerprint(team, minute)}",
        time=seconds(minute),
        account=team,
    )


def _attempt(request: Incoming) -> int:
    """Slack counts what it sends again; the first time is not counted."""
    number = dict(request.headers).get("x-slack-retry-num", "")
    return int(number) + 1 if number.isascii() and number.isdecimal() and len(number) < 4 else 1  # noqa: PLR2004


def _is_json(body: bytes) -> bool:
    """By what it is, and not by what its header says; forms start with a name."""
    return body.lstrip()[:1] == b"{"


def _object(body: bytes) -> dict[str, Any]:
    value = parse_json(body)
    if not isinstance(value, dict):
        raise Unmapped("has a payload that is no object")
    return value


def _pairs(body: bytes) -> list[tuple[str, str]]:
    return parse_qsl(body[:2000].decode("utf-8", "replace"), keep_blank_values=True)


_SAMPLES = {
    "message": "message",
    "message.posted": "message",
    "app_mention": "app_mention",
    "message.mentioned": "app_mention",
    "message.message_changed": "message.message_changed",
    "message.edited": "message.message_changed",
    "message.message_deleted": "message.message_deleted",
    "message.deleted": "message.message_deleted",
    "message.file_share": "message.file_share",
    "file.shared": "message.file_share",
    "block_actions": "block_actions",
    "slack.block_actions": "block_actions",
    "view_submission": "view_submission",
    "slack.view_submission": "view_submission",
}


def sample(kind: str, fields: Mapping[str, Any]) -> tuple[Mapping[str, str], bytes]:
    """A request as Slack would send it, each time with other ids; raises `ValueError`."""
    if kind in {COMMAND, "slash_command"}:
        return {"content-type": FORM}, _command(fields)
    name = _SAMPLES.get(kind)
    if name is None:
        raise unknown_type(kind, [*_SAMPLES, COMMAND])
    body = orjson.loads(sample_file(__package__, f"{name}.json"))
    event = body.get("event")
    if event is None:
        body["trigger_id"] = _trigger()
        payload = orjson.dumps(with_fields(body, fields)).decode()
        return {"content-type": FORM}, urlencode({"payload": payload}).encode()
    body["event_id"] = f"Ev{secrets.token_hex(5).upper()}"
    ts = f"{body['event_time']}.{secrets.randbelow(10**6):06}"
    event |= {"ts": ts, "event_ts": ts}
    return {"content-type": JSON}, orjson.dumps(with_fields(body, fields))


def _command(fields: Mapping[str, Any]) -> bytes:
    values = {
        "team_id": "T111",
        "team_domain": "test-domain",
        "channel_id": "C111",
        "channel_name": "random",
        "user_id": "W111",
        "user_name": "primary-owner",
        "command": "/hello-world",
        "text": "Hi",
        "api_app_id": "A111",
        "response_url": "https://hooks.slack.com/commands/T111/111/sample",
        "trigger_id": _trigger(),
    }
    return urlencode({**values, **{name: str(value) for name, value in fields.items()}}).encode()


def _trigger() -> str:
    return f"{secrets.randbelow(10**12)}.111.{secrets.token_hex(8)}"


STEPS = """\
1. Open https://api.slack.com/apps and your app; under App Manifest merge this into the manifest and save:

   oauth_config:
     scopes:
       bot: [app_mentions:read, channels:history, groups:history, im:history, mpim:history, commands]
   settings:
     event_subscriptions:
       request_url: {url}
       bot_events: [app_mention, message.channels, message.groups, message.im, message.mpim]
     interactivity:
       is_enabled: true
       request_url: {url}

   Slack asks the address at once whether it is yours: the server must run, with the secret of step 2.
2. Under Basic Information, App Credentials, copy the Signing Secret to where `secrets` of the webhook says.
3. Under Install App install it again, because the scopes have changed; in channels type /invite @app.
4. For a command, open Slash Commands, Create New Command, and give {url} as its Request URL.
"""

WEBHOOK = Webhook(
    name="slack",
    title="Slack",
    scheme=SLACK,
    read=read,
    types=TYPES,
    greet=greet,
    reply=reply,
    # Windows and commands show whatever the answer holds, so it holds nothing:
    # https://docs.slack.dev/surfaces/modals#close_current_view
    accepted=Reply(),
    methods=frozenset({"POST", "GET"}),
    sample=sample,
    sign=SLACK.sign,
    steps=STEPS,
)
