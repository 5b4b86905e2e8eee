"""`wirepost audit`: proven, listed, exported; also beside a running server."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import apsw
import pytest


@pytest.fixture
def database(home: Path, cli) -> Path:
    """Three attempts, the last one failed."""
    for arguments in (
        ("connection_list",),
        ("stripe_list_payments", "limit=1"),
        ("stripe_get_payment", "payment=x"),
    ):
        cli("tools", "call", *arguments)
    return home / ".local" / "share" / "wirepost" / "wirepost.db"


def change(database: Path, statement: str) -> None:
    connection = apsw.Connection(str(database))
    connection.execute(statement)
    connection.close()


def test_a_whole_chain_is_called_so(cli, database) -> None:
    result = cli("audit", "verify")
    assert result.code == 0
    assert result.out.startswith("whole: 3 records\nhead:  ")
    head = result.out.split()[-1]
    assert cli("audit", "verify", "--expect", head, "--json").json == {"ok": True, "records": 3, "head": head}


@pytest.mark.parametrize(
    ("statement", "at", "problem"),
    [
        ("UPDATE audit SET record = replace(record, 'local', 'other') WHERE seq = 2", 2, "was changed"),
        ("DELETE FROM audit WHERE seq = 2", 3, "record 2 is missing"),
        ("UPDATE audit SET prev_hash = hash WHERE seq = 3", 3, "does not follow"),
    ],
)
def test_a_changed_chain_is_found_out(cli, database, statement: str, at: int, problem: str) -> None:
    for trigger in ("audit_no_update", "audit_no_delete"):
        change(database, f"DROP TRIGGER IF EXISTS {trigger}")
    change(database, statement)
    result = cli("audit", "verify", "--json")
    assert result.code == 1
    assert result.json["ok"] is False
    assert result.json["broken_at"] == at
    assert problem in result.json["problem"]
    assert f"broken at record {at}" in cli("audit", "verify").err


def test_records_cut_off_at_the_end_are_found_out_with_a_noted_hash(cli, database) -> None:
    head = cli("audit", "verify", "--json").json["head"]
    change(database, "DROP TRIGGER IF EXISTS audit_no_delete")
    change(database, "DELETE FROM audit WHERE seq = 3")
    assert cli("audit", "verify").code == 0
    assert "records were removed" in cli("audit", "verify", "--expect", head).err


def test_an_expectation_that_is_no_hash_is_misuse(cli) -> None:
    assert cli("audit", "verify", "--expect", "abc").code == 2


def test_the_newest_records_come_first(cli, database) -> None:
    lines = cli("audit", "list").out.splitlines()
    assert lines[0].split()[:4] == ["RECORD", "AT", "CALLER", "TOOL"]
    assert [line.split()[0] for line in lines[1:]] == ["3", "2", "1"]
    assert [each["seq"] for each in cli("audit", "list", "--limit", "1", "--json").json] == [3]


def test_records_are_chosen_by_tool_caller_and_result(cli, database) -> None:
    def found(*arguments: str) -> list[int]:
        return [each["seq"] for each in cli("audit", "list", *arguments, "--json").json]

    assert found("--tool", "connection_list") == [1]
    assert found("--result", "ok") == [2, 1]
    assert found("--caller", "nobody") == []
    assert found("--caller", "local", "--result", "ok", "--limit", "1") == [2]


def test_an_export_proves_itself(cli, database, tmp_path: Path) -> None:
    file = tmp_path / "audit.jsonl"
    assert "wrote 3 records" in cli("audit", "export", "-o", str(file)).err
    lines = [json.loads(line) for line in file.read_text().splitlines()]
    previous = "0" * 64
    for line in lines:
        assert line["prev_hash"] == previous
        previous = hashlib.sha256(previous.encode() + line["record"].encode()).hexdigest()
        assert line["hash"] == previous
    assert [json.loads(line) for line in cli("audit", "export", "--after", "2").out.splitlines()] == lines[2:]


def test_an_export_overwrites_nothing(cli, database, tmp_path: Path) -> None:
    file = tmp_path / "audit.jsonl"
    file.write_text("mine")
    assert cli("audit", "export", "-o", str(file)).code == 2
    assert file.read_text() == "mine"
    assert cli("audit", "export", "-o", str(tmp_path / "no" / "a")).code == 2


def test_without_a_database_the_answer_says_how_to_get_one(cli) -> None:
    result = cli("audit", "verify")
    assert result.code == 2
    assert "there is no database" in result.err


@pytest.mark.slow
def test_it_reads_beside_a_running_server(cli, server) -> None:
    cli("tools", "call", "connection_list")
    assert cli("audit", "verify", "--json").json["records"] == 1


def test_two_databases_are_not_confused(cli, database, tmp_path: Path) -> None:
    assert cli("audit", "verify", "--data-dir", str(tmp_path / "other")).code == 2
    assert not (tmp_path / "other").exists(), "looking makes nothing"
