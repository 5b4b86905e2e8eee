"""`ClaudeRoutineSink`: a routine of Claude Code that is started in the cloud (preview; may change any day).

https://code.claude.com/docs/en/routines
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar
from urllib.parse import quote

import orjson

from wirepost.core.errors import ConfigError
from wirepost.notifications.sinks.http import USER_AGENT, posted
from wirepost.notifications.sinks.sink import Sent, Sink, TryAgain, verdict

if TYPE_CHECKING:
    from wirepost.notifications.outgoing import Outgoing
    from wirepost.secrets.resolve import Secrets
    from wirepost.settings import events as options
    from wirepost.upstream.guard import Poster

BETA, VERSION = "experimental-cc-routine-2026-04-01", "2023-06-01"
TIMEOUT_S = 30.0
UNAUTHORIZED = 401


class ClaudeRoutineSink(Sink):
    """Starts one routine."""

    kind: ClassVar[str] = "claude_routine"
    starts_models: ClassVar[bool] = True
    surplus = "counted"

    def __init__(
        self, name: str, settings: options.ClaudeRoutineSink, secrets: Secrets, poster: Poster
    ) -> None:
        super().__init__(name, timeout_s=TIMEOUT_S, concurrency=1)
        self._settings, self._secrets, self._poster = settings, secrets, poster
        self._url = f"{settings.base_url}/v1/claude_code/routines/{quote(settings.routine, safe='')}/fire"

    async def send(self, outgoing: Outgoing) -> Sent:
        """Start it with the operator's prompt and the event as data behind it; raises what a sink does."""
        reference = self._settings.token
        try:
            token = await self._secrets.resolve(reference)
        except ConfigError:
            raise TryAgain("the token cannot be read") from None
        text = f"{self._settings.prompt}\n\n{outgoing.block_for_models()}"
        headers = {
            "authorization": f"Bearer {token}",
            "anthropic-beta": BETA,
            "anthropic-version": VERSION,
            "content-type": "application/json",
            "user-agent": USER_AGENT,
        }
        said = await posted(self._poster, self._url, orjson.dumps({"text": text}), headers, self.timeout_s)
        if said.status == UNAUTHORIZED:
            self._secrets.forget(reference, token)
            raise TryAgain("the token is not accepted", status=said.status)
        return verdict(said.status, said.retry_after_s)
