"""SOQL, read as Salesforce reads it: a statement becomes a tree, or Salesforce's refusal.

https://developer.salesforce.com/docs/atlas.en-us.soql_sosl.meta/soql_sosl/sforce_api_calls_soql_select.htm
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal, NamedTuple, TypeVar

from wirepost.providers.salesforce.sandbox.errors import SalesforceError, malformed

Item = TypeVar("Item")

LONGEST = 100_000
MOST_OFFSET = 2000
_TOKEN = re.compile(
    r"""\s+
    | (?P<string>'(?:[^'\\]|\\.)*')
    | (?P<moment>\d{4}-\d\d-\d\d(?:T\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d))?)(?![\w.])
    | (?P<number>[+-]?(?:\d+(?:\.\d*)?|\.\d+))(?![\w.])
    | (?P<word>[A-Za-z]\w*(?:\.[A-Za-z]\w*)*(?::\d+)?)
    | (?P<sign><=|>=|!=|<>|[=<>(),])
    """,
    re.VERBOSE | re.DOTALL | re.ASCII,
)
_CLAUSES = {"FROM", "WHERE", "WITH", "GROUP", "HAVING", "ORDER", "LIMIT", "OFFSET", "FOR", "USING", "UPDATE"}
_FUNCTIONS = {
    "COUNT", "COUNT_DISTINCT", "SUM", "AVG", "MIN", "MAX", "TOLABEL", "FORMAT",
    "CALENDAR_YEAR", "CALENDAR_QUARTER", "CALENDAR_MONTH", "DAY_ONLY",
}  # fmt: skip
AGGREGATES = {"COUNT", "COUNT_DISTINCT", "SUM", "AVG", "MIN", "MAX"}
_ESCAPES = {"n": "\n", "r": "\r", "t": "\t", "b": "\b", "f": "\f", '"': '"', "'": "'", "\\": "\\"}


class Token(NamedTuple):
    """A piece of a statement."""

    kind: str
    text: str

    @property
    def upper(self) -> str:
        """Words have no case."""
        return self.text.upper() if self.kind == "word" else self.text


@dataclass(frozen=True)
class Expression:
    """A field, or a function of one; `COUNT()` has no path."""

    path: str
    function: str | None = None

    @property
    def is_aggregate(self) -> bool:
        """Whether it is a figure of a group."""
        return self.function in AGGREGATES


@dataclass(frozen=True)
class Column:
    """What the statement asks for."""

    expression: Expression
    alias: str | None = None


@dataclass(frozen=True)
class Given:
    """A value; a string as it stands between its quotes, because LIKE reads it differently."""

    kind: Literal["string", "number", "moment", "word"]
    text: str


@dataclass(frozen=True)
class Comparison:
    """`field operator value`; several values for IN, INCLUDES and their opposites."""

    expression: Expression
    operator: str
    values: tuple[Given, ...] = ()
    query: Statement | None = None


@dataclass(frozen=True)
class Combination:
    """Conditions of which all, one or none (`NOT`, a single one) must be met."""

    word: Literal["AND", "OR", "NOT"]
    parts: tuple[Condition, ...]


Condition = Comparison | Combination


class Order(NamedTuple):
    """One key of a sort."""

    expression: Expression
    is_descending: bool
    nulls_last: bool


@dataclass
class Statement:
    """One SELECT."""

    columns: list[Column] = field(default_factory=list)
    children: list[Statement] = field(default_factory=list)
    all_fields: str | None = None
    """STANDARD, CUSTOM or ALL."""
    source: str = ""
    alias: str | None = None
    where: Condition | None = None
    group_by: list[Expression] = field(default_factory=list)
    having: Condition | None = None
    order_by: list[Order] = field(default_factory=list)
    limit: int | None = None
    offset: int = 0

    @property
    def is_grouped(self) -> bool:
        """Whether rows are figures of groups."""
        return bool(self.group_by) or any(column.expression.is_aggregate for column in self.columns)


def decoded(raw: str) -> str:
    """What a string between quotes says."""

    def one(match: re.Match[str]) -> str:
        found = _ESCAPES.get(match[1].lower() if match[1].isalpha() else match[1])
        if found is None:
            raise malformed(f"Invalid string literal '{raw[:80]}'. Illegal character sequence '{match[0]}'")
        return found

    return re.sub(r"\\(.)", one, raw, flags=re.DOTALL)


def like(raw: str) -> re.Pattern[str]:
    """What a string between quotes means behind LIKE."""
    pattern, place = "", 0
    while place < len(raw):
        letter = raw[place]
        if letter == "\\":
            pair = raw[place : place + 2]
            pattern += re.escape(pair[1] if pair in {"\\%", "\\_"} else decoded(pair))
            place += 2
            continue
        pattern += {"%": ".*", "_": "."}.get(letter, re.escape(letter))
        place += 1
    return re.compile(pattern, re.DOTALL | re.IGNORECASE)


def parse(text: str) -> Statement:
    """The tree of a statement; raises `SalesforceError` for what is none."""
    if len(text) > LONGEST:
        raise SalesforceError(
            "MALFORMED_QUERY", f"SOQL statements cannot be longer than {LONGEST} characters."
        )
    reader = _Reader(text)
    statement = reader.statement()
    reader.end()
    return statement


def parse_condition(text: str) -> Condition:
    """The tree of what may stand behind WHERE."""
    reader = _Reader(text)
    condition = reader.condition()
    reader.end()
    return condition


def _tokens(text: str) -> list[Token]:
    found, place = [], 0
    while place < len(text):
        match = _TOKEN.match(text, place)
        if match is None:
            raise malformed(f"unexpected token: '{text[place : place + 1]}'")
        if match.lastgroup:
            found.append(Token(match.lastgroup, match[0]))
        place = match.end()
    return found


class _Reader:
    """Reads one statement from left to right."""

    def __init__(self, text: str) -> None:
        self._tokens = _tokens(text)
        self._place = 0

    def end(self) -> None:
        """Nothing may follow."""
        if self._place < len(self._tokens):
            raise self._unexpected()

    def statement(self, *, is_inner: bool = False) -> Statement:
        self._need("SELECT")
        made = Statement()
        self._listed(lambda: self._column(made, is_inner=is_inner))
        self._need("FROM")
        made.source = self._name()
        if (alias := self._peek()) and alias.kind == "word" and alias.upper not in _CLAUSES:
            made.alias = self._name()
        if self._take("WHERE"):
            made.where = self.condition()
        if self._take("WITH") and not (self._take("SECURITY_ENFORCED") or self._take("USER_MODE")):
            raise self._unexpected()
        if self._take("GROUP"):
            self._need("BY")
            made.group_by = self._listed(self._expression)
        if self._take("HAVING"):
            made.having = self.condition()
        if self._take("ORDER"):
            self._need("BY")
            made.order_by = self._listed(self._order)
        if self._take("LIMIT"):
            made.limit = self._whole()
        if self._take("OFFSET"):
            made.offset = self._whole()
            if made.offset > MOST_OFFSET:
                raise SalesforceError("NUMBER_OUTSIDE_VALID_RANGE", "Maximum SOQL offset allowed is 2000")
        return made

    def condition(self) -> Condition:
        """AND and OR do not mix without parentheses."""
        if self._take("NOT"):
            return Combination("NOT", (self._part(),))
        parts = [self._part()]
        word: Literal["AND", "OR"] = "AND" if self._is("AND") else "OR"
        while self._take(word):
            parts.append(Combination("NOT", (self._part(),)) if self._take("NOT") else self._part())
        if self._is("AND") or self._is("OR"):
            raise self._unexpected()
        return parts[0] if len(parts) == 1 else Combination(word, tuple(parts))

    def _part(self) -> Condition:
        if self._take("("):
            inner = self.condition()
            self._need(")")
            return inner
        expression = self._expression()
        token = self._next()
        word = token.upper
        if word == "NOT":
            self._need("IN")
            word = "NOT IN"
        if word in {"IN", "NOT IN"}:
            return self._membership(expression, word)
        if word in {"INCLUDES", "EXCLUDES"}:
            return Comparison(expression, word, self._values())
        if word not in {"=", "!=", "<>", "<", "<=", ">", ">=", "LIKE"}:
            raise malformed(f"unexpected token: '{token.text}'")
        return Comparison(expression, "!=" if word == "<>" else word, (self._value(),))

    def _membership(self, expression: Expression, word: str) -> Comparison:
        ahead = self._tokens[self._place : self._place + 2]
        if [token.upper for token in ahead] != ["(", "SELECT"]:
            return Comparison(expression, word, self._values())
        self._need("(")
        query = self.statement(is_inner=True)
        self._need(")")
        return Comparison(expression, word, query=query)

    def _values(self) -> tuple[Given, ...]:
        self._need("(")
        found = self._listed(self._value)
        self._need(")")
        return tuple(found)

    def _value(self) -> Given:
        token = self._next()
        match token.kind:
            case "string":
                return Given("string", token.text[1:-1])
            case "number":
                return Given("number", token.text)
            case "moment":
                return Given("moment", token.text)
            case "word":
                return Given("word", token.upper)
        raise malformed(f"unexpected token: '{token.text}'")

    def _column(self, made: Statement, *, is_inner: bool) -> None:
        if self._take("("):
            if is_inner:
                raise malformed("only one level of child queries is supported")
            made.children.append(self.statement(is_inner=True))
            self._need(")")
        elif self._is("FIELDS") and self._tokens[self._place + 1 : self._place + 2] == [Token("sign", "(")]:
            self._place += 2
            made.all_fields = self._next().upper
            self._need(")")
        else:
            expression = self._expression()
            ahead = self._peek()
            has_alias = bool(ahead and ahead.kind == "word" and ahead.upper not in _CLAUSES)
            made.columns.append(Column(expression, self._name() if has_alias else None))

    def _expression(self) -> Expression:
        name = self._name()
        if not self._take("("):
            return Expression(name)
        if name.upper() not in _FUNCTIONS:
            raise malformed(f"unexpected token: '{name}'")
        path = "" if self._is(")") else self._name()
        self._need(")")
        return Expression(path, name.upper())

    def _order(self) -> Order:
        expression = self._expression()
        is_descending = self._take("DESC")
        if not is_descending:
            self._take("ASC")
        nulls_last = False
        if self._take("NULLS"):
            nulls_last = self._take("LAST")
            if not nulls_last:
                self._need("FIRST")
        return Order(expression, is_descending, nulls_last)

    def _listed(self, read: Callable[[], Item]) -> list[Item]:
        found = [read()]
        while self._take(","):
            found.append(read())
        return found

    def _peek(self) -> Token | None:
        return self._tokens[self._place] if self._place < len(self._tokens) else None

    def _is(self, text: str) -> bool:
        token = self._peek()
        return token is not None and token.upper == text

    def _take(self, text: str) -> bool:
        is_there = self._is(text)
        self._place += is_there
        return is_there

    def _next(self) -> Token:
        token = self._peek()
        if token is None:
            raise malformed("unexpected token: '<EOF>'")
        self._place += 1
        return token

    def _need(self, text: str) -> None:
        if not self._take(text):
            raise self._unexpected()

    def _name(self) -> str:
        token = self._peek()
        if token is None or token.kind != "word" or ":" in token.text or token.upper in _CLAUSES:
            raise self._unexpected()
        self._place += 1
        return token.text

    def _whole(self) -> int:
        token = self._next()
        if token.kind != "number" or not token.text.isdigit():
            raise malformed(f"unexpected token: '{token.text}'")
        return int(token.text)

    def _unexpected(self) -> SalesforceError:
        token = self._peek()
        return malformed(f"unexpected token: '{token.text if token else '<EOF>'}'")
