"""Which connection a call runs on, and how one is opened and closed."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from support.clock import START, ManualClock
from support.samples import SampleClient, sample_get_note
from support.warehouse import DESCRIBED
from support.worlds import world_at
from wirepost.connections.connections import Connection, Connections
from wirepost.contracts.auth import ApiKey
from wirepost.core.errors import ConfigError, InvalidCall, NotConnected, Unavailable
from wirepost.core.secret_refs import SecretRef
from wirepost.providers import load_provider
from wirepost.settings.connections import ConnectionSettings
from wirepost.upstream.ask import Ask
from wirepost.upstream.scope import Scope

STRIPE = load_provider("stripe")
SAMPLE = dataclasses.replace(STRIPE, name="sample", title="Sample", client=SampleClient, load_tools=None)
GET_BALANCE = next(tool for tool in STRIPE.tools if tool.name == "stripe_get_balance")
BALANCE = Ask("GET", "/v1/balance")


def connection(name, provider=STRIPE, environment="sandbox", **settings) -> Connection:
    configured = ConnectionSettings(provider=provider.name, environment=environment, **settings)
    return Connection(name, provider, configured, ManualClock(), lambda: world_at(START))


def connections(*each: Connection) -> Connections:
    return Connections({connection.name: connection for connection in each})


def test_the_only_fitting_connection_needs_no_name() -> None:
    notes, shop = connection("notes", SAMPLE), connection("shop")
    both = connections(notes, shop)
    assert both.fitting(GET_BALANCE) == [shop]
    assert both.choose(GET_BALANCE, None) is shop
    assert both.choose(GET_BALANCE, "shop") is shop
    assert both.choose(sample_get_note, None) is notes


def test_of_several_the_caller_must_name_one() -> None:
    both = connections(connection("shop-eu"), connection("shop-us"))
    with pytest.raises(InvalidCall) as refused:
        both.choose(GET_BALANCE, None)
    assert refused.value.code == "connection_required"
    assert refused.value.fields[0]["allowed"] == ["shop-eu", "shop-us"]
    assert "shop-eu, shop-us" in (refused.value.hint or "")
    assert both.choose(GET_BALANCE, "shop-us").name == "shop-us"


def test_without_a_fitting_connection_the_hint_says_where_to_add_one() -> None:
    with pytest.raises(NotConnected) as refused:
        connections(connection("shop")).choose(sample_get_note, None)
    assert refused.value.code == "not_connected"
    assert "wirepost.yaml" in (refused.value.hint or "")


@pytest.mark.parametrize(
    ("name", "problem", "hint"),
    [
        ("shop-ue", "does not exist", "Did you mean shop-eu?"),
        ("zzz", "does not exist", "stripe_get_balance runs on: shop-eu"),
        ("", "does not exist", "stripe_get_balance runs on: shop-eu"),
        ("notes", "is of another kind than the tool", "stripe_get_balance runs on: shop-eu"),
    ],
)
def test_a_wrong_name_is_refused_with_what_is_right(name, problem, hint) -> None:
    with pytest.raises(InvalidCall) as refused:
        connections(connection("shop-eu"), connection("notes", SAMPLE)).choose(GET_BALANCE, name)
    assert refused.value.code == "invalid_arguments"
    assert refused.value.fields == [{"path": "connection", "problem": problem, "allowed": ["shop-eu"]}]
    assert refused.value.hint == hint


def test_a_wrong_name_is_refused_where_nothing_fits_and_not_repeated_at_length() -> None:
    with pytest.raises(InvalidCall) as refused:
        connections().choose(GET_BALANCE, "x" * 5000)
    assert refused.value.hint == "stripe_get_balance runs on: nothing yet"
    assert len(refused.value.message) < 120


def test_missing_keys_are_listed_and_keys_of_another_environment_refused(tmp_path: Path) -> None:
    missing = connection("missing", environment="test")
    assert connections(connection("shop"), missing).check() == ["missing: no key is configured"]
    key = tmp_path / "key"
    key.write_text("sk_live_secret")
    key.chmod(0o600)
    wrong = connection("wrong", environment="test", key=SecretRef(f"file:{key}"))
    with pytest.raises(ConfigError, match="belongs to production"):
        connections(missing, wrong).check()


def test_only_a_declared_service_has_jobs_of_the_configuration() -> None:
    shop = connection("shop", environment="sandbox", jobs={"export": DESCRIBED})
    with pytest.raises(ConfigError, match="only provider http"):
        connections(shop).check()


def test_a_sandbox_exists_in_the_sandbox_environment_only() -> None:
    both = connections(connection("shop"), connection("live", environment="production"))
    vendor = both.sandbox("shop")
    assert vendor is not None
    assert both.sandbox("shop") is vendor
    assert both.sandbox("live") is None
    assert both.sandbox("no-such") is None


def test_a_sandbox_shows_the_configured_faults() -> None:
    vendor = connection("shop", faults=[{"kind": "status", "match": "GET *", "status": 503}]).sandbox
    assert vendor is not None
    assert [(fault.kind, fault.match, fault.status) for fault in vendor.faults] == [("status", "GET *", 503)]


def test_the_facts_of_a_connection_hold_no_secret(tmp_path: Path) -> None:
    key = tmp_path / "key"
    key.write_text("sk_test_secret")
    key.chmod(0o600)
    shop = connection("shop", environment="test", key=SecretRef(f"file:{key}"))
    assert shop.shared.credential.check() is None
    assert (shop.facts.name, shop.facts.provider, shop.facts.environment) == ("shop", "stripe", "test")
    assert "sk_test_secret" not in repr(shop) + repr(shop.facts)


async def test_a_client_reaches_the_sandbox_over_one_upstream() -> None:
    shop = connection("shop")
    first, second = (shop.shared.client(Scope(deadline=shop.clock.monotonic() + 30)) for _ in range(2))
    assert (await first.send(BALANCE)).status == (await second.send(BALANCE)).status == 200
    assert shop.sandbox is not None
    assert [logged.path for logged in shop.sandbox.requests] == ["/v1/balance", "/v1/balance"]
    assert shop.shared.upstream is shop.shared.upstream
    await connections(shop, connection("unused")).close()


async def test_a_connection_without_a_key_sends_nothing() -> None:
    shop = connection("shop", environment="test", base_url="http://127.0.0.1:9")
    with pytest.raises(NotConnected, match="no key is configured"):
        await shop.shared.client(Scope(deadline=shop.clock.monotonic() + 30)).send(BALANCE)
    await shop.close()


async def test_a_vendor_out_of_reach_is_unavailable_and_its_key_stays_hidden(tmp_path: Path) -> None:
    key = tmp_path / "key"
    key.write_text("sk_test_secret")
    key.chmod(0o600)
    shop = connection("shop", environment="test", key=SecretRef(f"file:{key}"), base_url="http://127.0.0.1:9")
    with pytest.raises(Unavailable) as refused:
        await shop.shared.client(Scope(deadline=shop.clock.monotonic() + 30)).send(BALANCE)
    assert "sk_test_secret" not in f"{refused.value.payload()}"
    await shop.close()


TWO_KEYS = dataclasses.replace(
    SAMPLE, user_auth=ApiKey({r"user_test_\w+": "test", r"user_live_\w+": "production"}, help="Ask a user.")
)


def user_key(directory: Path, value: str) -> SecretRef:
    (directory / "user_key").write_text(value)
    (directory / "user_key").chmod(0o600)
    return SecretRef(f"file:{directory}/user_key")


async def test_a_second_key_acts_as_the_user(tmp_path: Path) -> None:
    notes = connection("notes", TWO_KEYS, "test", user_key=user_key(tmp_path, "user_test_12345678"))
    assert notes.shared.user_credential is not None
    assert await notes.shared.user_credential.header() == "Bearer user_test_12345678"


def test_a_second_key_of_another_environment_is_refused(tmp_path: Path) -> None:
    notes = connection("notes", TWO_KEYS, "test", user_key=user_key(tmp_path, "user_live_12345678"))
    with pytest.raises(ConfigError, match="belongs to production") as refused:
        connections(notes).check()
    assert refused.value.key == "connections.notes.user_key"


def test_a_second_key_is_used_only_where_one_is_configured_and_the_provider_knows_it(tmp_path: Path) -> None:
    assert connection("notes", TWO_KEYS, "test").shared.user_credential is None
    given = user_key(tmp_path, "user_test_12345678")
    assert connection("notes", SAMPLE, "test", user_key=given).shared.user_credential is None


async def test_the_sandbox_knows_the_user_without_a_configured_key() -> None:
    two_keys = type("TwoKeys", (STRIPE.sandbox,), {"user_key": "the user"})
    sandbox = dataclasses.replace(TWO_KEYS, load_sandbox=lambda: two_keys)
    as_user = connection("notes", sandbox).shared.user_credential
    assert as_user is not None
    assert as_user.check() is None
    assert await as_user.header() == "Bearer the user"
