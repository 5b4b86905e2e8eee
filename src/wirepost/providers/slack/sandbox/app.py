"""`SlackSandbox`: Slack's Web API in memory."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping
from functools import partial
from typing import Any, ClassVar

import orjson

from wirepost.core.clock import Clock
from wirepost.providers.slack.sandbox import chat, conversations, files, people, search
from wirepost.providers.slack.sandbox.pressing import press
from wirepost.providers.slack.sandbox.telling import Telling
from wirepost.providers.slack.sandbox.wire import Given, Method, Refused, Row, Token, arguments_of
from wirepost.providers.slack.sandbox.workspace import BOT_USER, USER, Workspace
from wirepost.sandbox.faults import Fault
from wirepost.sandbox.vendor import Bucket, Request, Response, Sandbox
from wirepost.sandbox.world import SEED, World

LIMITED = 429
FAILED = 500
RESTRICTED_PAGE = 15

BOT_SCOPES = frozenset(
    {
        *("channels:read", "groups:read", "im:read", "mpim:read", "users:read", "users:read.email"),
        *("channels:history", "groups:history", "im:history", "mpim:history", "chat:write", "im:write"),
        *("reactions:write", "files:read", "files:write"),
    }
)
USER_SCOPES = frozenset(
    {"search:read.public", "search:read.private", "search:read.im", "search:read.mpim", "search:read"}
)

# Tiers: https://docs.slack.dev/apis/web-api/rate-limits
METHODS: dict[str, Method] = {
    "auth.test": Method(people.whoami, 100),
    "users.info": Method(people.one, 100, scopes=["users:read"]),
    "users.list": Method(people.listing, 20, scopes=["users:read"]),
    "users.lookupByEmail": Method(people.by_email, 50, scopes=["users:read.email"]),
    "users.conversations": Method(conversations.own, 50),
    "conversations.list": Method(conversations.listing, 20),
    "conversations.info": Method(conversations.one, 50),
    "conversations.history": Method(conversations.history, 50),
    "conversations.replies": Method(conversations.replies, 50),
    "conversations.open": Method(conversations.opened, 50),
    "chat.postMessage": Method(chat.post, 60, takes_json=True, scopes=["chat:write"]),
    "chat.update": Method(chat.update, 50, takes_json=True, scopes=["chat:write"]),
    "chat.delete": Method(chat.delete, 50, scopes=["chat:write"]),
    "chat.scheduleMessage": Method(chat.schedule, 50, takes_json=True, scopes=["chat:write"]),
    "chat.scheduledMessages.list": Method(chat.scheduled, 50),
    "chat.deleteScheduledMessage": Method(chat.unschedule, 50, scopes=["chat:write"]),
    "reactions.add": Method(chat.react, 50, scopes=["reactions:write"]),
    "files.info": Method(files.one, 100, scopes=["files:read"]),
    "files.getUploadURLExternal": Method(files.reserve, 100, scopes=["files:write"]),
    "files.completeUploadExternal": Method(files.complete, 100, scopes=["files:write"]),
    "assistant.search.context": Method(search.context, 20, is_for_users=True),
    "search.messages": Method(search.older, 20, is_for_users=True, scopes=["search:read"]),
}
_HISTORY = frozenset({"conversations.history", "conversations.replies"})
_TOKEN = re.compile(r"Bearer (xox[bp])-[\w-]+")


class SlackSandbox(Sandbox):
    """An imitation of Slack for trying and testing: real methods, encodings, pages, errors and tiers.

    Any token of the form `xoxb-…` is the app's, any `xoxp-…` a user's; `granted` and `user_granted` are
    their scopes. With `has_tiers` each method has Slack's own limit. `is_restricted` makes it treat the app
    as one that is distributed outside the marketplace: small pages of messages, one a minute. `most_rows`
    makes the pages of lists shorter than they are asked for, as Slack may do at any time.
    """

    vendor: ClassVar[str] = "slack"
    key: ClassVar[str] = "xoxb-sandbox-app"
    user_key: ClassVar[str] = "xoxp-sandbox-user"

    def __init__(
        self,
        world: World,
        clock: Clock,
        seed: int = SEED,
        *,
        accounts: Collection[str] = (),
        granted: Collection[str] = BOT_SCOPES,
        user_granted: Collection[str] = USER_SCOPES,
        has_tiers: bool = False,
        is_restricted: bool = False,
        most_rows: int | None = None,
    ) -> None:
        super().__init__(world, clock, seed, accounts=accounts)
        self.granted, self.user_granted = granted, user_granted
        self.has_tiers, self.is_restricted, self.most_rows = has_tiers, is_restricted, most_rows
        self.forget()

    def forget(self) -> None:
        """Drop everything that requests changed."""
        self._workspace: Workspace | None = None
        self._numbered = 0

    @property
    def workspace(self) -> Workspace:
        """The state, made from the world when it is first needed."""
        if self._workspace is None:
            self._workspace = Workspace(
                self.world,
                self.clock,
                most_rows=self.most_rows,
                page_of_history=RESTRICTED_PAGE if self.is_restricted else None,
            )
            self._workspace.telling = Telling(self._workspace, self.announce)
        return self._workspace

    def acts(self) -> Mapping[str, Callable[[Mapping[str, Any]], dict[str, Any]]]:
        """A person presses a button."""
        return {"press": partial(press, self.workspace)}

    def summary(self) -> dict[str, Any]:
        """How much the workspace holds."""
        return self.workspace.sizes()

    async def respond(self, request: Request, fault: Fault | None) -> Response:
        """Check, process, answer; whoever does not wait for the answer has sent it all the same."""
        try:
            if fault is not None and fault.kind == "slow":
                await self.clock.sleep(fault.delay_s)
        finally:
            response = self._answer(request, fault)
        self._numbered += 1
        response.headers["X-Slack-Req-Id"] = f"sandbox-{self._numbered:08}"
        return response

    def _answer(self, request: Request, fault: Fault | None) -> Response:
        failure = _on_demand(fault) if fault is not None and fault.kind == "status" else None
        if failure is not None and fault is not None and not fault.is_applied:
            return _refused(failure)
        self.workspace.deliver()
        if request.path.startswith("/upload/v1/"):
            response = files.received(self.workspace, request)
        elif request.path.startswith("/files-pri/"):
            response = files.given_out(self.workspace, self._known(request), request)
        else:
            response = self._method(request)
        return _refused(failure) if failure is not None else response

    def _method(self, request: Request) -> Response:
        try:
            token = self._token(request)
        except Refused as refusal:
            return _refused(refusal)
        try:
            response = _json(200, {"ok": True, **self._called(request, token)})
        except Refused as refusal:
            response = _refused(refusal)
        response.headers["X-OAuth-Scopes"] = ",".join(sorted(token.scopes))
        return response

    def _called(self, request: Request, token: Token) -> Row:
        name = request.path.rpartition("/")[2]
        method = METHODS.get(name)
        if method is None or request.path != f"/api/{name}":
            raise Refused("unknown_method", req_method=name)
        self._check_rate(name, method)
        if method.is_for_users and token.is_bot:
            raise Refused("not_allowed_token_type")
        if method.scopes:
            token.need(*method.scopes)
        host = request.headers.get("host", "")
        return method.act(Given(self.workspace, token, arguments_of(request, method), host))

    def _check_rate(self, name: str, method: Method) -> None:
        per_minute = 1 if self.is_restricted and name in _HISTORY else method.per_minute
        if (self.has_tiers or per_minute == 1) and name not in self.buckets:
            self.buckets[name] = Bucket(self.clock, per_minute / 60, per_minute)
        for scope in ("*", name):
            bucket = self.buckets.get(scope)
            if bucket is not None and not bucket.take():
                raise _limited(str(max(1, round(1 / bucket.per_s))))

    def _token(self, request: Request) -> Token:
        if "authorization" not in request.headers:
            raise Refused("not_authed")
        token = self._known(request)
        if token is None:
            raise Refused("invalid_auth")
        return token

    def _known(self, request: Request) -> Token | None:
        found = _TOKEN.fullmatch(request.headers.get("authorization", ""))
        if found is None:
            return None
        is_bot = found[1] == "xoxb"
        return Token(BOT_USER if is_bot else USER, is_bot, self.granted if is_bot else self.user_granted)


def _limited(retry_after: str | None) -> Refused:
    refusal = Refused("ratelimited", LIMITED)
    if retry_after is not None:
        refusal.headers["Retry-After"] = retry_after
    return refusal


def _on_demand(fault: Fault) -> Refused:
    if fault.status == LIMITED:
        return _limited(fault.retry_after)
    return Refused("internal_error" if fault.status >= FAILED else "invalid_auth", fault.status)


def _refused(refusal: Refused) -> Response:
    response = _json(refusal.status, refusal.body)
    response.headers.update(refusal.headers)
    return response


def _json(status: int, body: Row) -> Response:
    return Response(status, orjson.dumps(body))
