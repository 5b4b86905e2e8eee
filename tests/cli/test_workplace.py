"""Commands about accounts open what the server has: its store, its keys, its address while it runs."""

from __future__ import annotations

import pytest

from support.commands import office
from support.programs import serving
from wirepost.cli.workplace import connections_and_accounts, usable_connections, workplace
from wirepost.core.errors import ConfigError
from wirepost.settings import load_settings


@pytest.fixture
async def desk(tmp_path):
    async with office(tmp_path) as desk:
        yield desk


def settings_of(desk, **options):
    return load_settings(desk.config, overrides={"data_dir": str(desk.data), **options})


async def test_without_a_server_no_link_is_made(desk) -> None:
    async with workplace(settings_of(desk)) as place:
        assert await place.links.create("crm", "shared") is None
        place.check("crm")
        with pytest.raises(ConfigError, match="configured: crm, play"):
            place.check("nothing")


@pytest.mark.slow
async def test_beside_a_server_links_lead_to_it(desk) -> None:
    async with serving(desk.data, "--config", str(desk.config)) as server:
        async with workplace(settings_of(desk)) as place:
            link = await place.links.create("crm", "shared")
            assert link.url.startswith(f"{server.url}/connect/crm?c=")
        public = {
            "server.url": "https://wirepost.example.com",
            "secrets.keys": [f"file:{desk.data}/wirepost.key"],
        }
        async with workplace(settings_of(desk, **public)) as place:
            link = await place.links.create("crm", "shared")
            assert link.url.startswith("https://wirepost.example.com/connect/crm?c=")


async def test_looking_makes_no_store(desk) -> None:
    async with connections_and_accounts(settings_of(desk)) as (connections, accounts):
        assert accounts is None
        assert list(connections.by_name) == ["crm", "play"]
    assert not desk.data.exists()
    async with workplace(settings_of(desk)):
        pass
    async with connections_and_accounts(settings_of(desk)) as (_, accounts):
        assert await accounts.everyone() == []


async def test_a_store_is_opened_only_where_people_connect_accounts(desk) -> None:
    desk.config.write_text("connections:\n  play: {provider: stripe, environment: sandbox}\n")
    async with usable_connections(settings_of(desk)) as connections:
        assert connections.by_name["play"].refresher is None
    assert not desk.data.exists()
