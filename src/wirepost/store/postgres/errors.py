"""What went wrong with PostgreSQL, said so that the operator knows what to do."""

from __future__ import annotations

import psycopg
from psycopg import errors

from wirepost.core.redact import SECRETS
from wirepost.store.problems import BUSY_RETRY_S, Problem
from wirepost.store.tx import NotUnique


class Unusable(Exception):
    """Something about the server that its own errors do not say."""

    def __init__(self, problem: Problem) -> None:
        self.problem = problem
        super().__init__(problem.what)


_LOGIN = Problem("the login is refused", "Check user and password in store.url, and pg_hba.conf")
_STARTING = Problem("it starts or stops", "Wait until it runs; it is connected again by itself", BUSY_RETRY_S)
_FULL = Problem("its disk is full", "Free space on the disk of the PostgreSQL server, then repeat")
READ_ONLY = Problem(
    "it takes no writes",
    "Name the primary in store.url, or turn default_transaction_read_only off",
)

# https://www.postgresql.org/docs/current/errcodes-appendix.html
_BY_STATE = {
    "25006": READ_ONLY,
    "25P03": Problem("this process stood still in the middle of a write", "Repeat the call", BUSY_RETRY_S),
    "28000": _LOGIN,
    "28P01": _LOGIN,
    "3D000": Problem("there is no such database", "Create it, or correct store.url"),
    "42501": Problem(
        "a permission is missing",
        "GRANT CREATE, USAGE on the schema; the tables there belong to this user",
    ),
    "53100": _FULL,
    "53300": Problem(
        "it has no connection left", "Raise max_connections; each server needs up to 6", BUSY_RETRY_S
    ),
    "55P03": Problem(
        "another process holds the database",
        "Find it in pg_stat_activity (state, wait_event, application_name), then repeat",
        BUSY_RETRY_S,
    ),
    "57014": Problem("a statement took too long", "Look at its load, then repeat", BUSY_RETRY_S),
    "57P01": _STARTING,
    "57P02": _STARTING,
    "57P03": _STARTING,
}
_BY_CLASS = {
    "53": Problem("it lacks memory or disk", "Look into the log of the PostgreSQL server"),
    "58": Problem("its disk refuses", "Look into the log of the PostgreSQL server"),
    "XX": Problem("its files are damaged", "Look into the log of the PostgreSQL server; restore a backup"),
}
# The driver tells no state when connecting fails (https://www.postgresql.org/docs/current/libpq-status.html).
_BY_WORDS = (
    ("too many", _BY_STATE["53300"]),
    ("connection slots", _BY_STATE["53300"]),
    ("starting up", _STARTING),
    ("shutting down", _STARTING),
    ("recovery", _STARTING),
    ("password", _LOGIN),
    ("authentication", _LOGIN),
    ("pg_hba.conf", _LOGIN),
    ('role "', _LOGIN),
    ('database "', _BY_STATE["3D000"]),
)
_UNREACHABLE = Problem(
    "it cannot be reached", "Start it, or correct store.url; it is connected again by itself", BUSY_RETRY_S
)


def translate(error: Exception, label: str) -> Exception:
    """The error a caller of the database sees; a mistake in a statement stays what it is."""
    if isinstance(error, errors.UniqueViolation):
        return NotUnique(SECRETS.text(str(error)))
    problem = _describe(error, label)
    return problem.unavailable() if problem else error


def refuse(error: Exception, label: str) -> Exception:
    """The same for opening: a server that cannot open its store does not start."""
    problem = _describe(error, label)
    return problem.refusal("store.url") if problem else error


def _describe(error: Exception, label: str) -> Problem | None:
    found = error.problem if isinstance(error, Unusable) else _look_up(error)
    return found and found._replace(what=f"{label}: {found.what}")


def _look_up(error: Exception) -> Problem | None:
    if not isinstance(error, psycopg.Error):
        return None
    state = error.sqlstate or ""
    known = _BY_STATE.get(state) or _BY_CLASS.get(state[:2])
    if known or not isinstance(error, psycopg.OperationalError):
        return known
    _, is_refused, said = str(error).partition("FATAL:")
    if not is_refused:
        return _UNREACHABLE
    return next((problem for words, problem in _BY_WORDS if words in said), _UNREACHABLE)
