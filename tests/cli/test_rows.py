"""CSV and JSON lines of people are read as they are meant, or refused with the line that is wrong."""

from __future__ import annotations

import csv
import io
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wirepost.cli import rows
from wirepost.core.errors import ConfigError

CELLS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0\r"), max_size=20)


async def each(given_rows):
    for row in given_rows:
        yield row


@pytest.mark.parametrize(
    ("name", "form"), [("a.csv", "csv"), ("a.CSV", "csv"), ("a.jsonl", "jsonl"), ("a.ndjson", "jsonl")]
)
def test_the_name_of_a_file_says_what_it_is(tmp_path, name, form):
    assert rows.form_of(tmp_path / name) == form


def test_other_names_say_nothing(tmp_path):
    with pytest.raises(ConfigError, match="--format"):
        rows.form_of(tmp_path / "a.xlsx")


@given(st.lists(st.fixed_dictionaries({"id": CELLS, "Übersicht": CELLS}), max_size=5))
def test_csv_that_another_program_wrote_is_read_as_it_is(tmp_path_factory, table):
    path = tmp_path_factory.mktemp("csv") / "a.csv"
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.DictWriter(file, ["id", "Übersicht"])
        writer.writeheader()
        writer.writerows(table)
    assert list(rows.read(path, "csv")) == table


def test_json_lines_are_read_and_empty_ones_passed_over(tmp_path):
    path = tmp_path / "a.jsonl"
    path.write_text('{"a": 1}\n\n{"a": {"b": [null]}}')
    assert list(rows.read(path, "jsonl")) == [{"a": 1}, {"a": {"b": [None]}}]


@pytest.mark.parametrize(
    ("form", "content", "told"),
    [
        ("csv", b"", r":1: its first line must name each column"),
        ("csv", b"a,a\n1,2\n", r":1: its first line must name each column"),
        ("csv", b"a,\n1,2\n", r":1: its first line must name each column"),
        ("csv", b"a,b\n1,2\n1\n", r":3: has not 2 fields"),
        ("csv", b"a,b\n1,2,3\n", r":2: has not 2 fields"),
        ("csv", b'a,b\n1,"2"3\n', r":2: is no CSV"),
        ("csv", b"a\n\xff\n", r"is not UTF-8"),
        ("jsonl", b'{"a": 1}\n{"a": \n', r":2: is no JSON"),
        ("jsonl", b'{"a": 1}\n[1]\n', r":2: is no JSON object"),
    ],
)
def test_what_is_wrong_is_named_with_its_line(tmp_path, form, content, told):
    path = tmp_path / "rows"
    path.write_bytes(content)
    with pytest.raises(ConfigError, match=told):
        list(rows.read(path, form))


def test_a_file_that_is_not_there_is_named(tmp_path):
    with pytest.raises(ConfigError, match="cannot be read"):
        list(rows.read(tmp_path / "a.csv", "csv"))


async def test_csv_can_be_read_by_other_programs():
    given_rows = [{"id": "1", "n": 3, "text": 'a "b"\nc'}, {"id": "2", "more": {"x": [1]}, "n": None}]
    columns = ["id", "n", "text", "more"]
    written = b"".join([line async for line in rows.in_csv(each(given_rows), columns)])
    found = list(csv.DictReader(io.StringIO(written.decode(), newline="")))
    assert found[0] == {"id": "1", "n": "3", "text": 'a "b"\nc', "more": ""}
    assert found[1]["n"] == ""
    assert json.loads(found[1]["more"]) == {"x": [1]}


def test_a_new_file_is_not_left_behind_unfinished(tmp_path):
    path = tmp_path / "rows.jsonl"

    def fill_the_disk():
        with rows.new_file(path) as file:
            file.write(b"{}\n")
            raise OSError(28, "No space left on device")

    with pytest.raises(ConfigError, match="cannot be written: No space left"):
        fill_the_disk()
    assert not path.exists()
    with rows.new_file(path) as file:
        file.write(b"{}\n")
    with pytest.raises(ConfigError, match="exists already"), rows.new_file(path):
        pass
    assert path.read_bytes() == b"{}\n"
