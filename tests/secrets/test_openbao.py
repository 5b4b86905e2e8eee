"""Secrets come out of a real OpenBao: by path, field and version, with tokens that end."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest

from support.clock import ManualClock
from support.secret_stores import ROOT, Vault
from wirepost.core.errors import ConfigError
from wirepost.core.redact import SECRETS
from wirepost.core.secret_refs import SecretRef
from wirepost.secrets.answers import Unreachable
from wirepost.secrets.keys import key_ring
from wirepost.secrets.resolve import KEPT_S, Secrets
from wirepost.secrets.vault import Vault as Sealing
from wirepost.settings import SecretSettings, Settings
from wirepost.store.owner import DataDirectory

pytestmark = pytest.mark.services("openbao")

FIELD = SecretRef("vault:secret/data/crm#client_secret")
Opened = Callable[..., Secrets]


@pytest.fixture
async def opened(vault: Vault, clock: ManualClock) -> AsyncIterator[Opened]:
    """Makes secrets with the vault's address and these settings of the login."""
    made: list[Secrets] = []

    def make(**settings: Any) -> Secrets:
        settings = {"address": vault.url, **settings}
        made.append(Secrets(SecretSettings.model_validate({"vault": settings}), clock))
        return made[-1]

    yield make
    for each in made:
        await each.close()


@pytest.fixture
def token(tmp_path: Path) -> Path:
    """A file with the administrator's token."""
    return keep(tmp_path / "token", ROOT)


def keep(file: Path, content: str) -> Path:
    file.write_text(content)
    file.chmod(0o600)
    return file


@pytest.mark.parametrize(
    ("reference", "value"),
    [
        ("vault:secret/data/crm#client_secret", "the second of them"),
        ("vault:secret/data/crm#client_secret?version=1", "the first of them"),
        ("vault:secret/data/crm#number?version=2", "2"),
    ],
)
async def test_a_field_is_read_in_its_last_or_a_named_version(
    opened: Opened, token: Path, reference: str, value: str
) -> None:
    assert await opened(token=f"file:{token}").resolve(SecretRef(reference)) == value
    assert value not in SECRETS.text(f"it is {value}") or len(value) == 1


async def test_version_1_of_the_engine_is_read_as_well(opened: Opened, token: Path, vault: Vault) -> None:
    mounts = vault.ask("GET", "sys/mounts")["data"]
    if "plain/" not in mounts:
        vault.ask("POST", "sys/mounts/plain", {"type": "kv", "options": {"version": "1"}})
    vault.ask("POST", "plain/shop", {"key": "of version one"})
    assert await opened(token=f"file:{token}").resolve(SecretRef("vault:plain/shop#key")) == "of version one"


@pytest.mark.parametrize(
    ("reference", "says"),
    [
        ("vault:secret/data/nothing#key", "the vault has nothing there"),
        ("vault:secret/data/crm#key?version=9", "the vault has nothing there"),
        ("vault:secret/crm#client_secret", "the vault has nothing there .*data follows the mount"),
        ("vault:secret/data/crm#key", "has no text under that name .there is: client_secret, number"),
        ("vault-transit:wirepost#vault:v1:AAAA", "the vault refused the request: invalid ciphertext"),
    ],
)
async def test_what_is_not_there_is_named(opened: Opened, token: Path, reference: str, says: str) -> None:
    with pytest.raises(ConfigError, match=rf"^the secret {reference.replace('?', '.')} .*{says}") as caught:
        await opened(token=f"file:{token}").resolve(SecretRef(reference))
    assert "of them" not in str(caught.value)


async def test_a_token_that_ends_is_replaced_by_what_its_file_holds_then(
    opened: Opened, vault: Vault, tmp_path: Path, clock: ManualClock
) -> None:
    file = keep(tmp_path / "token", vault.token("crm"))
    secrets = opened(token=f"file:{file}")
    await secrets.resolve(FIELD)
    vault.ask("POST", "auth/token/revoke", {"token": file.read_text()})
    keep(file, vault.token("crm"))
    clock.advance(KEPT_S / 2)  # the token's file is looked at again only because the old token was refused
    assert await secrets.resolve(SecretRef("vault:secret/data/crm#number")) == "2"


async def test_a_token_that_may_not_is_refused_and_not_shown(
    opened: Opened, vault: Vault, tmp_path: Path
) -> None:
    file = keep(tmp_path / "token", vault.token("default"))
    with pytest.raises(ConfigError, match=r"the vault refused the token: .*permission denied") as caught:
        await opened(token=f"file:{file}").resolve(FIELD)
    assert file.read_text() not in f"{caught.value}{caught.value.hint}"


def role(vault: Vault, directory: Path) -> dict[str, str]:
    """The settings of a login with AppRole."""
    role_id = vault.ask("GET", "auth/approle/role/crm/role-id")["data"]["role_id"]
    secret_id = vault.ask("POST", "auth/approle/role/crm/secret-id")["data"]["secret_id"]
    return {"role_id": role_id, "secret_id": f"file:{keep(directory / 'secret_id', secret_id)}"}


def logins(vault: Vault) -> int:
    return len(vault.ask("LIST", "auth/token/accessors")["data"]["keys"])


async def test_a_role_logs_in_once_and_again_when_its_token_nears_its_end(
    opened: Opened, vault: Vault, tmp_path: Path, clock: ManualClock
) -> None:
    secrets, before = opened(**role(vault, tmp_path)), logins(vault)
    await secrets.resolve(FIELD)
    clock.advance(17 * 60)
    await secrets.resolve(FIELD)
    assert logins(vault) == before + 1
    clock.advance(2 * 60)
    await secrets.resolve(SecretRef("vault:secret/data/crm#number"))
    assert logins(vault) == before + 2


async def test_a_role_logs_in_again_when_its_token_was_revoked(
    opened: Opened, vault: Vault, tmp_path: Path, clock: ManualClock
) -> None:
    secrets = opened(**role(vault, tmp_path))
    await secrets.resolve(FIELD)
    vault.ask("POST", "sys/leases/revoke-prefix/auth/approle")
    clock.advance(KEPT_S)
    assert await secrets.resolve(FIELD) == "the second of them"


async def test_a_refused_role_is_told_and_its_new_secret_id_is_taken(
    opened: Opened, vault: Vault, tmp_path: Path
) -> None:
    settings = role(vault, tmp_path)
    right = (tmp_path / "secret_id").read_text()
    keep(tmp_path / "secret_id", "wrong-secret-id")
    secrets = opened(**settings)
    with pytest.raises(ConfigError, match="the vault refused the request: invalid role or secret ID"):
        await secrets.resolve(FIELD)
    keep(tmp_path / "secret_id", right)
    assert await secrets.resolve(FIELD) == "the second of them"


async def test_a_missing_token_is_named(opened: Opened) -> None:
    with pytest.raises(ConfigError, match=r"#client_secret cannot be read: .*/nowhere does not exist"):
        await opened(token="file:/nowhere").resolve(FIELD)


@pytest.mark.parametrize("name", ["wirepost", "transit/wirepost"])
async def test_transit_opens_what_is_kept_encrypted(
    opened: Opened, vault: Vault, token: Path, name: str
) -> None:
    made = vault.ask("POST", "transit/datakey/plaintext/wirepost")["data"]
    reference = SecretRef(f"vault-transit:{name}#{made['ciphertext']}")
    assert await opened(token=f"file:{token}").resolve(reference) == made["plaintext"]


async def test_a_namespace_is_asked_for(opened: Opened, vault: Vault, token: Path) -> None:
    vault.ask("POST", "sys/namespaces/team")
    with pytest.raises(ConfigError, match="nothing there"):  # the team has no such engine
        await opened(token=f"file:{token}", namespace="team").resolve(FIELD)


async def test_a_vault_that_is_gone_is_told_from_a_secret_that_is(opened: Opened, token: Path) -> None:
    with pytest.raises(Unreachable, match="the vault could not be reached"):
        await opened(address="http://127.0.0.1:9", token=f"file:{token}").resolve(FIELD)


async def test_a_key_for_stored_tokens_may_lie_here_encrypted(
    vault: Vault, token: Path, tmp_path: Path, clock: ManualClock
) -> None:
    """As the guide tells people to make one."""
    wrapped = vault.ask("POST", "transit/datakey/wrapped/wirepost")["data"]["ciphertext"]
    given = {"address": vault.url, "token": f"file:{token}"}
    settings = Settings.model_validate(
        {"secrets": {"keys": [f"vault-transit:wirepost#{wrapped}"], "vault": given}}
    )
    secrets = Secrets(settings.secrets, clock)
    ring = await key_ring(settings, secrets, DataDirectory(tmp_path), is_needed=True)
    await secrets.close()
    assert ring is not None
    sealed = Sealing(ring).seal("a token", bound_to=("place",))
    assert Sealing(ring).open(sealed, bound_to=("place",)) == "a token"
