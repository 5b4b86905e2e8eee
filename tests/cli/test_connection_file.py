"""`wirepost connections add` and `remove`: one entry changes, and grants go back where they came from."""

from __future__ import annotations

import pytest
from starlette.responses import JSONResponse

from support.commands import office
from wirepost.connections.accounts import Account, Accounts, Tokens
from wirepost.core.clock import Clock
from wirepost.core.secret_refs import SecretRef
from wirepost.secrets.keys import key_ring
from wirepost.secrets.resolve import Secrets
from wirepost.secrets.vault import Vault
from wirepost.settings import load_settings
from wirepost.store.database import Database
from wirepost.store.owner import DataDirectory

SHOP = """\
# the shop
connections:
  shop:  # of Berlin
    provider: stripe
    environment: test
    key: env:SHOP_KEY
"""


def test_an_entry_is_added_after_the_change_was_shown_and_a_copy_kept(cli, configure) -> None:
    path = configure(SHOP)
    added = cli(
        *("connections", "add", "till", "--provider", "stripe", "--environment", "test"),
        *("--key", "env:TILL_KEY", "--set", "money.max_per_action={eur: '250.00'}", "--yes"),
    )
    assert added.code == 0, added.err
    assert "+  till:" in added.out
    assert path.read_text().startswith(SHOP)
    settings = load_settings(path)
    assert settings.connections["till"].key == SecretRef("env:TILL_KEY")
    assert settings.connections["till"].money.max_per_action == {"eur": "250.00"}
    (copy,) = path.parent.glob("wirepost.yaml.wirepost-backup-*")
    assert copy.read_text() == SHOP
    assert "wirepost connections check till" in added.err


def test_without_a_file_one_is_begun_and_consents_say_what_comes_next(cli, home) -> None:
    added = cli(
        *("connections", "add", "crm", "--provider", "hubspot", "--environment", "test", "--auth", "oauth"),
        *(
            "--client-id",
            "abc",
            "--client-secret",
            "env:HUBSPOT_SECRET",
            "--scope",
            "oauth",
            "--owner",
            "caller",
        ),
        *("--set", "oauth.redirect_port=8765", "--yes", "--json"),
    )
    assert added.code == 0, added.err
    assert added.json["next"][-1] == "wirepost connections authorize crm"
    crm = load_settings(home / "project" / "wirepost.yaml").connections["crm"]
    assert (crm.auth, crm.owner, crm.scopes, crm.oauth.redirect_port) == ("oauth", "caller", ["oauth"], 8765)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("till", "--provider", "strype"), "strype"),
        (("till", "--provider", "stripe", "--environment", "prod"), "must be one of"),
        (("till", "--provider", "stripe", "--key", "sk_live_1234567890abcdef"), "secret"),
        (("Till", "--provider", "stripe"), "must be a name"),
        (("shop", "--provider", "stripe", "--environment", "sandbox"), "is there already"),
        (("till", "--provider", "stripe", "--set", "nothing"), "sets nothing"),
        (("till", "--provider", "stripe", "--set", "colour=red"), "not a known option"),
        (("till", "--provider", "stripe", "--auth", "magic"), "magic"),
    ],
)
def test_what_the_server_would_refuse_is_refused_before_the_file_changes(
    cli, configure, arguments, words
) -> None:
    path = configure(SHOP)
    environment = () if "--environment" in arguments else ("--environment", "test")
    refused = cli("connections", "add", *arguments, *environment, "--yes")
    assert (refused.code, words in refused.err) == (2, True), refused.err
    assert path.read_text() == SHOP
    assert "sk_live" not in refused.err


def test_nobody_is_asked_where_nobody_is(cli, configure) -> None:
    path = configure(SHOP)
    arguments = ("connections", "add", "till", "--provider", "stripe", "--environment", "sandbox")
    assert cli(*arguments).code == 2
    assert cli("connections", "remove", "shop").code == 2
    assert cli("connections", "remove", "shop", "--keep-entry").code == 2
    assert path.read_text() == SHOP


def test_nobody_is_asked_where_json_is_printed(cli, configure) -> None:
    path = configure(SHOP)
    adding = ("add", "till", "--provider", "stripe", "--environment", "sandbox")
    for arguments in (adding, ("remove", "shop"), ("remove", "shop", "--keep-entry")):
        refused = cli("connections", *arguments, "--json", given="y\n")
        assert (refused.code, refused.err) == (2, "")
        assert refused.json["error"] == {"message": "nobody can be asked here", "hint": "--yes goes ahead"}
    assert path.read_text() == SHOP


def test_a_file_that_cannot_be_edited_is_left_alone(cli, configure) -> None:
    path = configure("connections: {shop: {provider: stripe, environment: sandbox}}\n")
    refused = cli("connections", "add", "till", "--provider", "stripe", "--environment", "sandbox", "--yes")
    assert (refused.code, "by hand" in refused.err) == (2, True)
    path.write_bytes(b"\xff")
    assert cli("connections", "remove", "shop", "--yes").code == 2


def test_an_entry_with_a_key_is_removed(cli, configure) -> None:
    path = configure(f"{SHOP}  till:\n    provider: stripe\n    environment: sandbox\n")
    removed = cli("connections", "remove", "shop", "--yes", "--json")
    assert removed.code == 0, removed.err
    assert removed.json["accounts"] == []
    assert (
        path.read_text()
        == "# the shop\nconnections:\n  till:\n    provider: stripe\n    environment: sandbox\n"
    )
    assert cli("connections", "remove", "shop", "--yes").code == 2


@pytest.fixture
async def desk(tmp_path):
    async with office(tmp_path) as desk:
        yield desk


async def connect(desk, owner="shared"):
    """Store an account as if somebody had consented."""
    settings = load_settings(desk.config, overrides={"data_dir": str(desk.data)})
    directory, clock = DataDirectory(desk.data), Clock()
    directory.create()
    ring = await key_ring(settings, Secrets(settings.secrets, clock), directory, is_needed=True)
    database = await Database.open(directory.database_path, clock)
    tokens = Tokens(f"an-access-token-of-{owner}", f"a-refresh-token-of-{owner}")
    await Accounts(database, clock, Vault(ring)).put(
        Account("crm", owner, account_label=f"Acme {owner}", tokens=tokens, connected_at=1.0)
    )
    await database.close()


@pytest.mark.slow
async def test_removing_gives_all_accounts_back_and_takes_the_entry_out(desk) -> None:
    await connect(desk)
    await connect(desk, "anna")
    ended = await desk.run("remove", "crm", "--yes")
    assert ended.code == 0, ended.err
    assert "Acme anna, used by anna: given back" in ended.err
    assert len(desk.authority.revoked) == 4
    assert "crm" not in load_settings(desk.config).connections
    assert "  # the customers\n" in desk.config.read_text()
    (play,) = (await desk.run("list", "--json")).json
    assert play["name"] == "play"


@pytest.mark.slow
async def test_only_the_accounts_can_be_removed(desk) -> None:
    await connect(desk)
    before = desk.config.read_text()
    ended = await desk.run("remove", "crm", "--keep-entry", "--yes")
    assert (ended.code, "has no account any more" in ended.err) == (0, True)
    assert desk.config.read_text() == before
    (crm, _) = (await desk.run("list", "--json")).json
    assert (crm["status"], crm["accounts"]) == ("not_connected", [])


@pytest.mark.slow
async def test_the_entry_stays_until_everything_is_given_back(desk) -> None:
    await connect(desk)
    desk.authority.failures = [JSONResponse({"error": "server_error"}, 503)] * 20
    before = desk.config.read_text()
    ended = await desk.run("remove", "crm", "--yes")
    assert (ended.code, "not given back yet" in ended.err) == (1, True)
    assert desk.config.read_text() == before
    desk.authority.failures = []
    ended = await desk.run("remove", "crm", "--yes", "--json")
    assert ended.code == 0, ended.err
    assert "crm" not in load_settings(desk.config).connections
