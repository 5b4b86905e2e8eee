"""`Round`: what a person was asked in the course of one call, kept by the client under the server's seal."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Self

import orjson


@dataclass(frozen=True)
class Round:
    """The state between two rounds of a call; nothing in it is secret for the one who calls."""

    confirmation: str | None = None
    """Of the plan that was shown, if that was the question."""
    connection: str | None = None
    """To which a link leads, if that was the question."""
    since: float = 0.0
    """When the call that ended with the link began, in seconds since 1970."""
    had_link: bool = False
    """A link was shown within this call: there is no second one."""

    @classmethod
    def read(cls, state: str | None) -> Self:
        """What came back; nothing was asked in the first round."""
        return cls() if state is None else cls(**orjson.loads(state))

    def written(self) -> str:
        """What the client keeps."""
        return orjson.dumps(asdict(self)).decode()
