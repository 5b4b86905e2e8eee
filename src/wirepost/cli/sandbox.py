"""`wirepost sandbox`: look into the sandbox of a running server, let it fail, start it over."""

from __future__ import annotations

from collections.abc import Iterator
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import urlsplit

import typer

from wirepost.cli.options import Config, DataDir, Json, command_group, read_settings
from wirepost.cli.output import print_json, print_note, print_table
from wirepost.cli.reviews import reviews
from wirepost.core.errors import ConfigError
from wirepost.store.owner import DataDirectory

app = command_group("Look into the sandbox, let it fail, start it over.")
faults = command_group("Faults that the sandbox shows.")
app.add_typer(faults, name="faults")
app.command()(reviews)

TIMEOUT_S = 10.0
_OK = 200

Connection = Annotated[str | None, typer.Argument(help="Sandbox connection; needed when there are several.")]
Url = Annotated[
    str | None, typer.Option("--url", help="Address of the server.", show_default="the running one")
]


@app.command()
def show(
    connection: Connection = None,
    *,
    url: Url = None,
    config: Config = None,
    data_dir: DataDir = None,
    as_json: Json = False,
) -> None:
    """Show what is in the sandbox, and the newest requests to it."""
    server = _Server(connection, url, config, data_dir)
    state, requests = server.ask("GET", ""), server.ask("GET", "requests")
    if as_json:
        print_json({**state, "requests": requests["requests"]})
        return
    held = list(_held(state["state"]))
    print_table(("account", "what", "how many"), [*held, ("", "requests", state["requests"])])
    typer.echo()
    columns = ("method", "path", "status")
    print_table(columns, [[each.get(name) for name in columns] for each in requests["requests"][:20]])


def _held(state: dict[str, Any]) -> Iterator[tuple[str, str, int]]:
    """(account, kind, how many); only a vendor with several accounts tells them apart."""
    for name, held in state.items():
        if isinstance(held, dict):
            yield from ((name, kind, count) for kind, count in held.items())
        else:
            yield "", name, held


@app.command()
def reset(
    connection: Connection = None,
    *,
    url: Url = None,
    config: Config = None,
    data_dir: DataDir = None,
    as_json: Json = False,
) -> None:
    """Put the sandbox back to how it began, without faults."""
    state = _Server(connection, url, config, data_dir).ask("POST", "reset")
    if as_json:
        print_json(state)
        return
    typer.echo("the sandbox is as it began")


@app.command()
def press(
    option: Annotated[str, typer.Argument(help="Text of the button.")],
    connection: Connection = None,
    *,
    user: Annotated[str | None, typer.Option("--user", help="Who presses it: an id or a name.")] = None,
    message: Annotated[
        str | None, typer.Option("--message", help="ts of the message; else the newest.")
    ] = None,
    url: Url = None,
    config: Config = None,
    data_dir: DataDir = None,
    as_json: Json = False,
) -> None:
    """Let a person press a button below a message, in a sandbox of Slack."""
    given = {"option": option, "user": user, "ts": message}
    server = _Server(connection, url, config, data_dir, provider="slack")
    done = server.ask("POST", "press", given)
    if as_json:
        print_json(done)
        return
    typer.echo(f"{done['by']} has pressed {done['pressed']}")


@faults.command("list")
def list_faults(
    connection: Connection = None,
    *,
    url: Url = None,
    config: Config = None,
    data_dir: DataDir = None,
    as_json: Json = False,
) -> None:
    """List the faults still to come."""
    _show(_Server(connection, url, config, data_dir).ask("GET", "faults"), as_json=as_json)


@faults.command()
def add(
    words: Annotated[
        list[str],
        typer.Argument(
            metavar="FAULT",
            help="Such as 429;retry-after=2;match=POST /v1/refunds; a connection may stand before it.",
        ),
    ],
    *,
    url: Url = None,
    config: Config = None,
    data_dir: DataDir = None,
    as_json: Json = False,
) -> None:
    """Let requests fail: a status, slow, refused, cut, lost_answer, malformed or html."""
    *names, fault = words
    if len(names) > 1:
        raise ConfigError("give one connection and one fault", hint="quote the fault: it may hold spaces")
    server = _Server(names[0] if names else None, url, config, data_dir)
    _show(server.ask("POST", "faults", {"fault": fault}), as_json=as_json)


@faults.command()
def clear(
    connection: Connection = None,
    *,
    url: Url = None,
    config: Config = None,
    data_dir: DataDir = None,
    as_json: Json = False,
) -> None:
    """Remove all faults."""
    _show(_Server(connection, url, config, data_dir).ask("DELETE", "faults"), as_json=as_json)


def _show(answer: dict[str, Any], *, as_json: bool) -> None:
    if as_json:
        print_json(answer)
        return
    if not answer["faults"]:
        print_note("no faults: the sandbox answers as it should")
        return
    columns = ("kind", "match", "times", "status", "retry_after", "delay_s", "is_applied")
    print_table(columns, [[each.get(name) for name in columns] for each in answer["faults"]])


class _Server:
    """The control routes of one sandbox connection, be it the only one of a provider."""

    def __init__(
        self,
        connection: str | None,
        url: str | None,
        config: Path | None,
        data_dir: Path | None,
        *,
        provider: str | None = None,
    ) -> None:
        settings = read_settings(config, data_dir).settings
        names = [
            name
            for name, each in settings.connections.items()
            if each.environment == "sandbox" and provider in {None, each.provider}
        ]
        if connection is None and len(names) != 1:
            kind = f"sandbox connection of {provider}" if provider else "sandbox connection"
            raise ConfigError(
                f"there is more than one {kind}" if names else f"no {kind} is configured",
                hint=f"name one of {', '.join(names)}" if names else None,
            )
        self._name = connection or names[0]
        self._url = url or _running_at(settings.data_dir)

    def ask(self, method: str, path: str, content: dict[str, Any] | None = None) -> dict[str, Any]:
        import orjson

        parts = urlsplit(self._url)
        if parts.scheme not in {"http", "https"} or not parts.hostname:
            raise ConfigError("--url must be an address such as http://127.0.0.1:8484")
        kind = HTTPSConnection if parts.scheme == "https" else HTTPConnection
        server = kind(parts.hostname, parts.port, timeout=TIMEOUT_S)
        body = orjson.dumps(content) if content is not None else None
        headers = {"Content-Type": "application/json"} if body else {}
        target = f"{parts.path.rstrip('/')}/sandbox/{self._name}/__sandbox/{path}".rstrip("/")
        try:
            server.request(method, target, body, headers)
            response = server.getresponse()
            status, raw = response.status, response.read()
        except (OSError, HTTPException) as error:
            reason = getattr(error, "strerror", None) or str(error) or type(error).__name__
            raise ConfigError(
                f"no server answers at {self._url}: {reason}",
                hint="start it with wirepost serve, or name its address with --url",
            ) from None
        finally:
            server.close()
        return _read(status, raw)


def _running_at(data_dir: Path) -> str:
    """Where the server of the data directory serves HTTP; raises `ConfigError` if none does."""
    owner = DataDirectory(data_dir).find_owner()
    if owner is None:
        raise ConfigError(
            "no server runs in this data directory",
            file=str(data_dir),
            hint="start it with wirepost serve, or name its address with --url",
        )
    if owner.url is None:
        raise ConfigError(
            f"process {owner.pid} uses this data directory and serves no HTTP",
            file=str(data_dir),
            hint="end it and start wirepost serve",
        )
    return owner.url


def _read(status: int, raw: bytes) -> dict[str, Any]:
    import orjson

    try:
        answer = orjson.loads(raw)
    except orjson.JSONDecodeError:
        answer = {"error": raw.decode(errors="replace").strip()[:200]}
    if status != _OK or not isinstance(answer, dict):
        problem = answer.get("error") if isinstance(answer, dict) else None
        raise ConfigError(str(problem or f"the server answered {status}"))
    return answer
