"""One API described by OpenAPI: which request is allowed, and what its answer looks like."""

from __future__ import annotations

import copy
import dataclasses
import json
import re
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qsl, unquote

from .basics import FORM, JSON, MULTIPART, Reply, Violation
from .schemas import Schemas, problems
from .values import brackets, coerce, sample

VERBS = ("get", "put", "post", "delete", "options", "head", "patch")


@dataclasses.dataclass
class Call:
    """An allowed request. answer() gives the default reply, or one made of a stub."""

    operation: str
    template: str
    body: Any
    answer: Callable[[dict | None], Reply]
    error: Callable[[int], Any]


@dataclasses.dataclass
class Route:
    verb: str
    path: str
    pattern: re.Pattern
    op: dict
    params: dict[tuple[str, str], dict]

    @property
    def rank(self) -> tuple:
        """The more of a path is literal, the earlier it is tried."""
        return ".+" in self.pattern.pattern, self.path.count("{"), -len(re.sub(r"{\w+}", "", self.path))

    @property
    def name(self) -> str:
        return self.op.get("operationId", f"{self.verb} {self.path}")


class OpenApi:
    def __init__(self, name: str, doc: dict, examples: dict):
        if not str(doc.get("openapi", "")).startswith("3."):
            raise ValueError(f"{name}: not an OpenAPI 3 document")
        self.name, self.doc, self.schemas, self.examples = name, doc, Schemas(doc), examples
        servers = doc.get("servers") or [{"url": ""}]
        self.origin = (re.match(r"https?://[^/{]+", servers[0]["url"]) or [""])[0]
        self.schemes = doc.get("components", {}).get("securitySchemes", {})
        found = [
            self._route(item, verb, path, item.get("servers") or servers)
            for path, item in doc["paths"].items()
            for verb in VERBS
            if verb in item
        ]
        self.routes = sorted(found, key=lambda r: r.rank)
        self.operations = [r.name for r in self.routes]

    def _route(self, item: dict, verb: str, path: str, servers: list[dict]) -> Route:
        params = [
            self.schemas.resolve(p) for p in (*item.get("parameters", ()), *item[verb].get("parameters", ()))
        ]
        deep = {p["name"] for p in params if p["in"] == "path" and p.get("x-multi-segment")}
        base = re.sub(r"^https?://[^/]*", "", servers[0]["url"]).rstrip("/")
        parts = re.split(r"{(\w+)}", base + path)
        names = [f"(?P<{n}>{'.+' if n in deep else '[^/]+?'})" for n in parts[1::2]]
        pattern = "".join(re.escape(text) + name for text, name in zip(parts[::2], [*names, ""], strict=True))
        return Route(
            verb, path, re.compile(pattern + "/?"), item[verb], {(p["in"], p["name"]): p for p in params}
        )

    def accept(
        self, method: str, path: str, query: str, headers: dict, body: bytes, form: dict | None
    ) -> Call:
        hits = [(r, m) for r in self.routes if (m := r.pattern.fullmatch(path))]
        if not hits:
            raise Violation(404, f"{self.name}: no such path: {path}")
        route, match = next((h for h in hits if h[0].verb == method.lower()), (None, None))
        if route is None or match is None:
            verbs = ", ".join(sorted({r.verb.upper() for r, _ in hits}))
            raise Violation(405, f"{self.name}: {path} takes {verbs}, not {method}")
        value = None
        try:
            self._credentials(route.op, headers, query)
            errors = self._parameters(route.params, match, query, headers)
            value, more = self._body(route.op, headers, body, form)
            if found := errors + more:
                text = "; ".join(f"{e['where']}: {e['problem']}" for e in found)
                raise Violation(400, f"{self.name}: {route.name}: {text}", found)
        except Violation as v:
            v.operation, v.body = route.name, value
            raise
        ids = [match[n] for place, n in route.params if place == "path"]
        prefer = dict(
            p.strip().split("=", 1) for p in re.split("[;,]", headers.get("prefer", "")) if "=" in p
        )

        def answer(stub: dict | None) -> Reply:
            stub = stub or {}
            status, response = self._response(route.op, str(stub.get("status") or prefer.get("code", "")))
            made = stub["body"] if "body" in stub else self._example(route.op, response, status, ids, prefer)
            return Reply(status, made, sse=stub.get("sse"))

        def error(status: int) -> Any:
            return self._example(route.op, self._response(route.op, str(status))[1], status, ids, prefer)

        return Call(route.name, route.path, value, answer, error)

    def _credentials(self, op: dict, headers: dict, query: str) -> None:
        def given(scheme: dict) -> bool:
            if scheme.get("type") == "apiKey":
                if scheme["in"] == "header":
                    return bool(headers.get(scheme["name"].lower()))
                return bool(dict(parse_qsl(query)).get(scheme["name"]))
            word = "basic" if scheme.get("scheme") == "basic" else "bearer"
            return bool(re.match(rf"{word}\s+\S", headers.get("authorization", ""), re.I))

        wanted = op.get("security", self.doc.get("security"))
        if wanted and not any(all(given(self.schemes.get(n, {})) for n in option) for option in wanted):
            raise Violation(
                401, f"{self.name}: one of these credentials is needed: {[list(o) for o in wanted]}"
            )

    def _parameters(self, params: dict, match: re.Match, query: str, headers: dict) -> list[dict]:
        nested = brackets(parse_qsl(query, keep_blank_values=True))
        known = {n.removesuffix("[]") for place, n in params if place == "query"}
        known |= {s["name"] for s in self.schemes.values() if s.get("in") == "query"}
        errors = [{"where": f"query.{n}", "problem": "no such parameter"} for n in nested if n not in known]
        for (place, name), param in params.items():
            schema = param.get("schema", {})
            if place == "path":
                raw: Any = unquote(match[name])
            elif place == "query":
                raw = nested.get(name.removesuffix("[]"))
                if isinstance(raw, str) and self.schemas.resolve(schema).get("type") == "array":
                    raw = self._as_list(raw, param)
            elif place == "header" and name.lower() not in ("accept", "content-type", "authorization"):
                raw = headers.get(name.lower())
            else:
                continue
            if raw is not None:
                value = coerce(self.schemas, raw, schema)
                errors += problems(self.schemas.validator(schema), value, f"{place}.{name}")
            elif param.get("required"):
                errors.append({"where": f"{place}.{name}", "problem": "required, but missing"})
        return errors

    @staticmethod
    def _as_list(raw: str, param: dict) -> Any:
        if param.get("explode") is False:
            return raw.split(",")
        return raw if param.get("style") == "deepObject" else [raw]

    def _body(self, op: dict, headers: dict, body: bytes, form: dict | None) -> tuple[Any, list[dict]]:
        spec = self.schemas.resolve(op.get("requestBody") or {})
        if not spec:
            if body.strip() not in (b"", b"{}"):
                raise Violation(400, f"{self.name}: this operation takes no request body")
            return None, []
        if not body and form is None:
            if spec.get("required"):
                raise Violation(400, f"{self.name}: a request body is required")
            return None, []
        kind = headers.get("content-type", "").split(";")[0].strip().lower()
        fits = (
            t
            for t in spec["content"]
            if t.split(";")[0] in (kind, "*/*") or (t[-1] == "*" and kind.startswith(t[:-1]))
        )
        found = next(fits, None)
        if found is None:
            raise Violation(
                415, f"{self.name}: content type {kind or '(none)'!r} is not one of {sorted(spec['content'])}"
            )
        schema = spec["content"][found].get("schema", {})
        if kind == MULTIPART:
            value = coerce(self.schemas, form or {}, schema)
        elif kind == FORM:
            value = coerce(self.schemas, brackets(parse_qsl(body.decode(), keep_blank_values=True)), schema)
        elif kind.endswith("json"):
            try:
                value = json.loads(body)
            except ValueError as e:
                raise Violation(400, f"{self.name}: the body is not JSON: {e}") from None
        else:
            return f"<{len(body)} bytes>", []
        return value, problems(self.schemas.validator(schema), value, "body")

    def _response(self, op: dict, status: str = "") -> tuple[int, dict]:
        table = {str(code): response for code, response in op.get("responses", {}).items()}
        if not status:
            status = min((s for s in table if s.startswith("2")), default="200")
        found = table.get(status) or table.get(f"{status[0]}XX") or table.get("default") or {}
        return int(status.replace("XX", "00")), self.schemas.resolve(found)

    def _example(self, op: dict, response: dict, status: int, ids: list[str], prefer: dict) -> Any:
        content = response.get("content", {})
        media = content.get(JSON) or next((m for t, m in content.items() if t.endswith("json")), None)
        if media is None:
            return "" if content else None
        good = status < 300
        if good and op.get("operationId") in self.examples:
            return self.examples[op["operationId"]]
        if media.get("examples"):
            named = {k: self.schemas.resolve(v).get("value") for k, v in media["examples"].items()}
            return named.get(prefer.get("example"), next(iter(named.values())))
        if "example" in media:
            return media["example"]
        value = self._resource(media.get("schema", {}))
        if good and ids and isinstance(value, dict) and isinstance(value.get("id"), str):
            value["id"] = ids[-1]
        return value

    def _resource(self, schema: dict) -> Any:
        """A recorded resource (found by x-resourceId) rather than a made-up one, also inside a list envelope."""
        top = self.schemas.resolve(schema)
        if top.get("x-resourceId") in self.examples:
            return copy.deepcopy(self.examples[top["x-resourceId"]])
        value = sample(self.schemas, schema)
        items = top.get("properties", {}).get("data", {}).get("items")
        if items and self.schemas.resolve(items).get("x-resourceId") in self.examples:
            value["data"] = [self._resource(items)]
        return value

    def check_stub(self, stub: dict) -> list[dict]:
        """Problems of a hand-written answer, judged by the documented response."""
        verb, path = stub["method"].lower(), stub["path"]
        route = next(
            (r for r in self.routes if r.verb == verb and (r.path == path or r.pattern.fullmatch(path))), None
        )
        if route is None:
            raise Violation(404, f"{self.name}: no operation {stub['method']} {path}")
        media = self._response(route.op, str(stub.get("status") or ""))[1].get("content", {}).get(JSON, {})
        if "body" not in stub or "schema" not in media:
            return []
        return problems(self.schemas.validator(media["schema"], request=False), stub["body"], "body")
