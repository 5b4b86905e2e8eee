"""`wirepost webhooks`: where providers send their events, set up, looked at, given new secrets."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Annotated, Any

import typer

from wirepost.cli.findings.report import has_failed, print_findings
from wirepost.cli.options import Config, DataDir, Json, command_group, read_settings
from wirepost.cli.output import FAILED, print_json, print_note, print_table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from wirepost.cli.findings.finding import Finding
    from wirepost.cli.post import Post
    from wirepost.core.errors import InvalidCall
    from wirepost.events.endpoints import Endpoint
    from wirepost.events.setup import Done, WebhookSetup
    from wirepost.settings import Settings

    Work = Callable[[WebhookSetup, Endpoint], Awaitable[list[Done] | InvalidCall]]
    """What was done, or why a person has to do it."""

app = command_group("Set up webhooks at providers, and see what they have sent.")

Connection = Annotated[str, typer.Argument(help="Name of the connection.")]
EndpointName = Annotated[
    str | None, typer.Option("--endpoint", help="Which of its endpoints.", show_default="its only one")
]


@app.command()
def senders(*, as_json: Json = False) -> None:
    """List the senders whose requests are understood, besides the providers themselves."""
    from wirepost.senders import load_sender, sender_names

    shown = [(name, load_sender(name).title) for name in sender_names()]
    if as_json:
        print_json([{"sender": name, "title": title} for name, title in shown])
    else:
        print_table(("sender", "title"), shown)


@app.command("list")
def list_endpoints(*, config: Config = None, data_dir: DataDir = None, as_json: Json = False) -> None:
    """List the endpoints, what proves their requests, and when the last one came."""
    rows = asyncio.run(_rows(read_settings(config, data_dir).settings))
    if as_json:
        print_json(rows)
    elif not rows:
        print_note("no connection receives webhooks; webhooks: {default: {}} under one opens an endpoint")
    else:
        columns = ("connection", "endpoint", "sender", "secrets", "last_event", "events_24h", "dead", "url")
        print_table(columns, [[row[column] for column in columns] for row in rows])


@app.command()
def setup(
    connection: Connection,
    *,
    endpoint: EndpointName = None,
    types: Annotated[
        list[str] | None,
        typer.Option("--type", help="Only this type, in the provider's words; may be repeated."),
    ] = None,
    config: Config = None,
    data_dir: DataDir = None,
    as_json: Json = False,
) -> None:
    """Create or repair the webhook at the provider; where it has no API, print what to do there."""

    async def work(setup: WebhookSetup, at: Endpoint) -> list[Done] | InvalidCall:
        from wirepost.core.errors import InvalidCall

        try:
            return await setup.set_up(types or _all_types(at))
        except InvalidCall as error:
            if error.code != "unsupported_by_provider":
                raise
            return error

    _change(read_settings(config, data_dir).settings, connection, endpoint, work, as_json=as_json)


@app.command()
def rotate(
    connection: Connection,
    *,
    endpoint: EndpointName = None,
    finish: Annotated[
        bool, typer.Option("--finish", help="Stop believing the old secret, once nothing uses it any more.")
    ] = False,
    config: Config = None,
    data_dir: DataDir = None,
    as_json: Json = False,
) -> None:
    """Give the webhook a new secret; the old one is believed until `--finish`."""

    async def work(setup: WebhookSetup, _: Endpoint) -> list[Done] | InvalidCall:
        if not finish:
            done = await setup.rotate()
            print_note(f"both secrets are believed until: wirepost webhooks rotate {connection} --finish")
            return done
        gone = await setup.forget_old()
        print_note(f"no longer believed: {gone} old secrets")
        return []

    _change(read_settings(config, data_dir).settings, connection, endpoint, work, as_json=as_json)


@app.command()
def verify(
    connection: Connection,
    *,
    endpoint: EndpointName = None,
    config: Config = None,
    data_dir: DataDir = None,
    as_json: Json = False,
) -> None:
    """Check an endpoint from its secret to the provider's side; stores nothing."""
    findings = asyncio.run(_verify(read_settings(config, data_dir).settings, connection, endpoint))
    failed = has_failed(findings)
    if as_json:
        print_json({"ok": not failed, "findings": [finding.shown() for finding in findings]})
    else:
        print_findings(findings)
    if failed:
        raise typer.Exit(FAILED)


async def _verify(settings: Settings, connection: str, name: str | None) -> list[Finding]:
    from wirepost.cli.findings.webhooks import webhooks
    from wirepost.cli.post import post

    async with post(settings) as opened:
        return [finding async for finding in webhooks(opened, [opened.endpoint(connection, name)])]


def _all_types(endpoint: Endpoint) -> Sequence[str]:
    return sorted(endpoint.webhook.types)


def _change(settings: Settings, connection: str, name: str | None, work: Work, *, as_json: bool) -> None:
    async def run() -> tuple[list[Done] | InvalidCall, Endpoint]:
        from wirepost.cli.post import post

        async with post(settings) as opened:
            endpoint = opened.endpoint(connection, name)
            if endpoint.environment == "sandbox":
                print_note(f"{connection} is a sandbox: the server sends its webhooks by itself")
                return [], endpoint
            return await work(opened.setup(endpoint), endpoint), endpoint

    done, endpoint = asyncio.run(run())
    if not isinstance(done, list):
        _show_steps(endpoint, done, as_json=as_json)
        return
    rows = [(each.deed, each.place, each.hook.id, each.hook.url) for each in done]
    columns = ("done", "place", "id", "url")
    if as_json:
        print_json([dict(zip(columns, row, strict=True)) for row in rows])
    elif rows:
        print_table(columns, rows)


def _show_steps(endpoint: Endpoint, why: InvalidCall, *, as_json: bool) -> None:
    """What a person does at the provider, after why nothing else can."""
    steps = endpoint.webhook.steps.format(url=endpoint.url or "(set server.url first)")
    if as_json:
        shown = {"by_hand": True, "why": why.message, "hint": why.hint, "url": endpoint.url, "steps": steps}
        print_json(shown)
        return
    typer.echo(why.message if why.hint is None else f"{why.message}. {why.hint}.")
    typer.echo(f"\nBy hand:\n\n{steps}")


async def _rows(settings: Settings) -> list[dict[str, Any]]:
    from wirepost.cli.post import post

    async with post(settings) as opened:
        return [await _row(opened, each) for each in opened.hub.endpoints.all()]


async def _row(post: Post, endpoint: Endpoint) -> dict[str, Any]:
    from wirepost.core.errors import CallError, ConfigError
    from wirepost.core.times import from_epoch
    from wirepost.events.endpoints import path_of

    day_ago = post.clock.now().timestamp() - 86400
    place = (endpoint.source, endpoint.name)
    last = await post.database.read(
        "SELECT received_at FROM events WHERE source = ? AND endpoint = ? ORDER BY seq DESC LIMIT 1", *place
    )
    count = await post.database.read(
        "SELECT count(*) FROM events WHERE source = ? AND endpoint = ? AND received_at > ? LIMIT 1",
        *place,
        day_ago,
    )
    dead = await post.database.read(
        "SELECT count(*) FROM dead_letters WHERE source = ? AND endpoint = ? AND settled_at IS NULL LIMIT 1",
        *place,
    )
    try:
        labels = [each.label for each in (await endpoint.terms()).secrets]
        secrets = ", ".join(labels) or ("none" if endpoint.sender.is_signed else "its address")
    except (CallError, ConfigError) as error:
        secrets = f"missing: {error.message}"
    return {
        "connection": endpoint.source,
        "endpoint": endpoint.name,
        "sender": endpoint.webhook.name,
        "verify": endpoint.settings.verify,
        "paused": endpoint.settings.paused,
        "secrets": secrets if endpoint.settings.verify or not endpoint.sender.is_signed else "NOT CHECKED",
        "last_event": from_epoch(int(last[0][0])) if last else None,
        "events_24h": count[0][0],
        "dead": dead[0][0],
        "url": endpoint.url or path_of(*place),
    }
