"""What Slack's error words mean; most of them come with HTTP status 200 and `"ok": false`.

Each method's page lists its words, such as https://docs.slack.dev/reference/methods/chat.postMessage#errors.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, NamedTuple

from wirepost.core.errors import (
    CallError,
    FieldProblem,
    InvalidCall,
    NotConnected,
    OutcomeUnknown,
    Rejected,
    Unavailable,
)
from wirepost.upstream.faults import safe_words

Json = Mapping[str, Any]

_WORD = re.compile(r"[a-z0-9_.:-]{1,80}", re.ASCII)
_SCOPE = re.compile(r"[a-z0-9_.:-]{1,60}", re.ASCII)


class _Meaning(NamedTuple):
    """How one word is told: family, code, message, what to do, and the argument it is about."""

    family: type[CallError]
    code: str
    message: str
    hint: str | None = None
    path: str | None = None


_EXPIRED = _Meaning(
    NotConnected,
    "auth_expired",
    "Slack refused the token of this connection",
    "Install the app again, give the connection the new token, then run `wirepost doctor`",
)
_FAILING = _Meaning(Unavailable, "upstream_unavailable", "Slack is failing at the moment", "Try again later")
_LIMITED = _Meaning(Unavailable, "rate_limited", "Slack limits the rate of requests", "Wait, then try again")
_NO_CHANNEL = _Meaning(
    Rejected,
    "not_found",
    "Slack has no such channel, or this app cannot see it",
    "Find it with slack_list_channels; private channels are seen only after somebody invites the app",
)
_NO_USER = _Meaning(Rejected, "not_found", "Slack has no such user", "Find the user with slack_find_users")
_NO_MESSAGE = _Meaning(Rejected, "not_found", "There is no such message in this channel")
_NO_FILE = _Meaning(Rejected, "not_found", "Slack has no such file, or this app cannot see it")
_WRONG_KIND = _Meaning(
    NotConnected,
    "missing_scope",
    "This kind of token may not do that",
    "Searching needs a user token: an operator adds it as `user_key` of the connection",
)
_TOO_LONG = _Meaning(
    InvalidCall, "invalid_arguments", "The text is too long for Slack", "Send it as a file", "text"
)
_FORBIDDEN = _Meaning(
    Rejected, "upstream_rejected", "A setting of this workspace does not allow that", "Ask its administrators"
)


def _state(message: str, hint: str | None = None) -> _Meaning:
    return _Meaning(Rejected, "conflict", message, hint)


def _wrong(path: str, message: str) -> _Meaning:
    return _Meaning(InvalidCall, "invalid_arguments", message, None, path)


_MEANINGS: dict[str, _Meaning] = {
    **dict.fromkeys(
        (
            *("invalid_auth", "not_authed", "account_inactive", "token_revoked", "token_expired"),
            *("org_login_required", "two_factor_setup_required", "team_access_not_granted"),
        ),
        _EXPIRED,
    ),
    **dict.fromkeys(("internal_error", "fatal_error", "service_unavailable", "team_added_to_org"), _FAILING),
    **dict.fromkeys(("ratelimited", "rate_limited"), _LIMITED),
    **dict.fromkeys(("channel_not_found", "team_not_found"), _NO_CHANNEL),
    **dict.fromkeys(("user_not_found", "users_not_found", "user_not_visible"), _NO_USER),
    **dict.fromkeys(("message_not_found", "thread_not_found"), _NO_MESSAGE),
    **dict.fromkeys(("file_not_found", "file_deleted"), _NO_FILE),
    **dict.fromkeys(("not_allowed_token_type", "no_permission"), _WRONG_KIND),
    **dict.fromkeys(("msg_too_long", "msg_blocks_too_long", "markdown_text_too_long"), _TOO_LONG),
    **dict.fromkeys(
        (
            *("restricted_action", "restricted_action_read_only_channel", "ekm_access_denied"),
            *("restricted_action_thread_only_channel", "restricted_action_non_threadable_channel"),
            *("restricted_action_thread_locked", "access_denied", "team_access_not_allowed"),
            *("posting_to_general_channel_denied", "file_uploads_disabled"),
        ),
        _FORBIDDEN,
    ),
    "not_in_channel": _state(
        "This app is not a member of the channel", "Somebody in the channel must invite it: /invite @app"
    ),
    "is_archived": _state("The channel is archived"),
    "cant_update_message": _state("Only messages of this app can be changed"),
    "edit_window_closed": _state("The workspace does not allow to change a message so late"),
    "cant_delete_message": _state("Only messages of this app can be deleted"),
    "already_reacted": _state("This app has already reacted so"),
    "too_many_emoji": _state("The message has all the reactions it can have"),
    "too_many_reactions": _state("This app has all the reactions to the message that it can have"),
    "restricted_too_many": _state(
        "Slack takes at most 30 scheduled messages for one channel within five minutes",
        "Choose a time that is further away",
    ),
    "invalid_scheduled_message_id": _Meaning(
        Rejected, "not_found", "There is no such scheduled message; it may have been sent already"
    ),
    "no_text": _wrong("text", "The text is empty"),
    "invalid_name": _wrong("emoji", "This workspace has no such emoji"),
    "invalid_emoji": _wrong("emoji", "This workspace has no such emoji"),
    "bad_timestamp": _wrong("ts", "That is not the ts of a message"),
    "invalid_ts_latest": _wrong("before", "That is not a time Slack takes"),
    "invalid_ts_oldest": _wrong("after", "That is not a time Slack takes"),
    "time_in_past": _wrong("post_at", "The time is in the past"),
    "time_too_far": _wrong("post_at", "The time is more than 120 days away"),
    "invalid_cursor": _wrong("cursor", "The cursor is no longer valid; start again without it"),
    "invalid_email": _wrong("email", "That is not an e-mail address"),
}


def refused(body: Json, *, is_write: bool) -> CallError:
    """The error of an answer with `"ok": false`."""
    word = _word(body.get("error"))
    if word == "missing_scope":
        return _missing_scope(body)
    meaning = _MEANINGS.get(word)
    if meaning is None:
        message = f"Slack refused it: {word or 'it did not say why'}{_details(body)}"
        return Rejected("upstream_rejected", message, provider_code=word or None)
    if meaning is _FAILING and is_write:
        message = "Slack failed while it worked on this; it may have happened"
        return OutcomeUnknown("outcome_unknown", message, provider_code=word)
    fields = [FieldProblem(path=meaning.path, problem=meaning.message)] if meaning.path else []
    return meaning.family(meaning.code, meaning.message, hint=meaning.hint, provider_code=word, fields=fields)


def scopes(text: Any) -> list[str]:
    """Slack's list of permissions, which is separated by commas."""
    return sorted({scope for scope in re.split(r"[,\s]+", str(text or "")) if _SCOPE.fullmatch(scope)})


def _missing_scope(body: Json) -> NotConnected:
    needed, granted = scopes(body.get("needed")), scopes(body.get("provided"))
    return NotConnected(
        "missing_scope",
        f"The token of this connection may not do that: it needs {' or '.join(needed) or 'another scope'}",
        hint="Add the scope under OAuth & Permissions of the app, then install the app again",
        provider_code="missing_scope",
        detail={"needed": needed, "granted": granted},
    )


def _word(error: Any) -> str:
    return error if isinstance(error, str) and _WORD.fullmatch(error) else ""


def _details(body: Json) -> str:
    """What Slack adds to errors such as `invalid_arguments`."""
    metadata = body.get("response_metadata")
    messages = metadata.get("messages") if isinstance(metadata, Mapping) else None
    return f" ({safe_words(str(messages[0]))})" if isinstance(messages, list) and messages else ""
