"""What is written for SQLite means the same to PostgreSQL."""

from __future__ import annotations

from pathlib import Path

import apsw
import pytest
from hypothesis import given
from hypothesis import strategies as st

import wirepost.store
from support.postgres import ask
from wirepost.store.postgres.sql import script, statement

SCHEMA = Path(wirepost.store.__file__).parent / "schema.sql"


@pytest.mark.parametrize(
    ("written", "sent"),
    [
        ("SELECT a FROM b WHERE c = ? AND d = ?", "SELECT a FROM b WHERE c = %s AND d = %s"),
        ("SELECT '?', 'it''s ?', \"?\", ?", "SELECT '?', 'it''s ?', \"?\", %s"),
        ("SELECT a FROM b WHERE c LIKE 'owner %' AND d % 2 = ?",
         "SELECT a FROM b WHERE c LIKE 'owner %%' AND d %% 2 = %s"),
        ("SELECT 1 -- really?\n, ?", "SELECT 1 -- really?\n, %s"),
    ],
)  # fmt: skip
def test_parameters_are_marked_where_they_are_parameters(written, sent):
    assert statement(written) == sent.encode()


@given(st.text(alphabet=st.characters(exclude_characters="'\0", exclude_categories=["Cs"])))
def test_texts_are_left_as_they_are(text):
    assert statement(f"SELECT '{text}'") == f"SELECT '{text.replace('%', '%%')}'".encode()


def test_types_are_those_of_postgresql():
    assert script("CREATE TABLE a (b INTEGER, c REAL, d BLOB, e TEXT) STRICT;  -- INTEGER's place") == (
        b"CREATE TABLE a (b BIGINT, c DOUBLE PRECISION, d BYTEA, e TEXT) ;  "
    )


@pytest.mark.services("postgres")
def test_tables_have_the_columns_types_and_indexes_that_the_page_says(database, schema):
    written = apsw.Connection(":memory:")  # what SQLite makes of the same page
    written.execute(SCHEMA.read_text()).fetchall()
    types = {"INTEGER": "bigint", "REAL": "double precision", "BLOB": "bytea", "TEXT": "text"}
    expected = {
        (table, name, types[kind], "NO" if is_required or is_key else "YES")
        for (table,) in written.execute("SELECT name FROM sqlite_schema WHERE type = 'table'").fetchall()
        for _, name, kind, is_required, _, is_key in written.execute(f"PRAGMA table_info({table})")
    }
    columns = ask(
        "SELECT table_name, column_name, data_type, is_nullable FROM information_schema.columns "
        "WHERE table_schema = current_schema()",
        schema,
    )
    assert set(columns) == expected
    indexes = ask("SELECT indexname FROM pg_indexes WHERE schemaname = current_schema()", schema)
    assert set(indexes) >= set(
        written.execute("SELECT name FROM sqlite_schema WHERE type = 'index' AND sql IS NOT NULL").fetchall()
    )
