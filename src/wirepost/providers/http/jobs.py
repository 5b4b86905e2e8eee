"""Jobs that the configuration describes: `http.job`."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import orjson

from wirepost.contracts.jobs import JobKind, Look, Problem, Row, Seen
from wirepost.core.errors import InvalidCall
from wirepost.core.text import clean_line, cut
from wirepost.providers.http.client import HttpClient
from wirepost.upstream import faults

if TYPE_CHECKING:
    from wirepost.settings.http_jobs import HttpJobSettings
    from wirepost.upstream.ask import Answer

KIND = "http.job"
MAX_MESSAGE = 500
MOST_BYTES = 8 * 1024 * 1024
"""Of a result that has to be read as a whole: JSON, or text."""
_LINES = frozenset(
    {"application/x-ndjson", "application/ndjson", "application/jsonl", "application/x-jsonlines"}
)


def described(api: HttpClient, name: str) -> HttpJobSettings:
    """What the configuration says of a job; raises `InvalidCall`."""
    jobs: Mapping[str, HttpJobSettings] = api.options.jobs
    found = jobs.get(name)
    if found is None:
        raise InvalidCall(
            "invalid_arguments",
            f"The connection describes no job {name[:60]!r}",
            hint="An operator can describe one under `jobs` of the connection",
            fields=[{"path": "job", "problem": "is unknown", "allowed": sorted(jobs)}],
        )
    return found


def provider_id(name: str, job_id: str) -> str:
    """The name of a job among all of one service, whose ids are those of one sort each."""
    return f"{name}/{job_id}"


def at(value: Any, place: str) -> Any:
    """What stands in JSON at a place such as `data.items.0`; `None` where nothing does."""
    for name in place.split("."):
        if isinstance(value, list) and name.isdecimal():
            value = value[int(name)] if int(name) < len(value) else None
        elif isinstance(value, dict):
            value = value.get(name)
        else:
            return None
    return value


async def look_at(look: Look[HttpClient]) -> Seen:
    """Ask how it stands."""
    about, job_id = _about(look)
    answer = _json(await look.api.get(_path(about.status, job_id)))
    state = at(answer, about.state)
    word = "" if state is None else clean_line(str(state), 80)
    status = about.states.get(word, "running")
    return Seen(
        status=status,
        provider_status=word or None,
        done=_number(at(answer, about.done)) if about.done else None,
        total=_number(at(answer, about.total)) if about.total else None,
        error=_problem(answer, about, word) if status == "failed" else None,
        warnings=() if word else (f"The service's answer has no state at {about.state}",),
    )


async def read_results(look: Look[HttpClient]) -> AsyncIterator[Row]:
    """The rows of its result, or the whole of it as one; only tables and lines may be large."""
    about, job_id = _about(look)
    async with look.api.stream_of(_path(about.result or about.status, job_id)) as answer:
        if answer.content_type == "text/csv":
            async for row in answer.table():
                yield row
        elif answer.content_type in _LINES:
            async for line in answer.lines():
                yield _object(_value(line))
        else:
            for value in _rows(await answer.whole(MOST_BYTES), about.rows):
                yield _object(value)


async def ask_end(look: Look[HttpClient]) -> None:
    """Ask for its end; raises `InvalidCall` where the configuration does not say how."""
    about, job_id = _about(look)
    if about.cancel is None:
        raise InvalidCall("unsupported_by_provider", "The connection does not say how this job is cancelled")
    await look.api.write(about.cancel.method, _path(about.cancel.path, job_id))


JOBS = (JobKind(KIND, "Job of a service", look=look_at, results=read_results, cancel=ask_end),)


def _about(look: Look[HttpClient]) -> tuple[HttpJobSettings, str]:
    name, _, job_id = look.job.provider_id.partition("/")
    return described(look.api, name), job_id


def _path(template: str, job_id: str) -> str:
    return template.replace("{id}", quote(job_id, safe=""))


def _json(answer: Answer) -> Any:
    try:
        return answer.json()
    except ValueError:
        raise faults.not_understood("The service") from None


def _number(value: Any) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _problem(answer: Any, about: HttpJobSettings, state: str) -> Problem:
    told = at(answer, about.error) if about.error else None
    text = told if isinstance(told, str) else orjson.dumps(told).decode() if told is not None else state
    return Problem("upstream_rejected", cut(text, MAX_MESSAGE))


def _object(value: Any) -> Row:
    return value if isinstance(value, dict) else {"value": value}


def _value(line: bytes) -> Any:
    try:
        return orjson.loads(line)
    except orjson.JSONDecodeError:
        raise faults.not_understood("The service") from None


def _rows(body: bytes, place: str | None) -> list[Any]:
    try:
        value = orjson.loads(body)
    except orjson.JSONDecodeError:
        return _lines(body)
    if place is not None:
        value = at(value, place)
    return value if isinstance(value, list) else [value]


def _lines(body: bytes) -> list[Any]:
    """JSON lines, or a text that is one row."""
    try:
        return [orjson.loads(line) for line in body.splitlines() if line.strip()]
    except orjson.JSONDecodeError:
        return [{"text": body.decode(errors="replace")}]
