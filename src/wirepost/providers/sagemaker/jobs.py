"""Answers that an endpoint of SageMaker gives later: `sagemaker.async`.

Nothing can be asked how it stands: the answer is there when its object is there.
https://docs.aws.amazon.com/sagemaker/latest/dg/async-inference-invoke-endpoint.html
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import orjson

from wirepost.contracts.jobs import JobKind, Look, Problem, Row, Seen
from wirepost.core.errors import NotConnected
from wirepost.providers.sagemaker.client import QUEUE_S, WORK_S, SageMakerClient
from wirepost.providers.sagemaker.models import ASYNC
from wirepost.upstream import parts, s3
from wirepost.upstream.faults import safe_words
from wirepost.upstream.s3 import Place, Stored
from wirepost.upstream.stream import LineTooLong

MOST_WORDS = 4096
"""Bytes of a failure that are read."""
SHOWN = 4 * 1024 * 1024
"""Bytes of an answer that is one text; of a larger one the beginning is kept, and where the rest is."""
_HIDDEN = (
    "AWS does not tell whether the answer is there: without s3:ListBucket it refuses what is absent as well"
)


async def look_at(look: Look[SageMakerClient]) -> Seen:
    """Look for the answer, then for the failure; past the longest time that was allowed, neither comes."""
    output, is_told = await _find(look, "output")
    if output is not None:
        return Seen("succeeded")
    failure, is_failure_told = await _find(look, "failure")
    if failure is not None:
        return Seen("failed", error=Problem("upstream_rejected", await _words(look, failure)))
    if look.now >= look.job.created_at + timedelta(seconds=QUEUE_S + WORK_S):
        return Seen("expired", error=Problem("timeout", "The endpoint has not answered in time"))
    return Seen("running", warnings=() if is_told and is_failure_told else (_HIDDEN,))


async def read_results(look: Look[SageMakerClient]) -> AsyncIterator[Row]:
    """The answer: its lines where all are JSON objects, else as one text, of which the end may be missing."""
    output, _ = await _find(look, "output")
    if output is None:
        return
    if await _is_lines(look, output):
        async for line in s3.lines(look.api, output):
            yield parts.parsed(line)
        return
    row: dict[str, Any] = {"body": await _text(look, output, SHOWN)}
    if output.size > SHOWN:
        row |= {"object": output.place.uri, "bytes": output.size, "is_cut": True}
    yield row


JOBS = (JobKind(ASYNC, "Invocation of SageMaker", look=look_at, results=read_results),)


async def _find(look: Look[SageMakerClient], name: str) -> tuple[Stored | None, bool]:
    """An object of the job, if it is there, and whether AWS has told that."""
    uri = look.job.details.get(name)
    if not uri:
        return None, True
    try:
        return await s3.find(look.api, Place.of(str(uri))), True
    except NotConnected as error:
        if error.code != "missing_scope":
            raise
        return None, False


async def _words(look: Look[SageMakerClient], failure: Stored) -> str:
    return safe_words(await _text(look, failure, MOST_WORDS)) or "AWS does not say why"


async def _text(look: Look[SageMakerClient], stored: Stored, most: int) -> str:
    begin = Stored(stored.place, min(stored.size, most))
    content = b"".join([piece async for piece in s3.pieces(look.api, begin)])
    return content.decode(errors="replace")


async def _is_lines(look: Look[SageMakerClient], output: Stored) -> bool:
    """Whether every line is a JSON object: only its end tells, so it is read once for that alone."""
    number = 0
    try:
        async for line in s3.lines(look.api, output):
            if not isinstance(orjson.loads(line), dict):
                return False
            number += 1
    except (orjson.JSONDecodeError, LineTooLong):
        return False
    return number > 0
