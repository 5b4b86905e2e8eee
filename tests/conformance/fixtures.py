"""What the official conformance suite expects of a server under test, added to the product's server object.

The names and texts are the suite's. Nothing of this is part of the product; everything around it is.
"""

from __future__ import annotations

import json
import warnings
from collections.abc import Awaitable, Callable
from typing import Any

import mcp_types as t
from mcp.server.lowlevel import Server
from mcp.server.streamable_http import EventMessage, EventStore
from mcp.server.subscriptions import PromptsListChanged, SubscriptionBus, ToolsListChanged
from mcp.shared.exceptions import MCPError

from wirepost.core.clock import Clock

PIXEL = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8DwHwAFBQIAX8jx0gAAAABJRU5ErkJggg=="
SILENCE = "UklGRiQAAABXQVZFZm10IBAAAAABAAEARKwAAIhYAQACABAAZGF0YQAAAAA="
NOTHING: dict[str, Any] = {"type": "object", "properties": {}}
RICH_SCHEMA: dict[str, Any] = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "type": "object",
    "$defs": {
        "address": {
            "$anchor": "addressDef",
            "type": "object",
            "properties": {"street": {"type": "string"}, "city": {"type": "string"}},
        }
    },
    "properties": {
        "name": {"type": "string"},
        "address": {"$ref": "#/$defs/address"},
        "contactMethod": {"type": "string", "enum": ["phone", "email"]},
        "phone": {"type": "string"},
        "email": {"type": "string"},
    },
    "allOf": [{"anyOf": [{"required": ["phone"]}, {"required": ["email"]}]}],
    "if": {"properties": {"contactMethod": {"const": "phone"}}, "required": ["contactMethod"]},
    "then": {"required": ["phone"]},
    "else": {"required": ["email"]},
    "additionalProperties": False,
}
STEP_S = 0.05

Answer = Awaitable[t.CallToolResult | t.InputRequiredResult]
Run = Callable[[Any, t.CallToolRequestParams], Answer]


def text(content: str) -> t.TextContent:
    return t.TextContent(type="text", text=content)


def image() -> t.ImageContent:
    return t.ImageContent(type="image", data=PIXEL, mime_type="image/png")


def embedded(uri: str, content: str, kind: str = "text/plain") -> t.EmbeddedResource:
    resource = t.TextResourceContents(uri=uri, mime_type=kind, text=content)
    return t.EmbeddedResource(type="resource", resource=resource)


def form(message: str, **properties: dict[str, Any]) -> t.ElicitRequest:
    schema = {"type": "object", "properties": properties, "required": list(properties)}
    return t.ElicitRequest(params=t.ElicitRequestFormParams(message=message, requested_schema=schema))


def sampling(question: str, max_tokens: int = 100) -> t.CreateMessageRequest:
    message = t.SamplingMessage(role="user", content=text(question))
    return t.CreateMessageRequest(
        params=t.CreateMessageRequestParams(messages=[message], max_tokens=max_tokens)
    )


def ask(state: str | None = None, **requests: Any) -> t.InputRequiredResult:
    return t.InputRequiredResult(input_requests=requests, request_state=state)


def answered(params: Any, *keys: str) -> bool:
    responses = params.input_responses or {}
    return all(key in responses for key in keys)


def shown(value: Any) -> str:
    return value.model_dump_json(by_alias=True, exclude_none=True)


def quietly(function: Any, *arguments: Any, **options: Any) -> Any:
    """Call a part of the protocol that is deprecated, but still belongs to older versions."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return function(*arguments, **options)


class Events(EventStore):
    """Lets a client fetch what it missed of a stream."""

    def __init__(self) -> None:
        self._events: list[tuple[str, Any]] = []

    async def store_event(self, stream_id: str, message: Any) -> str:
        self._events.append((stream_id, message))
        return str(len(self._events))

    async def replay_events_after(self, last_event_id: str, send_callback: Any) -> str | None:
        start = int(last_event_id)
        stream = self._events[start - 1][0]
        for number, (stream_id, message) in enumerate(self._events[start:], start + 1):
            if stream_id == stream and message is not None:
                await send_callback(EventMessage(message, str(number)))
        return stream


class Fixtures:
    """Adds tools to the product's tools, and the other features beside them."""

    def __init__(self, bus: SubscriptionBus, clock: Clock) -> None:
        self._bus, self._clock = bus, clock
        self._tools: dict[str, tuple[dict[str, Any], Run]] = {}
        self._add_plain_tools()
        self._add_asking_tools()
        self._add_tools_of_the_current_protocol()

    def extend(self, server: Server[Any]) -> None:
        """Put everything onto a server object through its public methods."""
        own_list = server.get_request_handler("tools/list")
        own_call = server.get_request_handler("tools/call")
        own_schema = server.get_tool_input_schema
        assert own_list is not None
        assert own_call is not None
        assert own_schema is not None

        async def list_tools(ctx: Any, params: Any) -> dict[str, Any]:
            listed = await own_list.handler(ctx, params)
            added = [
                {"name": name, "description": f"Fixture {name}", "inputSchema": schema}
                for name, (schema, _) in self._tools.items()
            ]
            return {**listed, "tools": [*listed["tools"], *added]}

        async def call_tool(ctx: Any, params: Any) -> Any:
            fixture = self._tools.get(params.name)
            return await (fixture[1](ctx, params) if fixture else own_call.handler(ctx, params))

        def schema_of(name: str) -> Any:
            return self._tools[name][0] if name in self._tools else own_schema(name)

        server.add_request_handler("tools/list", t.PaginatedRequestParams, list_tools)
        server.add_request_handler("tools/call", t.CallToolRequestParams, call_tool)
        server.get_tool_input_schema = schema_of
        _add_resources(server)
        _add_prompts(server)
        _add_utilities(server)

    def add(self, name: str, run: Run, schema: dict[str, Any] = NOTHING) -> None:
        """One more tool."""
        self._tools[name] = (schema, run)

    def _add_content(self, name: str, *blocks: Any, **options: Any) -> None:
        async def run(ctx: Any, params: Any) -> t.CallToolResult:
            return t.CallToolResult(content=list(blocks), **options)

        self.add(name, run)

    def _add_plain_tools(self) -> None:
        mixed = embedded("test://mixed-content-resource", '{"test":"data","value":123}', "application/json")
        self._add_content("test_simple_text", text("This is a simple text response for testing."))
        self._add_content("test_image_content", image())
        self._add_content(
            "test_audio_content", t.AudioContent(type="audio", data=SILENCE, mime_type="audio/wav")
        )
        self._add_content(
            "test_embedded_resource",
            embedded("test://embedded-resource", "This is an embedded resource content."),
        )
        self._add_content("test_multiple_content_types", text("Multiple content types test:"), image(), mixed)
        self._add_content(
            "test_error_handling", text("This tool intentionally returns an error for testing"), is_error=True
        )
        self.add("test_tool_with_progress", self._progress)
        self.add("test_tool_with_logging", self._logging)
        self.add("test_logging_tool", self._logging)
        self.add("test_reconnection", self._reconnection)
        self.add("test_trigger_tool_change", self._change(ToolsListChanged()))
        self.add("test_trigger_prompt_change", self._change(PromptsListChanged()))
        self._add_content("json_schema_2020_12_tool", text("ok"))
        self._tools["json_schema_2020_12_tool"] = (RICH_SCHEMA, self._tools["json_schema_2020_12_tool"][1])
        self._add_content("test_custom_headers", text("ok"))
        region = {"type": "object", "properties": {"region": {"type": "string", "x-mcp-header": "Region"}}}
        self._tools["test_custom_headers"] = (region, self._tools["test_custom_headers"][1])

    def _change(self, event: Any) -> Run:
        async def run(ctx: Any, params: Any) -> t.CallToolResult:
            await self._bus.publish(event)
            return t.CallToolResult(content=[text("changed")])

        return run

    async def _progress(self, ctx: Any, params: Any) -> t.CallToolResult:
        for done in (0, 50, 100):
            await ctx.session.report_progress(done, 100)
            await self._clock.sleep(STEP_S)
        return t.CallToolResult(content=[text("done")])

    async def _logging(self, ctx: Any, params: Any) -> t.CallToolResult:
        for line in ("Tool execution started", "Tool processing data", "Tool execution completed"):
            await quietly(ctx.session.send_log_message, "info", line, related_request_id=ctx.request_id)
            await self._clock.sleep(STEP_S)
        return t.CallToolResult(content=[text("done")])

    async def _reconnection(self, ctx: Any, params: Any) -> t.CallToolResult:
        await self._clock.sleep(2 * STEP_S)  # the first event of the stream is to be out before it is closed
        if ctx.close_sse_stream:
            await ctx.close_sse_stream()
        await self._clock.sleep(2 * STEP_S)
        return t.CallToolResult(content=[text("reconnected")])

    def _add_asking_tools(self) -> None:
        """Of the handshake protocols: the server asks on the open request."""

        async def sample(ctx: Any, params: Any) -> t.CallToolResult:
            message = t.SamplingMessage(role="user", content=text(params.arguments["prompt"]))
            answer = await quietly(
                ctx.session.create_message, [message], max_tokens=100, related_request_id=ctx.request_id
            )
            return t.CallToolResult(content=[text(f"LLM response: {answer.content.text}")])

        def elicit(schema: dict[str, Any] | None, words: str) -> Run:
            async def run(ctx: Any, params: Any) -> t.CallToolResult:
                message = (params.arguments or {}).get("message", "Please answer")
                answer = await ctx.session.elicit_form(message, schema or USER_FORM, ctx.request_id)
                told = f"{words}: action={answer.action}, content={json.dumps(answer.content)}"
                return t.CallToolResult(content=[text(told)])

            return run

        prompt = {"type": "object", "properties": {"prompt": {"type": "string"}}, "required": ["prompt"]}
        message = {"type": "object", "properties": {"message": {"type": "string"}}, "required": ["message"]}
        self.add("test_sampling", sample, prompt)
        self.add("test_elicitation", elicit(USER_FORM, "User response"), message)
        self.add("test_elicitation_sep1034_defaults", elicit(DEFAULTS_FORM, "Elicitation completed"))
        self.add("test_elicitation_sep1330_enums", elicit(ENUMS_FORM, "Elicitation completed"))

    def _add_tools_of_the_current_protocol(self) -> None:
        name = {"type": "string"}
        who = form("What is your name?", name=name)
        once = "test_input_required_result_"
        self.add(f"{once}elicitation", _rounds({"user_name": who}))
        self.add(f"{once}sampling", _rounds({"capital_question": sampling("What is the capital of France?")}))
        self.add(f"{once}list_roots", _rounds({"client_roots": t.ListRootsRequest()}))
        confirm = {"confirm": form("Please confirm", ok={"type": "boolean"})}
        self.add(f"{once}request_state", _rounds(confirm, state="state"))
        self.add(f"{once}tampered_state", _rounds(confirm, state="state"))
        several = {
            "user_name": who,
            "greeting": sampling("Generate a greeting", 50),
            "client_roots": t.ListRootsRequest(),
        }
        self.add(f"{once}multiple_inputs", _rounds(several, state="state"))
        step1 = {"step1": form("Step 1: What is your name?", name=name)}
        step2 = {"step2": form("Step 2: What is your favorite color?", color=name)}
        self.add(f"{once}multi_round", _rounds(step1, step2, state="round"))
        self.add(f"{once}capabilities", _only_what_the_client_can)
        self.add("test_missing_capability", _needs_sampling)
        self.add("test_streaming_elicitation", _rounds({"user_name": who}))


USER_FORM = {
    "type": "object",
    "properties": {
        "username": {"type": "string", "description": "User's response"},
        "email": {"type": "string", "description": "User's email address"},
    },
    "required": ["username", "email"],
}
DEFAULTS_FORM = {
    "type": "object",
    "properties": {
        "name": {"type": "string", "default": "John Doe"},
        "age": {"type": "integer", "default": 30},
        "score": {"type": "number", "default": 95.5},
        "status": {"type": "string", "enum": ["active", "inactive", "pending"], "default": "active"},
        "verified": {"type": "boolean", "default": True},
    },
}
_TITLED = [
    {"const": f"value{n}", "title": f"{word} Option"}
    for n, word in enumerate(("First", "Second", "Third"), 1)
]
_PLAIN = ["option1", "option2", "option3"]
ENUMS_FORM = {
    "type": "object",
    "properties": {
        "untitledSingle": {"type": "string", "enum": _PLAIN},
        "titledSingle": {"type": "string", "oneOf": _TITLED},
        "legacyEnum": {
            "type": "string",
            "enum": ["opt1", "opt2", "opt3"],
            "enumNames": ["Option One", "Option Two", "Option Three"],
        },
        "untitledMulti": {"type": "array", "items": {"type": "string", "enum": _PLAIN}},
        "titledMulti": {"type": "array", "items": {"anyOf": _TITLED}},
    },
}


def _rounds(*questions: dict[str, Any], state: str | None = None) -> Run:
    """Ask one round after the other; the state says which round comes next."""

    async def run(ctx: Any, params: Any) -> t.CallToolResult | t.InputRequiredResult:
        number = int((params.request_state or "0").rpartition(":")[2] or 0) if state else 0
        if state and params.request_state is None:
            return ask(f"{state}:0", **questions[0])
        if not answered(params, *questions[number]):
            return ask(params.request_state, **questions[number])
        if number + 1 < len(questions):
            return ask(f"{state}:{number + 1}", **questions[number + 1])
        told = {key: json.loads(shown(value)) for key, value in params.input_responses.items()}
        return t.CallToolResult(content=[text(f"state-ok {json.dumps(told)}")])

    return run


async def _only_what_the_client_can(ctx: Any, params: Any) -> t.CallToolResult | t.InputRequiredResult:
    if params.input_responses:
        return t.CallToolResult(content=[text("done")])
    can = ctx.session.client_capabilities
    requests: dict[str, Any] = {}
    if can and can.elicitation:
        requests["user_name"] = form("What is your name?", name={"type": "string"})
    if can and can.sampling:
        requests["greeting"] = sampling("Generate a greeting")
    return ask(**requests)


async def _needs_sampling(ctx: Any, params: Any) -> t.CallToolResult:
    can = ctx.session.client_capabilities
    if can is None or can.sampling is None:
        needed = {"requiredCapabilities": {"sampling": {}}}
        raise MCPError(t.MISSING_REQUIRED_CLIENT_CAPABILITY, "Needs sampling", needed)
    return t.CallToolResult(content=[text("ok")])


def _add_resources(server: Server[Any]) -> None:
    plain = t.TextResourceContents(
        uri="test://static-text",
        mime_type="text/plain",
        text="This is the content of the static text resource.",
    )
    binary = t.BlobResourceContents(uri="test://static-binary", mime_type="image/png", blob=PIXEL)
    fixed: dict[str, Any] = {each.uri: each for each in (plain, binary)}

    async def list_resources(ctx: Any, params: Any) -> t.ListResourcesResult:
        return t.ListResourcesResult(
            resources=[
                t.Resource(uri=uri, name=uri, description="Fixture", mime_type=each.mime_type)
                for uri, each in fixed.items()
            ]
        )

    async def list_templates(ctx: Any, params: Any) -> t.ListResourceTemplatesResult:
        template = t.ResourceTemplate(
            uri_template="test://template/{id}/data", name="template", description="Fixture"
        )
        return t.ListResourceTemplatesResult(resource_templates=[template])

    async def read(ctx: Any, params: Any) -> t.ReadResourceResult:
        uri = str(params.uri)
        if uri in fixed:
            return t.ReadResourceResult(contents=[fixed[uri]])
        start, _, rest = uri.partition("test://template/")
        number, _, end = rest.partition("/")
        if start or end != "data":
            raise MCPError(t.INVALID_PARAMS, "Resource not found", {"uri": uri})
        content = json.dumps({"id": number, "templateTest": True, "data": f"Data for ID: {number}"})
        return t.ReadResourceResult(
            contents=[t.TextResourceContents(uri=uri, mime_type="application/json", text=content)]
        )

    async def subscribe(ctx: Any, params: Any) -> t.EmptyResult:
        return t.EmptyResult()

    server.add_request_handler("resources/list", t.PaginatedRequestParams, list_resources)
    server.add_request_handler("resources/templates/list", t.PaginatedRequestParams, list_templates)
    server.add_request_handler("resources/read", t.ReadResourceRequestParams, read)
    server.add_request_handler("resources/subscribe", t.SubscribeRequestParams, subscribe)
    server.add_request_handler("resources/unsubscribe", t.UnsubscribeRequestParams, subscribe)


_PROMPTS = {
    "test_simple_prompt": (),
    "test_prompt_with_arguments": ("arg1", "arg2"),
    "test_prompt_with_embedded_resource": ("resourceUri",),
    "test_prompt_with_image": (),
    "test_input_required_result_prompt": (),
}


def _add_prompts(server: Server[Any]) -> None:
    async def list_prompts(ctx: Any, params: Any) -> t.ListPromptsResult:
        return t.ListPromptsResult(
            prompts=[
                t.Prompt(
                    name=name,
                    description="Fixture",
                    arguments=[t.PromptArgument(name=each, required=True) for each in arguments],
                )
                for name, arguments in _PROMPTS.items()
            ]
        )

    async def get_prompt(ctx: Any, params: Any) -> t.GetPromptResult | t.InputRequiredResult:
        given = params.arguments or {}
        if params.name == "test_input_required_result_prompt" and not answered(params, "user_context"):
            question = form("What context should the prompt use?", context={"type": "string"})
            return ask(user_context=question)
        blocks: dict[str, tuple[Any, ...]] = {
            "test_simple_prompt": (text("This is a simple prompt for testing."),),
            "test_prompt_with_arguments": (
                text(f"Prompt with arguments: arg1='{given.get('arg1')}', arg2='{given.get('arg2')}'"),
            ),
            "test_prompt_with_embedded_resource": (
                embedded(given.get("resourceUri", "test://x"), "Embedded resource content for testing."),
                text("Please process the embedded resource above."),
            ),
            "test_prompt_with_image": (image(), text("Please analyze the image above.")),
            "test_input_required_result_prompt": (text("Thank you."),),
        }
        if params.name not in blocks:
            raise MCPError(t.INVALID_PARAMS, f"Unknown prompt: {params.name}")
        return t.GetPromptResult(
            messages=[t.PromptMessage(role="user", content=each) for each in blocks[params.name]]
        )

    server.add_request_handler("prompts/list", t.PaginatedRequestParams, list_prompts)
    server.add_request_handler("prompts/get", t.GetPromptRequestParams, get_prompt)


def _add_utilities(server: Server[Any]) -> None:
    async def complete(ctx: Any, params: Any) -> t.CompleteResult:
        found = [word for word in ("paris", "park", "party") if word.startswith(params.argument.value)]
        return t.CompleteResult(completion=t.Completion(values=found, total=len(found), has_more=False))

    async def set_level(ctx: Any, params: Any) -> t.EmptyResult:
        return t.EmptyResult()

    server.add_request_handler("completion/complete", t.CompleteRequestParams, complete)
    server.add_request_handler("logging/setLevel", t.SetLevelRequestParams, set_level)
