"""How a connection stands for a caller, by what is stored: nobody is asked for it."""

from __future__ import annotations

import dataclasses

import pytest

from support.sample_vendor import SAMPLE, connection
from wirepost.connections.accounts import SHARED, USER, Account, Accounts, Tokens
from wirepost.connections.status import Status, account_of, label_of, owner_of, status_of, takes_consents
from wirepost.contracts.auth import OAuth2
from wirepost.secrets.vault import KeyRing, Vault
from wirepost.store.database import Database

LOGIN = OAuth2("https://sample.example/authorize", "https://sample.example/token", "Ask the vendor.")
CONSENTED = dataclasses.replace(SAMPLE, auth=(LOGIN,))
AT = 1795600000.0


@pytest.fixture
async def accounts(tmp_path, clock):
    database = await Database.open(tmp_path / "wirepost.db", clock)
    yield Accounts(database, clock)
    await database.close()


def consented(**options):
    return connection(provider=CONSENTED, environment="production", client_id="app_1", **options)


async def status(accounts, account: Account | None, caller: str = "anna") -> Status:
    if account:
        await accounts.put(account)
    return await status_of(consented(owner="caller"), accounts, caller)


def test_people_connect_what_takes_consents_and_operators_the_rest() -> None:
    assert takes_consents(consented())
    assert not takes_consents(connection(provider=CONSENTED)), "a sandbox needs nobody"
    assert not takes_consents(connection(environment="production", key="env:KEY"))


def test_what_a_caller_connects_is_theirs_where_the_connection_says_so() -> None:
    assert owner_of(consented(), "anna") == SHARED
    assert owner_of(consented(owner="caller"), "anna") == "anna"


async def test_an_own_account_comes_before_the_shared_one(accounts) -> None:
    own, shared = consented(owner="caller"), consented()
    assert await account_of(own, accounts, "anna") is None
    await accounts.put(Account("sample", SHARED, account_label="All"))
    assert (await account_of(own, accounts, "anna")).account_label == "All"
    await accounts.put(Account("sample", "anna", account_label="Anna"))
    assert (await account_of(own, accounts, "anna")).account_label == "Anna"
    assert (await account_of(own, accounts, "bert")).account_label == "All"
    assert (await account_of(shared, accounts, "anna")).account_label == "All"


async def test_what_nobody_has_connected_is_not_connected(accounts) -> None:
    assert await status(accounts, None) == Status("not_connected")


@pytest.mark.parametrize(
    ("state", "word"),
    [
        ("active", "ready"),
        ("degraded", "degraded"),
        ("needs_reauth", "needs_reauth"),
        ("revoking", "not_connected"),
    ],
)
async def test_each_state_has_one_word_and_says_why(accounts, state, word) -> None:
    found = await status(accounts, Account("sample", state=state, reason="because"))
    assert (found.word, found.problem) == (word, "because")


async def test_scopes_are_those_granted_or_taken_to_be_held(accounts) -> None:
    granted = await status(accounts, Account("sample", scopes_requested=("a", "b"), scopes_granted=("a",)))
    assert (granted.scopes, granted.held) == (("a",), ("a",))
    unread = await status(accounts, Account("sample", scopes_requested=("a", "b")))
    assert (unread.scopes, unread.held) == (None, ("a", "b"))
    unknown = await status(accounts, Account("sample"))
    assert (unknown.scopes, unknown.held) == (None, ())


async def test_a_person_is_needed_when_the_last_token_ends_not_when_one_is_renewed(accounts) -> None:
    last = Account("sample", expires_at=AT, refresh_expires_at=AT + 9)
    assert (await status(accounts, last)).expires_at == AT
    vault = Vault(KeyRing([bytes(32)]))
    sealed = Accounts(accounts._database, accounts._clock, vault)  # noqa: SLF001 - the same rows, with a key
    renewed = dataclasses.replace(last, tokens=Tokens("access_1", "refresh_1"))
    assert (await status(sealed, renewed)).expires_at == AT + 9


async def test_what_an_operator_has_not_finished_is_a_problem_before_anybody_consents(accounts) -> None:
    half = connection(provider=CONSENTED, environment="production")
    await accounts.put(Account("sample"))
    found = await status_of(half, accounts, "anna")
    assert found.word == "not_connected"
    assert "client_id" in found.problem


async def test_what_the_second_token_may_do_counts_where_there_is_one(accounts) -> None:
    both = consented(user_scopes=["search"])
    await accounts.put(Account("sample", scopes_granted=("read",)))
    assert (await account_of(both, accounts, "anna")).scopes_granted == ("read",)
    await accounts.put(Account("sample", part=USER, scopes_granted=("search",)))
    assert (await account_of(both, accounts, "anna")).scopes_granted == ("read", "search")
    assert (await account_of(consented(), accounts, "anna")).scopes_granted == ("read",)


async def test_an_account_that_is_being_removed_is_none_where_there_is_another(accounts) -> None:
    await accounts.put(Account("sample", "anna", state="revoking"))
    await accounts.put(Account("sample", account_label="All"))
    assert (await account_of(consented(owner="caller"), accounts, "anna")).account_label == "All"


async def test_tokens_whose_key_is_lost_are_named_and_not_taken_for_an_ended_consent(accounts) -> None:
    with_key, without = (
        Accounts(accounts._database, accounts._clock, Vault(KeyRing([bytes([number]) * 32])))  # noqa: SLF001
        for number in (1, 2)
    )
    await with_key.put(Account("sample", tokens=Tokens("access_1")))
    found = await status_of(consented(), without, "anna")
    assert found.word == "not_connected"
    assert "key" in found.problem


def test_a_label_is_one_harmless_line_or_none() -> None:
    assert label_of(Account("sample")) is None
    label = label_of(Account("sample", account_label="Acme\n\u202e" + "x" * 200))
    assert label.startswith("Acme")
    assert (label.isprintable(), len(label)) == (True, 80)


async def test_a_key_is_ready_when_it_is_there_and_the_account_is_what_a_check_saw(
    accounts, monkeypatch
) -> None:
    keyed = connection(environment="production", key="env:WIREPOST_TEST_KEY")
    await accounts.note_checked(Account("sample", account_label="Acme"), ["a"])
    monkeypatch.delenv("WIREPOST_TEST_KEY", raising=False)
    missing = await status_of(keyed, accounts, "anna")
    assert missing.word == "not_connected"
    assert "WIREPOST_TEST_KEY" in missing.problem
    monkeypatch.setenv("WIREPOST_TEST_KEY", "live_abcdefgh")
    assert await status_of(keyed, accounts, "anna") == Status("ready", None, "Acme", ("a",), ("a",))
