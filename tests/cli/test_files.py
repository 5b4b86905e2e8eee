"""Rows that people put can be read by the caller they are for, until they expire."""

from __future__ import annotations

import asyncio
from pathlib import Path

from wirepost.cli.post import post
from wirepost.settings import load


def rows_of(ref, caller):
    async def read():
        async with post(load(None).settings) as place:
            return [row async for row in place.long_work.files.rows_of(ref, caller)]

    return asyncio.run(read())


def test_a_file_is_put_for_agents_of_this_machine(cli):
    Path("reviews.csv").write_text("id,text\n1,Great\n2,Late again\n")
    ran = cli("files", "put", "reviews.csv")
    assert ran.code == 0
    ref = ran.out.strip()
    assert ran.err.startswith("2 rows; kept until ")
    assert rows_of(ref, "local") == [{"id": "1", "text": "Great"}, {"id": "2", "text": "Late again"}]


def test_a_file_is_put_for_another_caller(cli):
    Path("rows").write_text('{"a": 1}\n')
    shown = cli("files", "put", "rows", "--format", "jsonl", "--caller", "anna", "--json").json
    assert shown["rows"] == 1
    assert rows_of(shown["file_ref"], "anna") == [{"a": 1}]


def test_a_wrong_line_stores_nothing(cli):
    Path("rows.jsonl").write_text('{"a": 1}\n{"a"\n')
    ran = cli("files", "put", "rows.jsonl")
    assert (ran.code, ran.out) == (2, "")
    assert "rows.jsonl:2: is no JSON" in ran.err


def test_a_file_that_is_too_large_is_refused_whole(cli, configure):
    configure("jobs: {max_result_mb: 0.0001}\n")
    Path("rows.csv").write_text("a\n" + "x" * 50 + "\n" + "y" * 60 + "\n")
    ran = cli("files", "put", "rows.csv")
    assert ran.code == 2
    assert "is larger than 0.0001 MB" in ran.err
