"""One API described by a GraphQL schema."""

from __future__ import annotations

import functools
import json
import re
from typing import Any

import graphql
from graphql.execution.values import get_variable_values

from .basics import JSON, Reply, Violation
from .openapi import Call

SCALARS = {
    "Int": 1,
    "Float": 1.0,
    "Boolean": False,
    "Decimal": "1.00",
    "Money": "1.00",
    "UnsignedInt64": "1",
    "BigInt": "1",
    "DateTime": "2026-01-02T03:04:05Z",
    "Date": "2026-01-02",
    "URL": "https://example.com/",
    "URI": "https://example.com/",
    "JSON": {},
}


class GraphQl:
    operations: tuple = ()
    origin = ""

    def __init__(self, name: str, source: str, path: str, auth_header: str | None):
        self.name, self.source, self.path, self.auth_header = name, source, path, auth_header

    @functools.cached_property
    def schema(self) -> graphql.GraphQLSchema:
        if self.source.lstrip().startswith("{"):  # an introspection result
            data = json.loads(self.source)
            return graphql.build_client_schema(data.get("data", data), assume_valid=True)
        return graphql.build_schema(self.source, assume_valid=True)

    def accept(
        self, method: str, path: str, query: str, headers: dict, body: bytes, form: dict | None
    ) -> Call:
        if path.rstrip("/") != self.path:
            raise Violation(404, f"{self.name}: no such path: {path}; GraphQL is at {self.path}")
        if method != "POST":
            raise Violation(405, f"{self.name}: {path} takes POST, not {method}")
        if self.auth_header and not headers.get(self.auth_header.lower()):
            raise Violation(401, f"{self.name}: the header {self.auth_header} is missing")
        if not headers.get("content-type", "").startswith(JSON):
            raise Violation(415, f"{self.name}: content type must be {JSON}")
        try:
            request = json.loads(body)
            document = graphql.parse(request["query"])
        except (ValueError, KeyError, TypeError, graphql.GraphQLError) as e:
            raise Violation(400, f"{self.name}: not a GraphQL request: {e}") from None
        operation = graphql.get_operation_ast(document, request.get("operationName"))
        fields = (
            [s.name.value for s in operation.selection_set.selections if hasattr(s, "name")]
            if operation
            else []
        )
        name = f"{operation.operation.value} {','.join(fields)}" if operation else "?"
        if found := self._problems(document, operation, request.get("variables") or {}):
            violation = Violation(
                400, f"{self.name}: " + "; ".join(found), [{"where": "query", "problem": p} for p in found]
            )
            violation.operation, violation.body = name, request
            raise violation

        def answer(stub: dict | None) -> Reply:
            given = (stub or {}).get("body") or {}
            made = given if "errors" in given else self._execute(document, request, given.get("data") or {})
            return Reply((stub or {}).get("status", 200), made)

        return Call(
            name, self.path, request, answer, lambda status: {"errors": [{"message": f"injected {status}"}]}
        )

    def _problems(self, document: Any, operation: Any, variables: dict) -> list[str]:
        errors = graphql.validate(self.schema, document)
        if errors:
            return [e.message for e in errors]
        if operation is None:
            return ["operationName does not name one operation of the document"]
        declared = operation.variable_definitions or ()
        values = get_variable_values(self.schema, declared, variables)
        found = [e.message for e in values] if isinstance(values, list) else []
        unknown = variables.keys() - {v.variable.name.value for v in declared}
        return found + [f"variable ${n} is not declared by the operation" for n in sorted(unknown)]

    def _execute(self, document: Any, request: dict, data: dict) -> dict:
        """Answer with `data` where it has a value and with made-up values of the right type elsewhere."""
        result = graphql.execute_sync(
            self.schema,
            document,
            root_value=data,
            variable_values=request.get("variables"),
            operation_name=request.get("operationName"),
            field_resolver=self._field,
            type_resolver=self._type,
        )
        return {
            "data": result.data,
            **({"errors": [e.formatted for e in result.errors]} if result.errors else {}),
        }

    def _field(self, parent: Any, info: Any, **args: Any) -> Any:
        for name in (info.field_name, info.path.key):
            if name in parent:
                return parent[name]
        named = graphql.get_named_type(info.return_type)
        many = graphql.is_list_type(graphql.get_nullable_type(info.return_type))
        if info.field_name in ("userErrors", "errors"):
            return [] if many else None
        if isinstance(named, graphql.GraphQLEnumType):
            value: Any = next(iter(named.values.values())).value
        elif named.name == "ID":
            value = parent.get("__id") or f"gid://{self.name}/{info.parent_type.name}/1"
        elif graphql.is_scalar_type(named):
            value = SCALARS.get(named.name, f"{info.field_name}_1")
        else:
            value = {"__id": args["id"]} if isinstance(args.get("id"), str) else {}
        return [value] if many else value

    def _type(self, value: Any, info: Any, abstract: Any) -> str:
        names = [t.name for t in self.schema.get_possible_types(abstract)]
        in_id = re.search(r"//[^/]+/(\w+)/", value.get("__id", ""))
        hint = value.get("__typename") or (in_id and in_id[1])
        return hint if hint in names else names[0]

    def check_stub(self, stub: dict) -> list[dict]:
        if stub["path"] != self.path:
            raise Violation(404, f"{self.name}: GraphQL is at {self.path}")
        body = stub.get("body", {"data": {}})
        good = isinstance(body, dict) and {"data", "errors"} & body.keys()
        return [] if good else [{"where": "body", "problem": "a GraphQL answer has data or errors"}]
