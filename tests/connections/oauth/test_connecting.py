"""What a consent gave becomes an account: whose it is, what it may do, in the place of the one before."""

from __future__ import annotations

import dataclasses

import pytest

from support.people import HERE, reception
from wirepost.connections.oauth.callback import Callback
from wirepost.contracts.provider import Probe
from wirepost.core.errors import ConfigError, NotConnected
from wirepost.secrets.vault import KeyRing, Vault

CHAT = {"chat": {"user_scopes": ["search:read"], "scopes": ["chat:write"]}}
PLAY = {"play": {"provider": "stripe", "environment": "sandbox"}}


@pytest.fixture
async def desk(tmp_path, clock):
    async with reception(tmp_path, clock, {**CHAT, **PLAY}) as desk:
        yield desk


async def connect(desk, name="crm", *scopes, owner="shared"):
    url = await desk.connecting.begin(name, owner, scopes, HERE, None)
    callback = Callback(f"/oauth/callback/{name}", desk.authority.agree(url))
    return await desk.connecting.finish(callback, None)


def found(desk, name="crm", **probe):
    """Let the provider say who the account is."""
    connection = desk.connections.by_name[name]

    async def ask(client):
        return Probe(**{"identity": "the person", **probe})

    connection.provider = dataclasses.replace(connection.provider, probe=ask)


async def test_who_it_is_and_what_was_asked_and_granted_is_stored(desk, clock) -> None:
    found(desk, account="Acme\x1b[2J", account_id="62515", scopes=["from.probe"])
    connected = await connect(desk, "crm", "deals.read")
    account = await desk.accounts.find("crm")
    assert (account.account_key, account.account_label) == ("62515", "Acme[2J")
    assert account.scopes_requested == ("contacts.read", "contacts.write", "deals.read")
    assert account.scopes_granted == ("from.probe",)
    assert account.connected_at == account.checked_at == clock.now().timestamp()
    assert account.expires_at == clock.now().timestamp() + 3600
    assert account.refresh_at < account.expires_at
    assert connected.missing == ("contacts.read", "contacts.write", "deals.read")


async def test_an_account_of_another_environment_is_refused(desk) -> None:
    found(desk, environment="production")
    with pytest.raises(NotConnected, match="is of production, but crm is for test"):
        await connect(desk)
    assert await desk.accounts.everyone() == []
    found(desk, environment="test")
    await connect(desk)


async def test_both_parts_of_a_consent_are_stored(desk) -> None:
    provider = desk.connections.by_name["chat"].provider
    methods = tuple(
        dataclasses.replace(
            method, parts={"main": (), "user": ("authed_user",)}, user_scope_parameter="user_scope"
        )
        if method.name == "oauth"
        else method
        for method in provider.auth
    )
    desk.connections.by_name["chat"].provider = dataclasses.replace(provider, auth=methods)
    desk.authority.reply = {
        "scope": "chat:write",
        "authed_user": {"access_token": "a-users-token", "scope": "search:read"},
    }
    await connect(desk, "chat", "search:read")
    bot, user = await desk.accounts.find("chat"), await desk.accounts.find("chat", part="user")
    assert bot.scopes_requested == bot.scopes_granted == ("chat:write",)
    assert user.scopes_requested == user.scopes_granted == ("search:read",)
    assert user.tokens.access == "a-users-token"
    assert user.account_label == bot.account_label


async def test_an_account_whose_key_is_lost_can_be_connected_again(desk) -> None:
    found(desk, account="Acme", account_id="62515")
    await connect(desk)
    vault = Vault(KeyRing([b"n" * 32]))
    for part in (desk.accounts, desk.connecting.flows):
        part._vault = vault  # noqa: SLF001 - as after a restart with another key
    outlook = await desk.connecting.outlook("crm", "shared")
    assert (outlook.status, outlook.account.account_label) == ("needs_reauth", "Acme")
    assert "does not have" in outlook.problem
    await connect(desk)
    assert (await desk.connecting.outlook("crm", "shared")).status == "ready"


async def test_an_account_that_goes_makes_room_for_another(desk) -> None:
    found(desk, account="Acme", account_id="1")
    await connect(desk)
    await desk.accounts.retire("crm", "shared")
    found(desk, account="Bolt", account_id="2")
    assert (await connect(desk)).account.account_label == "Bolt"


async def test_an_account_that_is_not_known_by_its_id_is_not_taken_for_another(desk) -> None:
    await connect(desk)
    found(desk, account_id="1")
    assert (await connect(desk)).account.account_key == "1"


async def test_another_account_is_named_even_where_it_has_no_name(desk) -> None:
    found(desk, account_id="1")
    await connect(desk)
    account = await desk.accounts.find("crm")
    await desk.accounts.put(dataclasses.replace(account, account_label=None))
    found(desk, account_id="2", account="Bolt")
    with pytest.raises(NotConnected, match="another account, and this is Bolt"):
        await connect(desk)


@pytest.mark.parametrize(("name", "words"), [("nothing", "no connection"), ("play", "takes no consent")])
async def test_only_connections_with_a_consent_are_connected(desk, name, words) -> None:
    with pytest.raises(ConfigError, match=words):
        await desk.connecting.begin(name, "shared", (), HERE, None)


async def test_scopes_that_providers_grant_without_a_word_are_not_missed(desk) -> None:
    desk.authority.reply = {"scope": "contacts.read"}
    connected = await connect(desk, "crm", "offline_access")
    assert connected.missing == ("contacts.write",)


async def test_a_device_connects_an_account_as_well(desk) -> None:
    shown = []
    connected = await desk.connecting.by_device("crm", "shared", (), shown.append)
    assert shown[0].user_code == "WDJB-MJHT"
    assert connected.account == await desk.accounts.find("crm")
