"""A provider whose jobs go as a test says: a kind of its own on the sample vendor."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from support.sample_vendor import SAMPLE, connection
from support.samples import SampleClient
from wirepost.connections.connections import Connections
from wirepost.contracts.jobs import JobKind, Look, Seen
from wirepost.core.clock import Clock
from wirepost.core.errors import Rejected
from wirepost.upstream.ask import Ask

KIND = "sample.report"
GONE = Rejected("not_found", "No such report")


@dataclass
class FarJobs:
    """What the provider answers: each look takes the next of `seen`, the last one stays."""

    seen: list[Seen | Exception] = field(default_factory=lambda: [Seen("running")])
    rows: Sequence[Mapping[str, Any] | Exception] = ()
    looks: list[Look[Any]] = field(default_factory=list)
    cancelled: list[str] = field(default_factory=list)

    def kind(self, **options: Any) -> JobKind[Any]:
        """The kind that looks here."""
        given = {"look": self._look, "results": self._results, "cancel": self._cancel, **options}
        return JobKind(KIND, "Report", **given)

    def connections(self, clock: Clock, **options: Any) -> Connections:
        """One connection named `sample`, to a provider with that kind."""
        kind = self.kind(**options)
        provider = replace(SAMPLE, load_jobs=lambda: (kind,))
        return Connections({"sample": connection(clock=clock, provider=provider)})

    async def _look(self, look: Look[SampleClient]) -> Seen:
        self.looks.append(look)
        answer = self.seen.pop(0) if len(self.seen) > 1 else self.seen[0]
        if isinstance(answer, Exception):
            raise answer
        return answer

    async def _results(self, look: Look[SampleClient]) -> AsyncIterator[Mapping[str, Any]]:
        for row in self.rows:
            if isinstance(row, Exception):
                raise row
            yield row

    async def _cancel(self, look: Look[SampleClient]) -> None:
        note = _note(look.job.provider_id)
        await look.api.send(
            Ask("POST", "/notes", content=note, headers={"x-key": look.job.id}, key="k", is_write=True)
        )
        self.cancelled.append(look.job.provider_id)


def _note(name: str) -> bytes:
    """The body of a request that the sample vendor takes."""
    return b'{"id": "%s", "intent": null}' % name.encode()
