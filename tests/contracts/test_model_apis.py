"""Every tool in the form in which model APIs take tools, against the rules that their vendors publish."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from support.clients import http, use_ai_sdk, use_openai_agents
from support.running import running
from support.serving import served
from wirepost.calls import arguments
from wirepost.server.asgi import build_asgi
from wirepost.server.mcp import build_mcp
from wirepost.tools.index import all_tools
from wirepost.tools.tool import AnyTool

TOOLS = {tool.name: tool for tool in all_tools()}
Schema = dict[str, Any]


@pytest.fixture(params=TOOLS)
def tool(request: pytest.FixtureRequest) -> AnyTool:
    return TOOLS[request.param]


def nodes(schema: Schema, path: str = "") -> Iterator[tuple[str, Schema]]:
    """Every schema in a schema, with the way to it."""
    yield path, schema
    for name, child in schema.get("properties", {}).items():
        yield from nodes(child, f"{path}.{name}")
    if "items" in schema:
        yield from nodes(schema["items"], f"{path}[]")


def paths(schema: Schema) -> list[str]:
    """The way to every argument."""
    return [path for path, _ in nodes(schema)]


def openai_problems(function: Schema) -> list[str]:
    """OpenAI, function calling: what every function tool must be.

    The name has letters, digits, underscores and dashes, at most 64; parameters are a JSON Schema object,
    with `properties` even where there are none.
    """
    found = [] if re.fullmatch(r"[a-zA-Z0-9_-]{1,64}", function["name"]) else ["name"]
    if function["type"] != "function" or not function["description"]:
        found.append("no described function")
    parameters = function["parameters"]
    if parameters.get("type") != "object" or "properties" not in parameters:
        found.append("parameters are no object with properties")
    return found


OPENAI_STRICT = {
    "type", "description", "title", "default", "enum", "const", "properties", "required",
    "additionalProperties", "items", "anyOf", "$ref", "$defs", "pattern", "format", "multipleOf",
    "maximum", "exclusiveMaximum", "minimum", "exclusiveMinimum", "minItems", "maxItems",
}  # fmt: skip
"""Keywords that the guide on structured outputs supports; `title` and `default` are accepted as notes."""
OPENAI_FORMATS = {"date-time", "time", "date", "duration", "email", "hostname", "ipv4", "ipv6", "uuid"}


def openai_strict_problems(function: Schema) -> list[str]:
    """OpenAI, structured outputs: what a function tool with `strict` must be besides.

    The root is an object, no union. Every object refuses additional properties and requires all it has. At
    most 5000 properties, ten levels, 1000 values of enumerations, 120,000 characters in names and values.
    """
    everything = list(nodes(function["parameters"]))
    objects = [(path, node) for path, node in everything if node.get("type") == "object"]
    names = [name for _, node in objects for name in node["properties"]]
    choices = [choice for _, node in everything for choice in node.get("enum", [])]
    found = [] if function["strict"] is True else ["not strict"]
    found += [f"{path}: {word}" for path, node in everything for word in node.keys() - OPENAI_STRICT]
    found += [f"{path}: open" for path, node in objects if node["additionalProperties"] is not False]
    found += [
        f"{path}: not all required" for path, node in objects if {*node["required"]} != {*node["properties"]}
    ]
    found += [path for path, node in everything if node.get("format", "date-time") not in OPENAI_FORMATS]
    found += [path for path, _ in everything if path.count(".") >= 10]
    if len(names) > 5000 or len(choices) > 1000 or len("".join([*names, *choices])) > 120_000:
        found.append("too large")
    return found


def anthropic_problems(entry: Schema) -> list[str]:
    """Anthropic, Messages API: what a tool must be.

    The name matches `^[a-zA-Z0-9_-]{1,64}$`. `input_schema` is a JSON Schema (draft 2020-12) whose root is an
    object and no `oneOf`, `allOf` or `anyOf`; names of properties match `^[a-zA-Z0-9_.-]{1,64}$`.
    """
    found = [] if re.fullmatch(r"[a-zA-Z0-9_-]{1,64}", entry["name"]) else ["name"]
    root = entry["input_schema"]
    jsonschema.Draft202012Validator.check_schema(root)
    if root.get("type") != "object" or {"oneOf", "allOf", "anyOf"} & root.keys():
        found.append("root is no plain object")
    names = [name for _, node in nodes(root) for name in node.get("properties", {})]
    found += [name for name in names if not re.fullmatch(r"[a-zA-Z0-9_.-]{1,64}", name)]
    return found


GEMINI = {
    "type", "format", "title", "description", "nullable", "enum", "maxItems", "minItems", "properties",
    "required", "minProperties", "maxProperties", "minLength", "maxLength", "pattern", "example", "anyOf",
    "propertyOrdering", "default", "items", "minimum", "maximum",
}  # fmt: skip
"""Fields of `Schema`, the subset of OpenAPI 3.0 in which Gemini takes parameters."""
GEMINI_FORMATS = {
    "STRING": {"enum", "date-time"},
    "NUMBER": {"float", "double"},
    "INTEGER": {"int32", "int64"},
}


def to_gemini(schema: Schema) -> Schema:
    """A JSON Schema as Gemini's `Schema`: types in capitals, without a word on additional properties."""
    converted = {key: value for key, value in schema.items() if key != "additionalProperties"}
    converted["type"] = schema["type"].upper()
    if "properties" in schema:
        converted["properties"] = {name: to_gemini(child) for name, child in schema["properties"].items()}
    if "items" in schema:
        converted["items"] = to_gemini(schema["items"])
    return converted


def gemini_problems(declaration: Schema) -> list[str]:
    """Gemini, `FunctionDeclaration`: what a function must be.

    The name starts with a letter or underscore and has letters, digits, underscores, dots and dashes, at most
    63; the names of parameters likewise, without dots and dashes. Objects have properties (a function without
    parameters leaves them out), arrays have items, only strings have enumerations.
    """
    found = [] if re.fullmatch(r"[A-Za-z_][A-Za-z0-9_.-]{0,62}", declaration["name"]) else ["name"]
    for path, node in nodes(declaration["parameters"]):
        found += [f"{path}: {word}" for word in node.keys() - GEMINI]
        kind, names = node["type"], node.get("properties", {})
        found += [name for name in names if not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]{0,63}", name)]
        wrong = {
            "type": kind not in {"STRING", "NUMBER", "INTEGER", "BOOLEAN", "ARRAY", "OBJECT"},
            "object without properties": kind == "OBJECT" and not names,
            "array without items": kind == "ARRAY" and "items" not in node,
            "enumeration": "enum" in node and (kind != "STRING" or "" in node["enum"]),
            "requires what is not there": not {*node.get("required", [])} <= {*names},
            "format": "format" in node and node["format"] not in GEMINI_FORMATS.get(kind, ()),
        }
        found += [f"{path}: {problem}" for problem, is_wrong in wrong.items() if is_wrong]
    return found


def test_anthropic_takes_every_tool(tool: AnyTool) -> None:
    entry = {"name": tool.name, "description": tool.description, "input_schema": tool.input_schema}
    assert anthropic_problems(entry) == []


def test_gemini_takes_every_tool_and_loses_no_argument(tool: AnyTool) -> None:
    parameters = to_gemini(tool.input_schema)
    assert gemini_problems({"name": tool.name, "parameters": parameters}) == []
    assert paths(parameters) == paths(tool.input_schema)


def test_openai_takes_every_tool(tool: AnyTool) -> None:
    function = {
        "type": "function",
        "name": tool.name,
        "description": tool.description,
        "parameters": tool.input_schema,
    }
    assert openai_problems(function) == []


def test_null_in_every_place_that_strict_mode_fills_means_nothing(tool: AnyTool) -> None:
    everything = {**dict.fromkeys(tool.input_schema["properties"]), **tool.example}
    assert arguments.read(tool, everything) == arguments.read(tool, tool.example)


def test_the_rules_find_what_breaks_them() -> None:
    text = {"type": "string", "format": "uri"}
    part = {"type": "object", "properties": {"a-b": text}, "required": ["c"], "additionalProperties": True}
    schema = {**part, "properties": {"p": part, "q": {"type": "array"}}, "anyOf": [{}], "$comment": ""}
    broken = {"name": "no name", "type": "function", "description": "", "strict": False, "parameters": schema}
    assert openai_problems(broken) == ["name", "no described function"]
    assert {"not strict", ": $comment", ".p: open", ".p: not all required", ".p.a-b"} <= {
        *openai_strict_problems(broken)
    }
    assert anthropic_problems({"name": "é", "input_schema": schema}) == ["name", "root is no plain object"]
    declaration = {"name": "1st", "parameters": to_gemini(schema)}
    assert {
        "name",
        "a-b",
        ": $comment",
        ".q: array without items",
        ".p: requires what is not there",
        ".p.a-b: format",
    } <= {*gemini_problems(declaration)}


MONEY_AND_RECORDS = ("crm", "customer", "stripe")
TOOLSETS = sorted({tool.toolset for tool in TOOLS.values()})
LISTS = {
    "half of all": [*MONEY_AND_RECORDS],
    "the other half": [name for name in TOOLSETS if name not in MONEY_AND_RECORDS],
    "all of them, told briefly": TOOLSETS,
}


@asynccontextmanager
async def listing(directory: Path, chosen: str) -> AsyncIterator[tuple[str, dict[str, Schema]]]:
    """The address of a server, and the arguments of the tools that it lists."""
    tools = {"preset": None, "toolsets": LISTS[chosen]}
    async with running(directory, tools=tools) as wirepost:
        listed = wirepost.app.catalog.listed
        assert listed.is_brief == (chosen == "all of them, told briefly")
        mcp = build_mcp(wirepost.app.calls, secret=wirepost.app.secret, version="1")
        async with served(build_asgi(wirepost.app, mcp)) as base:
            yield f"{base}/mcp", {entry["name"]: entry["inputSchema"] for entry in listed.entries}


@pytest.mark.slow
@pytest.mark.services("openai-agents")
@pytest.mark.parametrize("chosen", LISTS)
async def test_openais_own_converter_makes_every_tool_strict_and_loses_no_argument(tmp_path, chosen):
    async with listing(tmp_path, chosen) as (url, listed):
        made = (await use_openai_agents(http(url)))["functions"]
    strict, plain = ({function["name"]: function for function in made[form]} for form in ("strict", "plain"))
    assert strict.keys() == listed.keys()
    for name, function in strict.items():
        assert [*openai_problems(function), *openai_strict_problems(function)] == []
        assert plain[name]["parameters"] == listed[name]
        assert paths(function["parameters"]) == paths(TOOLS[name].input_schema)


@pytest.mark.slow
@pytest.mark.services("node")
@pytest.mark.parametrize("chosen", LISTS)
async def test_the_ai_sdk_makes_every_tool_a_function_with_the_same_arguments(tmp_path, chosen):
    async with listing(tmp_path, chosen) as (url, listed):
        functions = (await use_ai_sdk(http(url)))["functions"]
    assert len(functions) > 20
    assert functions == listed
