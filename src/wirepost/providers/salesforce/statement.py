"""Statements that callers write: read strictly, and written anew within bounds.

One SELECT, in the clauses below and no others; nothing that locks or marks records, reaches into the recycle
bin or widens what the user sees. https://developer.salesforce.com/docs/atlas.en-us.soql_sosl.meta/soql_sosl/
sforce_api_calls_soql_select.htm
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import NamedTuple, NoReturn

from wirepost.core.errors import InvalidCall

CHILDREN = 20
"""Most rows of a child query that are shown for one record."""
DEEPEST = 3
_TOKEN = re.compile(
    r"""(?P<string>'(?:[^'\\]|\\[nNrRtTbBfF"'\\_%])*')
    | (?P<moment>\d{4}-\d\d-\d\d(?:T\d\d:\d\d:\d\d(?:\.\d{1,6})?(?:Z|[+-]\d\d:?\d\d))?)(?![\w.])
    | (?P<number>[+-]?\d+(?:\.\d+)?)(?![\w.])
    | (?P<word>[A-Za-z]\w*(?:\.[A-Za-z]\w*)*(?::\d{1,4})?)(?![\w.:])
    | (?P<sign><=|>=|!=|<>|[=<>(),])
    """,
    re.VERBOSE | re.ASCII,
)
_CLAUSES = frozenset(
    {"SELECT", "FROM", "USING", "WHERE", "WITH", "GROUP", "HAVING", "ORDER", "LIMIT", "OFFSET"}
    | {"FOR", "UPDATE", "ALL", "FIND", "RETURNING"}
)
_ENFORCED = ("SECURITY_ENFORCED", "USER_MODE")
_FIGURE = re.compile(r"(?:COUNT|COUNT_DISTINCT|SUM|AVG|MIN|MAX) ?\(", re.IGNORECASE)
_REFUSED = {
    "FOR": "FOR VIEW, FOR REFERENCE and FOR UPDATE change records or lock them; leave them out",
    "USING": "USING SCOPE is not supported; filter by OwnerId instead",
    "UPDATE": "UPDATE TRACKING and UPDATE VIEWSTAT change records; leave them out",
    "ALL": "ALL ROWS reads deleted records, which is not supported; leave it out",
    "FIND": "SOSL is not supported; crm_search_records searches by words",
}


class _Token(NamedTuple):
    kind: str
    text: str
    is_apart: bool
    """White space stands before it."""

    @property
    def word(self) -> str:
        return self.text.upper() if self.kind == "word" else self.text


@dataclass
class Statement:
    """One SELECT, clause by clause; `columns` are texts, child queries among them are statements."""

    columns: list[str | Statement] = field(default_factory=list)
    source: str = ""
    where: str = ""
    enforced: str = ""
    group_by: str = ""
    having: str = ""
    order_by: str = ""
    limit: int | None = None
    offset: int = 0

    @property
    def is_count(self) -> bool:
        """Whether the answer is a number without records."""
        return [str(each).replace(" ", "").upper() for each in self.columns] == ["COUNT()"]

    @property
    def is_one_row(self) -> bool:
        """Whether figures over all records are asked for; Salesforce takes no LIMIT for them."""
        return not self.group_by and any(isinstance(c, str) and _FIGURE.match(c) for c in self.columns)

    @property
    def children(self) -> list[Statement]:
        """The child queries."""
        return [each for each in self.columns if isinstance(each, Statement)]

    def text(self, *, limit: int | None = None, offset: int = 0) -> str:
        """The statement written anew, at most `limit` rows, without the first `offset` of its own rows."""
        if self.is_one_row:
            own = f" LIMIT {self.limit}" if self.is_count and self.limit is not None else ""
            return self._clauses(self.order_by) + own
        order_by = self.order_by or ("" if self.group_by or limit is None else "Id")
        left = None if self.limit is None else max(self.limit - offset, 0)
        parts = [self._clauses(order_by)]
        if least := [n for n in (limit, left) if n is not None]:
            parts.append(f"LIMIT {min(least)}")
        if self.offset + offset:
            parts.append(f"OFFSET {self.offset + offset}")
        return " ".join(parts)

    def _clauses(self, order_by: str) -> str:
        shown = [each if isinstance(each, str) else f"({each.as_child()})" for each in self.columns]
        clauses = (
            ("SELECT", ", ".join(shown)),
            ("FROM", self.source),
            ("WHERE", self.where),
            ("WITH", self.enforced),
            ("GROUP BY", self.group_by),
            ("HAVING", self.having),
            ("ORDER BY", order_by),
        )
        return " ".join(f"{word} {text}" for word, text in clauses if text)

    def as_child(self) -> str:
        """The statement as a child query: one row more than is shown, so that the end can be told."""
        most = CHILDREN + 1
        limit = most if self.limit is None else min(self.limit, most)
        return f"{self._clauses(self.order_by)} LIMIT {limit}"


def read(text: str) -> Statement:
    """The clauses of a statement; raises `InvalidCall` for anything but one SELECT."""
    reader = _Reader(_tokens(text))
    statement = reader.statement(1)
    reader.end()
    return statement


def _tokens(text: str) -> list[_Token]:
    found: list[_Token] = []
    place, is_apart = 0, False
    while place < len(text):
        if text[place].isspace():
            place, is_apart = place + 1, True
            continue
        match = _TOKEN.match(text, place)
        if match is None or match.lastgroup is None:
            _refuse(f"cannot be read from {text[place : place + 20]!r} on")
        found.append(_Token(match.lastgroup, match[0], is_apart))
        place, is_apart = match.end(), False
    return found


class _Reader:
    """Reads from left to right; what it does not know it refuses."""

    def __init__(self, tokens: list[_Token]) -> None:
        self._tokens, self._place = tokens, 0

    def statement(self, depth: int) -> Statement:
        if depth > DEEPEST:
            _refuse(f"has more than {DEEPEST} queries inside each other")
        if not self._take("SELECT"):
            self._stop("one SELECT is needed")
        made = Statement(columns=self._columns(depth))
        self._need("FROM")
        made.source = self._source()
        if self._take("WHERE"):
            made.where = self._clause(depth)
        if self._take("WITH"):
            made.enforced = self._one_of(_ENFORCED)
        if self._take("GROUP", "BY"):
            made.group_by = self._clause(depth)
        if self._take("HAVING"):
            made.having = self._clause(depth)
        if self._take("ORDER", "BY"):
            made.order_by = self._clause(depth)
        made.limit = self._whole() if self._take("LIMIT") else None
        made.offset = self._whole() if self._take("OFFSET") else 0
        return made

    def end(self) -> None:
        """Nothing may follow."""
        if self._place < len(self._tokens):
            self._stop("does not belong there")

    def _columns(self, depth: int) -> list[str | Statement]:
        found: list[str | Statement] = []
        while True:
            if self._ahead("(", "SELECT"):
                self._place += 1
                found.append(self.statement(depth + 1))
                self._need(")")
            else:
                found.append(self._clause(depth, ends=(",",)))
            if not self._take(","):
                return found

    def _clause(self, depth: int, ends: tuple[str, ...] = ()) -> str:
        """Everything up to the next clause, parentheses in balance."""
        parts: list[str] = []
        opened = 0
        while (token := self._peek()) is not None:
            if self._ahead("(", "SELECT"):
                self._place += 1
                parts.append(f"{' ' if token.is_apart else ''}({self.statement(depth + 1).text()})")
                self._need(")")
                continue
            if token.kind == "word" and token.word in _CLAUSES:
                break
            if opened == 0 and token.text in {*ends, ")"}:
                break
            opened += {"(": 1, ")": -1}.get(token.text, 0)
            parts.append((" " if token.is_apart else "") + token.text)
            self._place += 1
        text = "".join(parts).strip()
        if not text or opened:
            self._stop("does not belong there")
        return text

    def _source(self) -> str:
        """An object, perhaps with an alias."""
        names = [self._word()]
        self._take("AS")
        token = self._peek()
        if token is not None and token.kind == "word" and token.word not in _CLAUSES:
            names.append(self._word())
        return " ".join(names)

    def _word(self) -> str:
        token = self._peek()
        if token is None or not re.fullmatch(r"\w+", token.text) or token.kind != "word":
            self._stop("a name is needed")
        self._place += 1
        return token.text

    def _one_of(self, words: tuple[str, ...]) -> str:
        token = self._peek()
        if token is None or token.word not in words:
            self._stop(f"WITH takes {' or '.join(words)} only")
        self._place += 1
        return token.word

    def _whole(self) -> int:
        token = self._peek()
        if token is None or not re.fullmatch(r"\d{1,9}", token.text):
            self._stop("a whole number is needed")
        self._place += 1
        return int(token.text)

    def _peek(self) -> _Token | None:
        return self._tokens[self._place] if self._place < len(self._tokens) else None

    def _ahead(self, *words: str) -> bool:
        return [token.word for token in self._tokens[self._place : self._place + len(words)]] == list(words)

    def _take(self, *words: str) -> bool:
        is_there = self._ahead(*words)
        self._place += len(words) if is_there else 0
        return is_there

    def _need(self, word: str) -> None:
        if not self._take(word):
            self._stop(f"{word} is needed")

    def _stop(self, problem: str) -> NoReturn:
        token = self._peek()
        if token is not None and token.kind == "word" and token.word in _REFUSED:
            _refuse(_REFUSED[token.word])
        _refuse(f"at {token.text[:40]!r}: {problem}" if token else f"at its end: {problem}")


def _refuse(problem: str) -> NoReturn:
    raise InvalidCall(
        "invalid_arguments",
        f"soql {problem}",
        hint="Send one SELECT statement without comments, semicolon or bind variables",
        fields=[{"path": "soql", "problem": problem}],
    )
