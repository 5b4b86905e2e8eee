"""Validators for the schemas of one OpenAPI document."""

from __future__ import annotations

from typing import Any
from urllib.parse import unquote

from jsonschema import Draft202012Validator, FormatChecker
from jsonschema.exceptions import best_match

COMBINED = ("allOf", "anyOf", "oneOf")
IGNORED = {
    "nullable",
    "discriminator",
    "xml",
    "example",
    "examples",
    "default",
    "deprecated",
    "description",
    "title",
}


class Schemas:
    """Turns OpenAPI schemas into JSON Schema 2020-12.

    Request schemas are closed: an object that lists its properties takes no
    others unless additionalProperties says so, and takes no readOnly ones.
    """

    def __init__(self, doc: dict):
        self._doc = doc
        self._defs: dict[str, dict] = {}
        self._made: dict[tuple[int, bool], tuple[dict, Draft202012Validator]] = {}

    def resolve(self, node: dict) -> dict:
        while "$ref" in node:
            node = self.pointer(node["$ref"])
        return node

    def pointer(self, ref: str) -> dict:
        if not ref.startswith("#/"):
            raise ValueError(f"only local references are supported: {ref}")
        node: Any = self._doc
        for part in ref[2:].split("/"):
            part = unquote(part).replace("~1", "/").replace("~0", "~")
            node = node[int(part)] if isinstance(node, list) else node[part]
        return node

    def validator(self, schema: dict, *, request: bool = True) -> Draft202012Validator:
        key = (id(schema), request)
        if key not in self._made:  # the entry holds the schema too, so that its id stays its own
            root = {"$defs": self._defs, "allOf": [self._convert(schema, request, request)]}
            self._made[key] = schema, Draft202012Validator(root, format_checker=FormatChecker())
        return self._made[key][1]

    def _convert(self, s: Any, request: bool, close: bool) -> Any:
        if not isinstance(s, dict):
            return s
        if "$ref" in s:
            return {"$ref": "#/$defs/" + self._define(s["$ref"], request, close)}
        hidden = {n for n, p in s.get("properties", {}).items() if request and p.get("readOnly")}
        out: dict = {}
        for word, value in s.items():
            if word == "properties":
                out[word] = {
                    n: self._convert(p, request, request) for n, p in value.items() if n not in hidden
                }
            elif word in ("items", "additionalProperties"):
                out[word] = self._convert(value, request, request)
            elif word == "not":
                out[word] = self._convert(value, request, False)
            elif word in COMBINED:
                out[word] = [self._convert(part, request, False) for part in value]
            elif word == "required":
                out[word] = [n for n in value if n not in hidden]
            elif word not in IGNORED:
                out[word] = value
        for word, bound in (("exclusiveMinimum", "minimum"), ("exclusiveMaximum", "maximum")):
            if isinstance(out.get(word), bool) and out.pop(word):  # OpenAPI 3.0 spells it as a flag
                out[word] = out.pop(bound)
        if close and "additionalProperties" not in s and self._lists_properties(s) and not self._free_form(s):
            out["unevaluatedProperties"] = False
        return _or_null(out) if s.get("nullable") else out

    def _define(self, ref: str, request: bool, close: bool) -> str:
        name = f"{'request' if request else 'response'}-{'closed' if close else 'open'}-{ref[2:]}"
        for char in "/~%":
            name = name.replace(char, ".")
        if name not in self._defs:
            self._defs[name] = {}  # ends cycles
            self._defs[name].update(self._convert(self.pointer(ref), request, close))
        return name

    def _lists_properties(self, s: dict, seen: frozenset = frozenset()) -> bool:
        if "$ref" in s:
            return s["$ref"] not in seen and self._lists_properties(
                self.pointer(s["$ref"]), seen | {s["$ref"]}
            )
        return bool(s.get("properties")) or any(
            self._lists_properties(p, seen) for w in COMBINED for p in s.get(w, ())
        )

    def _free_form(self, s: dict, seen: frozenset = frozenset()) -> bool:
        """Can this be any object at all, at least through one of its alternatives?"""
        if "$ref" in s:
            return s["$ref"] not in seen and self._free_form(self.pointer(s["$ref"]), seen | {s["$ref"]})
        if any(self._free_form(p, seen) for w in ("anyOf", "oneOf") for p in s.get(w, ())):
            return True
        shaped = {"properties", "required", "enum", "const", "additionalProperties", *COMBINED} & s.keys()
        return not shaped and s.get("type", "object") == "object"


def _or_null(s: dict) -> dict:
    if "type" not in s or s.keys() & {*COMBINED, "$ref"}:
        return {"anyOf": [s, {"type": "null"}]}
    nullable = {**s, "type": [s["type"], "null"]}
    return {**nullable, "enum": [*s["enum"], None]} if "enum" in s else nullable


def problems(validator: Draft202012Validator, value: Any, where: str) -> list[dict]:
    errors = list(validator.iter_errors(value))
    # A failed alternative also leaves its fields unevaluated: tell the cause, not its echo.
    causes = {tuple(e.absolute_path) for e in errors if e.validator in COMBINED}
    found = []
    for error in errors:
        if error.validator == "unevaluatedProperties" and tuple(error.absolute_path) in causes:
            continue
        error = best_match([error]) or error
        path = "".join(f"[{p}]" if isinstance(p, int) else f".{p}" for p in error.absolute_path)
        found.append({"where": where + path, "problem": error.message[:300]})
    return found[:10]
