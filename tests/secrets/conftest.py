"""The stores of secrets, each started once."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from support import secret_stores


@pytest.fixture(scope="session")
def vault() -> Iterator[secret_stores.Vault]:
    """OpenBao, with an AppRole `crm` that may read what is under `secret/crm`."""
    with secret_stores.vault() as running:
        rules = 'path "secret/data/crm" { capabilities = ["read"] }'
        running.ask("PUT", "sys/policies/acl/crm", {"policy": rules})
        running.ask("POST", "sys/auth/approle", {"type": "approle"})
        running.ask("POST", "auth/approle/role/crm", {"token_policies": ["crm"], "token_ttl": "20m"})
        running.ask("POST", "sys/mounts/transit", {"type": "transit"})
        running.ask("POST", "transit/keys/wirepost")
        running.put("crm", client_secret="the first of them", number="1")
        running.put("crm", client_secret="the second of them", number="2")
        yield running


@pytest.fixture(scope="session")
def aws() -> Iterator[str]:
    """Where the secrets of AWS are."""
    with secret_stores.secrets_manager() as url:
        yield url
