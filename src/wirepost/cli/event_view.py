"""What commands show of an event: itself, how it came, and what became of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import typer

from wirepost.cli.output import plain

if TYPE_CHECKING:
    from wirepost.cli.post import Post
    from wirepost.events.event import Event
    from wirepost.events.raw import RawRequest
    from wirepost.events.trace import Trace
    from wirepost.notifications.history import Way

_FACTS = (
    *("id", "type", "source", "environment", "subject", "summary", "time", "received_at"),
    *("provider_type", "provider_event_id", "account", "verified", "actor", "correlation_id"),
)


async def looked_at(post: Post, event_id: str, *, with_raw: bool = False) -> dict[str, Any]:
    """All that is known of an event, for programs; raises `Rejected` where there was never one of that id.

    That its request was read goes on record.
    """
    from wirepost.core.errors import Rejected
    from wirepost.events.trace import trace
    from wirepost.notifications.history import History

    found = await trace(post.database, event_id)
    if found is None:
        raise Rejected("not_found", f"There is no event {event_id[:60]!r}", hint="wirepost events list")
    log = post.hub.events
    event = await (log.get(event_id) if found.is_complete else log.incomplete(event_id))
    ways = await History(post.database, post.clock).of(event_id)
    shown = {
        "event": event.shown() if event else None,
        "received": _received(found),
        "deliveries": [_delivery(way) for way in ways],
    }
    if with_raw:
        await post.note("event.raw", id=event_id)
        request = await post.hub.raw.of_event(event_id)
        shown["request"] = shown_request(request) if request else None
    return shown


def row_of(event: Event) -> Sequence[object]:
    """When it was received, its type, source, subject, summary and id."""
    received = time_of(event.received_at)
    return received, event.type, event.source, event.subject, event.summary, event.id


def line_of(event: Event) -> str:
    """The same on one line, for people who watch."""
    received, kind, source, subject, summary, event_id = row_of(event)
    return plain(f"{received}  {kind}  {source}  {subject or '-'}  {summary}  {event_id}")


def shown_request(request: RawRequest) -> dict[str, Any]:
    """A request as it came, without its secrets."""
    return {
        "received_at": time_of(request.received_at),
        "method": request.method,
        "url": request.url,
        "headers": [list(each) for each in request.headers],
        "body": request.body.decode("utf-8", "replace"),
    }


def print_event(event: Mapping[str, Any] | None) -> None:
    """What it says."""
    if event is None:
        typer.echo("What it said is forgotten.")
        return
    import orjson

    facts = [(name, event[name]) for name in _FACTS if event[name] is not None]
    _print_facts([(name, _words(value)) for name, value in facts])
    typer.echo(f"\ndata{' (cut)' if event['data_truncated'] else ''}")
    for line in orjson.dumps(event["data"], option=orjson.OPT_INDENT_2).decode().splitlines():
        typer.echo(f"  {plain(line)}")
    if event["untrusted"]:
        typer.echo(plain(f"written by outsiders: {', '.join(event['untrusted'])}"))


def print_trace(
    event: Mapping[str, Any] | None, received: Mapping[str, Any], deliveries: Sequence[Mapping[str, Any]]
) -> None:
    """How it came, and where it was brought."""
    typer.echo("\nreceived")
    _print_facts([(f"  {name}", _words(value)) for name, value in received.items() if value is not None])
    typer.echo(f"\n{'deliveries' if deliveries else _nowhere(event)}")
    for each in deliveries:
        state = f"{each['state']}, attempt {each['attempt']}"
        again = " (replay)" if each["copy"] else ""
        typer.echo(plain(f"  {each['subscription']} by {each['sink']}{again}: {state}{_reason(each)}"))
        for attempt in each["attempts"]:
            at, took = attempt["at"], f"{attempt['took_s']:.3f} s"
            typer.echo(plain(f"    {attempt['number']}. {at}: {attempt['outcome']}, {took}"))


def print_request(request: Mapping[str, Any] | None) -> None:
    """A request as it came, with the line breaks of its body and nothing else that moves the cursor."""
    if request is None:
        typer.echo("\nthe request is not kept any more, or there was none")
        return
    typer.echo("")
    typer.echo(plain(f"{request['method']} {request['url']}"))
    for name, value in request["headers"]:
        typer.echo(plain(f"{name}: {value}"))
    typer.echo("")
    for line in request["body"].splitlines():
        typer.echo(plain(line))


def _nowhere(event: Mapping[str, Any] | None) -> str:
    """Why there are no deliveries, as far as the event tells."""
    if event is None:
        return "no deliveries are kept"
    if event["actor"]["kind"] == "self":
        return "no subscription wanted it; they leave out what calls of this server cause (exclude_self)"
    return "no subscription wanted it"


def _received(found: Trace) -> dict[str, Any]:
    raw, proof = found.receipt.get("raw", {}), found.receipt.get("verification", {})
    repeats = [{"at": time_of(each.at), "outcome": each.outcome, **each.details} for each in found.repeats]
    return {
        "endpoint": found.endpoint or None,
        "scheme": proof.get("scheme"),
        "secret": proof.get("secret"),
        "bytes": raw.get("bytes"),
        "is_complete": found.is_complete,
        "request_kept": found.has_request,
        "duplicates": len(repeats),
        "repeats": repeats or None,
    }


def _delivery(way: Way) -> dict[str, Any]:
    return {
        "subscription": way.subscription,
        "sink": way.sink,
        "copy": way.copy,
        "state": way.state,
        "attempt": way.attempt,
        "merged": way.merged,
        "created_at": time_of(way.created_at),
        "pushed_at": time_of(way.pushed_at),
        "fetched_at": time_of(way.fetched_at),
        "ended_at": time_of(way.ended_at),
        "reason": way.reason,
        "attempts": [
            {
                "number": each.number,
                "at": time_of(each.at),
                "took_s": each.took_s,
                "outcome": each.outcome,
                "details": each.details,
            }
            for each in way.attempts
        ],
    }


def _reason(delivery: Mapping[str, Any]) -> str:
    told = [f"{name} {delivery[f'{name}_at']}" for name in ("pushed", "fetched") if delivery[f"{name}_at"]]
    if delivery["reason"]:
        told.append(delivery["reason"])
    return "".join(f", {each}" for each in told)


def _print_facts(facts: Sequence[tuple[str, str]]) -> None:
    width = max(len(name) for name, _ in facts)
    for name, value in facts:
        typer.echo(plain(f"{name.ljust(width)}  {value}"))


def _words(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, dict):
        return ", ".join(str(each) for each in value.values() if each is not None)
    if isinstance(value, list):
        return "; ".join(_words(each) for each in value)
    return str(value)


def time_of(at: float | None) -> str | None:
    """Seconds since 1970 in RFC 3339."""
    from wirepost.core.times import from_epoch

    return from_epoch(at)
