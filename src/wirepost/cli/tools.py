"""`wirepost tools`: what is offered, what it costs, and one call."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from wirepost.cli.options import Config, DataDir, Json, command_group, read_settings
from wirepost.cli.output import print_json, print_note, print_table
from wirepost.core.errors import ConfigError

app = command_group("Look at the tools, and call them.")


@app.command("list")
def list_tools(
    *,
    everything: Annotated[bool, typer.Option("--all", help="Also tools that are not offered.")] = False,
    preset: Annotated[str | None, typer.Option(help="Another preset than the configured one.")] = None,
    config: Config = None,
    as_json: Json = False,
) -> None:
    """List the tools that clients see, what each may break, and what it costs in tokens."""
    from wirepost.cli.offer import offer
    from wirepost.tools import manifest
    from wirepost.tools.catalog import ToolList, token_cost

    loaded = read_settings(config, overrides={"tools.preset": preset})
    found = offer(loaded)
    shown = found.everything if everything else found.listed
    costs = map(token_cost, ToolList(tuple(shown)).entries)
    rows = [(each.name, each.title, str(each.risk), cost) for each, cost in zip(shown, costs, strict=True)]
    presets = manifest.presets(found.everything)
    if as_json:
        tools = [dict(zip(("name", "title", "risk", "tokens"), row, strict=True)) for row in rows]
        offered = {tool.name for tool in found.listed}
        for tool in tools:
            tool["offered"] = tool["name"] in offered
        print_json({"tools": tools, "tokens": sum(row[3] for row in rows), "presets": presets})
        return
    print_table(("tool", "title", "risk", "tokens"), rows)
    typer.echo(f"\n{len(rows)} tools, {sum(row[3] for row in rows)} tokens in each model request\n")
    print_table(
        ("preset", "tools", "tokens"),
        [(name, cost["tools"], cost["tokens"]) for name, cost in presets.items()],
    )


@app.command()
def show(name: Annotated[str, typer.Argument(help="Name of the tool.")], *, as_json: Json = False) -> None:
    """Show one tool: what it does, what it takes, an example."""
    from wirepost.cli.offer import find_tool
    from wirepost.tools import manifest

    tool = find_tool(name)
    entry = manifest.entries([tool])[0]
    if as_json:
        print_json({**entry, "help": tool.long_help})
        return
    typer.echo(f"{tool.name}: {tool.title}\n\n{tool.description}\n")
    true_hints = [hint.removesuffix("Hint") for hint, value in entry["annotations"].items() if value]
    facts = (
        ("risk", entry["risk"]),
        ("hints", ", ".join(true_hints)),
        ("permissions", ", ".join(entry["scopes"]) or "none"),
        ("tokens", entry["tokens"]),
    )
    for title, value in facts:
        typer.echo(f"{title + ':':<13}{value}")
    typer.echo()
    schema = entry["inputSchema"]
    required = schema.get("required", ())
    print_table(
        ("argument", "type", "required", "description"),
        [
            (argument, _type(about), "yes" if argument in required else "", about.get("description", ""))
            for argument, about in schema["properties"].items()
        ],
    )
    if tool.long_help:
        typer.echo(f"\n{tool.long_help}")
    typer.echo(f"\nTry it: wirepost tools call {tool.name} {_as_arguments(tool.example)}".rstrip())


@app.command()
def call(
    name: Annotated[str, typer.Argument(help="Name of the tool.")],
    arguments: Annotated[list[str] | None, typer.Argument(help="Arguments as key=value.")] = None,
    *,
    args: Annotated[
        str | None,
        typer.Option("--args", help="Arguments as one JSON object; @FILE reads it, - reads input."),
    ] = None,
    trace: Annotated[bool, typer.Option("--trace", help="Show when each step began.")] = False,
    config: Config = None,
    data_dir: DataDir = None,
    as_json: Json = False,
) -> None:
    """Call a tool on the running server, or right here when none runs."""
    from wirepost.cli.calling import call_tool, print_outcome, read_pairs

    loaded = read_settings(config, data_dir)
    given = _read_object(args) if args is not None else {}
    may_ask = not as_json and sys.stdin.isatty()
    outcome = call_tool(loaded, name, given, read_pairs(arguments or []), may_ask=may_ask)
    if trace:
        _print_trace(outcome.trace)
    raise typer.Exit(print_outcome(outcome, as_json=as_json))


@app.command()
def manifest(
    output: Annotated[Path | None, typer.Option("--output", "-o", help="Write it to this file.")] = None,
) -> None:
    """Print tools.json: every tool with schemas, hints, risk, permissions and token cost."""
    from wirepost.tools.index import all_tools
    from wirepost.tools.manifest import render

    text = render(all_tools())
    if output is None:
        typer.echo(text, nl=False)
        return
    try:
        output.write_text(text, encoding="utf-8")
    except OSError as error:
        raise ConfigError(f"cannot be written: {error.strerror}", file=str(output)) from None
    print_note(f"wrote {output}")


def _read_object(text: str) -> dict[str, Any]:
    import orjson

    if text == "-":
        text = sys.stdin.read()
    elif text.startswith("@"):
        try:
            text = Path(text[1:]).read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise ConfigError(
                "cannot be read", file=text[1:], hint=getattr(error, "strerror", None)
            ) from None
    try:
        value = orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise ConfigError(f"--args is not JSON: {error.msg} at character {error.pos}") from None
    if not isinstance(value, dict):
        raise ConfigError('--args must be a JSON object, such as {"payment": "pi_…"}')
    return value


def _print_trace(steps: tuple[tuple[str, float], ...]) -> None:
    if not steps:
        print_note("no trace: the call ran in the server that owns the data directory")
    for step, began_s in steps:
        print_note(f"{began_s * 1000:9.2f} ms  {step}")


def _type(schema: dict[str, Any]) -> str:
    if "enum" in schema:
        return " | ".join(schema["enum"])
    if schema.get("type") == "array":
        return f"list of {_type(schema.get('items', {}))}"
    return str(schema.get("type", "any"))


def _as_arguments(example: dict[str, Any]) -> str:
    import shlex

    import orjson

    texts = {
        name: value if isinstance(value, str) else orjson.dumps(value).decode()
        for name, value in example.items()
    }
    return " ".join(shlex.quote(f"{name}={value}") for name, value in texts.items())
