"""The mock without its socket: one request in, one reply out, and what was seen on the way."""

from __future__ import annotations

import collections
import json
import re
import sys
import time
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from .basics import Reply, Violation
from .graphql_api import GraphQl
from .openapi import OpenApi


class SpecMock:
    def __init__(self, apis: dict[str, OpenApi | GraphQl], keep: int = 10_000):
        self.apis, self.keep = apis, keep
        self.broken = 0  # violations since the start, whatever is forgotten meanwhile
        self.forget()

    def forget(self) -> None:
        self.journal: collections.deque[dict] = collections.deque(maxlen=self.keep)
        self.stubs: list[dict] = []
        self.hits: collections.Counter = collections.Counter()

    def call(
        self, method: str, target: str, headers: dict, body: bytes = b"", form: dict | None = None
    ) -> Reply:
        headers = {k.lower(): v for k, v in headers.items()}
        url = urlsplit(target)
        name, _, rest = url.path.lstrip("/").partition("/")
        if name == "__specmock":
            return self._control(method, rest, body, dict(parse_qsl(url.query)))
        path = "/" + rest
        if name not in self.apis and len(self.apis) == 1:  # a single API also answers without its prefix
            name, path = next(iter(self.apis)), url.path
        entry: dict[str, Any] = {
            "time": time.time(),
            "api": name,
            "method": method,
            "path": path,
            "query": url.query,
        }
        entry |= {"headers": headers, "raw": body.decode(errors="replace")}
        self.journal.append(entry)
        try:
            if name not in self.apis:
                raise Violation(404, f"no API is mounted at /{name}; there are {sorted(self.apis)}")
            api = self.apis[name]
            call = api.accept(method, path, url.query, headers, body, form)
        except Violation as v:
            self.broken += 1
            entry.update(operation=v.operation, body=v.body, status=v.status, violation=v.message)
            print(
                f"specmock: VIOLATION {v.status} {method} {url.path}: {v.message}",
                file=sys.stderr,
                flush=True,
            )
            error = {
                "type": "specmock_violation",
                "code": "spec_violation",
                "message": v.message,
                "errors": v.errors,
            }
            return Reply(
                v.status, {"ok": False, "message": v.message, "error": error}, {"X-Specmock-Violation": "1"}
            )
        self.hits[name, call.operation] += 1
        stub = self._stub(name, method, path, call.template) or {}
        fault = headers.get("x-specmock-fault") or stub.get("fault", "")
        if status := re.match(r"(\d{3})(;|$)", fault):
            body_made = call.error(int(status[1])) or {"message": f"injected {status[1]}"}
            options = dict(o.split("=", 1) for o in fault.split(";")[1:] if "=" in o)
            reply = Reply(int(status[1]), body_made, {k.title(): v for k, v in options.items()})
        else:
            reply = call.answer(stub)
            reply.fault = fault
        reply.headers.update(stub.get("headers", {}))
        reply.rewrite = (api.origin, f"http://{headers.get('host', 'localhost')}/{name}")
        entry.update(operation=call.operation, body=call.body, status=reply.status, fault=fault or None)
        return reply

    def _stub(self, api: str, method: str, path: str, template: str) -> dict | None:
        for stub in self.stubs:
            if stub["api"] == api and stub["method"] == method and stub["path"] in (path, template):
                if stub.get("times") is not None:
                    stub["times"] -= 1
                    if stub["times"] < 1:
                        self.stubs.remove(stub)
                return stub
        return None

    def add_stub(self, **stub: Any) -> dict:
        """Answer this operation so from now on (or `times` times); refuses answers the description does not allow."""
        stub["method"] = stub.get("method", "POST").upper()
        found = self.apis[stub["api"]].check_stub(stub)
        if found and not stub.get("unchecked"):
            raise Violation(422, "the stub is not an answer the API description allows", found)
        self.stubs.append(stub)
        return stub

    def _control(self, method: str, what: str, body: bytes, want: dict) -> Reply:
        if (method, what) == ("DELETE", "requests"):
            self.forget()
            return Reply(204)
        if (method, what) == ("POST", "stubs"):
            try:
                return Reply(201, self.add_stub(**json.loads(body)))
            except (ValueError, KeyError, TypeError) as e:
                return Reply(400, {"message": f"bad stub: {e!r}"})
            except Violation as v:
                return Reply(v.status, {"message": v.message, "errors": v.errors})
        if (method, what) == ("GET", "stubs"):
            return Reply(200, self.stubs)
        if method == "GET" and what in ("requests", "violations"):
            found = [e for e in self.journal if what == "requests" or "violation" in e]
            return Reply(200, [e for e in found if all(str(e.get(k)) == v for k, v in want.items())])
        if (method, what) == ("GET", "coverage"):
            seen = {n: {o: c for (m, o), c in self.hits.items() if m == n} for n in self.apis}
            return Reply(
                200, {n: {"operations": len(a.operations), "seen": seen[n]} for n, a in self.apis.items()}
            )
        return Reply(404, {"message": "GET requests|violations|stubs|coverage, POST stubs, DELETE requests"})

    def transport(self) -> Any:
        """An httpx2 transport that talks to this mock without a socket, for unit tests."""
        import httpx2

        broken = {
            "reset": httpx2.ReadError,
            "close": httpx2.RemoteProtocolError,
            "truncate": httpx2.RemoteProtocolError,
            "hang": httpx2.ReadTimeout,
        }

        def answer(request: httpx2.Request) -> httpx2.Response:
            target = request.url.raw_path.decode()
            reply = self.call(request.method, target, dict(request.headers), request.read())
            kind = re.split("[;=]", reply.fault)[0]
            if kind in broken:
                raise broken[kind](f"injected {kind}", request=request)
            if kind == "html":
                return httpx2.Response(502, html="<h1>502 Bad Gateway</h1>")
            payload = reply.payload()
            payload = {"malformed": payload[: len(payload) // 2], "empty": b""}.get(kind, payload)
            return httpx2.Response(reply.status, content=payload, headers=reply.headers)

        return httpx2.MockTransport(answer)
