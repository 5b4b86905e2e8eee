"""`wirepost tokens`: given, listed, taken back, beside a running server."""

from __future__ import annotations

import re
from http.client import HTTPConnection
from urllib.parse import urlsplit

import pytest

ASKED = "server: {auth: {mode: static}}\n"
TOKEN = re.compile(r"wpt_[\w-]{43}")


def test_a_token_is_printed_once_and_alone(cli, configure) -> None:
    configure(ASKED)
    made = cli(
        "tokens", "create", "alice", "--scope", "crm.read", "--scope", "stripe.money", "--expires", "30d"
    )
    assert TOKEN.fullmatch(made.out.strip())
    assert "crm.read, stripe.money" in made.err
    listed = cli("tokens", "list", "--json")
    assert made.out.strip() not in listed.out
    (row,) = listed.json
    assert (row["name"], row["status"], row["scopes"]) == ("alice", "valid", ["crm.read", "stripe.money"])
    assert row["last_used_at"] is None
    assert re.search(r"alice +valid +crm.read stripe.money", cli("tokens", "list").out)


def test_a_token_for_everything_that_does_not_end(cli) -> None:
    made = cli("tokens", "create", "alice", "--expires", "never", "--json").json
    assert (made["scopes"], made["expires_at"]) == (None, None)
    assert TOKEN.fullmatch(made["token"])
    assert "everything" in cli("tokens", "list").out
    other = cli("tokens", "create", "bob", "--expires", "never")
    assert "does not end" in other.err
    assert "Tokens are not asked for yet" in other.err


def test_a_token_is_taken_back_and_its_name_stays_taken(cli) -> None:
    cli("tokens", "create", "alice")
    assert cli("tokens", "revoke", "alice").code == 0
    assert cli("tokens", "list", "--json").json[0]["status"] == "revoked"
    for command in (("revoke", "alice"), ("create", "alice"), ("revoke", "nobody")):
        assert cli("tokens", *command).code == 2
    cli("tokens", "create", "bob")
    assert cli("tokens", "revoke", "bob", "--json").json == {"name": "bob", "status": "revoked"}


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["a b"], "no name"),
        (["alice", "--scope", "crm.reed"], "did you mean crm.read"),
        (["alice", "--scope", "everything"], "known: admin"),
        (["alice", "--expires", "soon"], "no lifetime"),
        (["alice", "--expires", "0d"], "no lifetime"),
    ],
)
def test_mistakes_are_named(cli, arguments, said) -> None:
    made = cli("tokens", "create", *arguments)
    assert made.code == 2
    assert said in made.err
    assert cli("tokens", "list", "--json").json == []


def test_an_operator_scope_may_be_given(cli) -> None:
    assert cli("tokens", "create", "alice", "--scope", "admin", "--json").json["scopes"] == ["admin"]


def answered(address: str, token: str) -> int:
    parts = urlsplit(address)
    connection = HTTPConnection(parts.hostname or "", parts.port or 0, timeout=30)
    try:
        headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
        connection.request("POST", "/mcp", "{}", headers)
        return connection.getresponse().status
    finally:
        connection.close()


@pytest.fixture
def asking(configure):
    configure(ASKED)


@pytest.mark.slow
def test_a_running_server_learns_of_tokens(asking, cli, server) -> None:
    assert answered(server, "wpt_unknown") == 401
    token = cli("tokens", "create", "alice").out.strip()
    assert answered(server, token) not in {401, 403}
    assert cli("tokens", "list", "--json").json[0]["last_used_at"] is not None
    assert cli("tools", "call", "connection_list").code == 0


def test_a_store_that_cannot_be_opened_is_told(cli, tmp_path) -> None:
    (tmp_path / "file").write_text("")
    assert cli("tokens", "list", "--data-dir", str(tmp_path / "file")).code == 2


def test_a_token_may_allow_what_no_tool_needs_as_a_whole(cli) -> None:
    made = cli("tokens", "create", "alice", "--scope", "event.history", "--scope", "event.raw", "--json").json
    assert made["scopes"] == ["event.history", "event.raw"]
