"""The accounts a server keeps: what becomes of them stands in the audit."""

from __future__ import annotations

from secrets import token_bytes

import orjson

from support.clock import START
from support.worlds import world_at
from wirepost.calls.audit import Audit, records
from wirepost.calls.custody import custody
from wirepost.connections.accounts import Account, Tokens
from wirepost.connections.connections import Connection, Connections
from wirepost.providers import load_provider
from wirepost.secrets.vault import KeyRing, Vault
from wirepost.settings.connections import ConnectionSettings
from wirepost.store.database import Database

CRM = ConnectionSettings(
    provider="hubspot", environment="test", auth="oauth", client_id="c", client_secret="env:NOT_THERE"
)


def known(clock) -> Connections:
    crm = Connection("crm", load_provider("hubspot"), CRM, clock, lambda: world_at(START))
    return Connections({"crm": crm})


async def test_the_removal_of_an_account_goes_on_record_and_is_told(tmp_path, clock) -> None:
    database = await Database.open(tmp_path / "wirepost.db", clock)
    told: list[str] = []

    async def tell() -> None:
        told.append("changed")

    vault, audit, connections = Vault(KeyRing([token_bytes(32)])), Audit(database), known(clock)
    async with custody(
        connections, database, vault, unsaved=tmp_path / "unsaved", audit=audit, clock=clock
    ) as kept:
        kept.on_change.append(tell)
        await kept.accounts.put(Account("crm", account_key="62515", tokens=Tokens("an-access-token")))
        await kept.connecting.remove("crm", "shared")
        await kept.connecting.remove("crm", "shared")  # there is nothing more to remove
    assert told == ["changed"]
    (written,) = [orjson.loads(record) async for _, _, record, _, _ in records(database)]
    assert (written["event"], written["connection"], written["account"]) == (
        "connection.removed",
        "crm",
        "62515",
    )
    await connections.close()
    await database.close()


async def test_a_consent_that_ended_stays_ended_where_the_record_cannot_be_written(tmp_path, clock) -> None:
    database = await Database.open(tmp_path / "wirepost.db", clock)
    vault, connections = Vault(KeyRing([token_bytes(32)])), known(clock)
    broken = await Database.open(tmp_path / "audit.db", clock)
    await broken.close()
    async with custody(
        connections, database, vault, unsaved=tmp_path / "unsaved", audit=Audit(broken), clock=clock
    ) as kept:
        await kept.accounts.put(Account("crm", tokens=Tokens("an-access-token")))
        await kept.connecting.remove("crm", "shared")
        left = await kept.accounts.find("crm")
        assert left is None or left.state == "revoking"
    await connections.close()
    await database.close()
