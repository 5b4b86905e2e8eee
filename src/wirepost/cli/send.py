"""`wirepost events send`: an event as a provider would send it, to the server that runs here."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Annotated, Any

import typer

from wirepost.cli.options import Config, DataDir, Json, Yes, confirm, read_settings
from wirepost.cli.output import FAILED, print_json
from wirepost.core.errors import ConfigError

if TYPE_CHECKING:
    from wirepost.cli.post import Post
    from wirepost.cli.sending import Answer
    from wirepost.events.endpoints import Endpoint
    from wirepost.settings import Settings
    from wirepost.webhooks.incoming import Incoming

_OK = range(200, 300)


def send(
    kind: Annotated[
        str | None, typer.Argument(metavar="TYPE", help="Ours or the provider's own.", show_default="any")
    ] = None,
    *,
    connection: Annotated[str | None, typer.Option(help="To which.", show_default="the one it fits")] = None,
    endpoint: Annotated[
        str | None, typer.Option("--endpoint", help="Which of its endpoints.", show_default="its only one")
    ] = None,
    changes: Annotated[
        list[str] | None, typer.Option("--set", help="path=value to change in it; may be repeated.")
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Print the request; send nothing.")] = False,
    yes: Yes = False,
    config: Config = None,
    data_dir: DataDir = None,
    as_json: Json = False,
) -> None:
    """Send an event to the running server as the provider would, signed."""
    from wirepost.cli.sending import changes_of, post_here
    from wirepost.events.endpoints import path_of
    from wirepost.store.owner import DataDirectory

    settings = read_settings(config, data_dir).settings
    changed = changes_of(changes or [])
    owner = DataDirectory(settings.data_dir).find_owner()
    url = owner.url if owner else None
    if url is None and not dry_run:
        raise ConfigError("no server runs here that could receive it", hint="start one with wirepost serve")
    request, at = asyncio.run(_request(settings, kind, connection, endpoint, changed))
    if url is None or dry_run:
        _print_request(request, as_json=as_json)
        return
    if at.environment == "production" and not yes:
        question = f"{at.source} is in production. Send an event that never happened?"
        confirm(question, as_json=as_json)
    answer = post_here(f"{url}{path_of(at.source, at.name)}", request)
    events = asyncio.run(_stored(settings, at.source, request))
    if as_json:
        print_json({"status": answer.status, "answer": answer.said, "events": events})
    else:
        typer.echo(_told(answer))
        for each in events:
            typer.echo(each)
    if answer.status not in _OK:
        raise typer.Exit(FAILED)


async def _request(
    settings: Settings, kind: str | None, connection: str | None, name: str | None, changed: dict[str, Any]
) -> tuple[Incoming, Endpoint]:
    from wirepost.cli.post import post
    from wirepost.cli.sending import HERE, request_of, sample_of

    async with post(settings) as opened:
        at = _endpoint_for(opened, kind, connection, name)
        sample_of(at, kind, changed)
        secrets = (await at.terms()).secrets
        if not secrets and not at.is_open:
            hint = f"wirepost serve makes one; otherwise wirepost webhooks setup {at.source}"
            raise ConfigError(f"{at.source} has no secret yet to sign with", hint=hint)
        secret = secrets[0].value if secrets else ""
        address = opened.url or HERE
        made = request_of(at, secret, opened.clock, kind=kind, changed=changed, address=address)
        return made, at


async def _stored(settings: Settings, source: str, request: Incoming) -> list[str]:
    """Ids of the events that have become of it, whatever the sender is answered."""
    from wirepost.cli.post import post
    from wirepost.events.trace import of_body

    async with post(settings) as opened:
        return await of_body(opened.database, source, request.body)


def _endpoint_for(opened: Post, kind: str | None, connection: str | None, name: str | None) -> Endpoint:
    from wirepost.cli.sending import kinds_of

    if connection is not None:
        return opened.endpoint(connection, name)
    able = {each: kinds_of(each) for each in opened.hub.endpoints.all()}
    fitting = [each for each, kinds in able.items() if kinds and (kind is None or kind in kinds)]
    if len(fitting) == 1:
        return fitting[0]
    if fitting:
        names = ", ".join(dict.fromkeys(each.source for each in fitting))
        raise ConfigError("several connections could receive it", hint=f"name one with --connection: {names}")
    known = ", ".join(sorted({kind for kinds in able.values() for kind in kinds})) or "none"
    raise ConfigError(f"no connection receives {kind!r}", hint=f"there are {known}")


def _print_request(request: Incoming, *, as_json: bool) -> None:
    body = request.body.decode("utf-8", "replace")
    if as_json:
        told = {"method": request.method, "url": request.url, "headers": dict(request.headers), "body": body}
        print_json(told)
        return
    lines = [f"{request.method} {request.url}", *(f"{name}: {value}" for name, value in request.headers)]
    typer.echo("\n".join([*lines, "", body]))


def _told(answer: Answer) -> str:
    said = answer.said
    if not isinstance(said, dict):
        return f"{answer.status} {said}".rstrip()
    words = [str(said.get(name)) for name in ("status", "check") if said.get(name)]
    return " ".join([str(answer.status), *words])
