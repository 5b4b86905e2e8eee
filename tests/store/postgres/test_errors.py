"""What the operator is told when PostgreSQL cannot be used."""

from __future__ import annotations

import psycopg
import pytest
from psycopg import errors

from wirepost.core.errors import ConfigError, Unavailable
from wirepost.store.database import NotUnique
from wirepost.store.postgres.errors import Unusable, refuse, translate
from wirepost.store.problems import Problem

LABEL = "PostgreSQL, books at db:5432"


# Names of https://www.postgresql.org/docs/current/errcodes-appendix.html.
@pytest.mark.parametrize(
    ("state", "says", "hint"),
    [
        ("invalid_password", "the login is refused", "pg_hba.conf"),
        ("invalid_authorization_specification", "the login is refused", "pg_hba.conf"),
        ("invalid_catalog_name", "there is no such database", "Create it"),
        ("insufficient_privilege", "a permission is missing", "GRANT CREATE"),
        ("read_only_sql_transaction", "it takes no writes", "Name the primary"),
        ("idle_in_transaction_session_timeout", "stood still in the middle of a write", "Repeat"),
        ("disk_full", "its disk is full", "Free space"),
        ("too_many_connections", "no connection left", "max_connections"),
        ("out_of_memory", "it lacks memory or disk", "Look into the log"),
        ("lock_not_available", "another process holds the database", "pg_stat_activity"),
        ("query_canceled", "a statement took too long", "Look at its load"),
        ("admin_shutdown", "it starts or stops", "Wait until it runs"),
        ("crash_shutdown", "it starts or stops", "Wait until it runs"),
        ("cannot_connect_now", "it starts or stops", "Wait until it runs"),
        ("io_error", "its disk refuses", "Look into the log"),
        ("data_corrupted", "its files are damaged", "restore a backup"),
    ],
)
def test_each_state_says_what_to_do(state, says, hint):
    cause = errors.lookup(state.upper())("said by the server")
    shown = translate(cause, LABEL)
    assert isinstance(shown, Unavailable)
    assert shown.message.startswith(f"The server cannot use its own store: {LABEL}: ")
    assert says in shown.message
    assert hint in shown.hint
    assert shown.retry_after_s > 0
    refused = refuse(cause, LABEL)
    assert isinstance(refused, ConfigError)
    assert says in refused.message
    assert refused.hint == shown.hint


# As libpq words them, which tells no state where connecting fails.
@pytest.mark.parametrize(
    ("said", "says"),
    [
        ('FATAL:  password authentication failed for user "a"', "the login is refused"),
        ('FATAL:  no pg_hba.conf entry for host "10.0.0.1", user "a"', "the login is refused"),
        ('FATAL:  Peer authentication failed for user "a"', "the login is refused"),
        ('FATAL:  role "a" does not exist', "the login is refused"),
        ('FATAL:  database "b" does not exist', "there is no such database"),
        ("FATAL:  sorry, too many clients already", "no connection left"),
        ("FATAL:  remaining connection slots are reserved for roles", "no connection left"),
        ('FATAL:  too many connections for role "a"', "no connection left"),
        ("FATAL:  the database system is starting up", "it starts or stops"),
        ("FATAL:  the database system is shutting down", "it starts or stops"),
        ("FATAL:  the database system is in recovery mode", "it starts or stops"),
        ("FATAL:  something new", "it cannot be reached"),
        ("Connection refused\n\tIs the server running on that host?", "it cannot be reached"),
        ("server closed the connection unexpectedly", "it cannot be reached"),
    ],
)
def test_a_connection_that_is_refused_says_what_to_do(said, says):
    cause = psycopg.OperationalError(f'connection to server at "db", port 5432 failed: {said}')
    assert says in translate(cause, LABEL).message


def test_a_key_that_is_taken_is_not_unique():
    assert isinstance(translate(errors.UniqueViolation("duplicate key"), LABEL), NotUnique)


def test_a_mistake_of_ours_stays_what_it_is():
    for error in (errors.SyntaxError("near SELEC"), ZeroDivisionError()):
        assert translate(error, LABEL) is error
        assert refuse(error, LABEL) is error


def test_what_the_server_s_errors_do_not_say_is_told_the_same_way():
    shown = translate(Unusable(Problem("it is odd", "Mend it", 3.0)), LABEL)
    assert (shown.hint, shown.retry_after_s) == ("Mend it", 3.0)
    assert shown.message == f"The server cannot use its own store: {LABEL}: it is odd. Nothing was sent."
