"""Options of secrets: what opens the other stores needs none of them, and every reference is found."""

from __future__ import annotations

import pytest

from wirepost.settings import Settings
from wirepost.settings.secrets import references

VAULT = {"address": "https://vault.example.com"}


@pytest.mark.parametrize(
    ("vault", "says"),
    [
        (VAULT, "needs token, or role_id and secret_id"),
        ({**VAULT, "role_id": "r"}, "needs token, or role_id and secret_id"),
        ({**VAULT, "secret_id": "env:A"}, "needs token, or role_id and secret_id"),
        ({**VAULT, "token": "vault:a#b"}, "because it opens the other stores"),
        ({**VAULT, "token": "sops:/a#b"}, "because it opens the other stores"),
        ({"address": "http://vault.example.com", "token": "env:A"}, "must use https"),
    ],
)
def test_a_vault_needs_a_way_in_that_needs_no_vault(vault: dict[str, str], says: str) -> None:
    with pytest.raises(ValueError, match=says):
        Settings.model_validate({"secrets": {"vault": vault}})


@pytest.mark.parametrize("token", ["env:A", "file:/run/secrets/token", "keyring:wirepost/vault"])
def test_a_token_lies_near(token: str) -> None:
    settings = Settings.model_validate({"secrets": {"vault": {**VAULT, "token": token}}})
    assert dict(references(settings)).keys() == {"secrets.vault.token"}


def test_every_reference_is_found_with_its_option() -> None:
    settings = Settings.model_validate(
        {
            "secrets": {"keys": ["env:NEW", "env:OLD"], "aws": {"region": "eu-central-1"}},
            "connections": {
                "shop": {"provider": "stripe", "environment": "test", "key": "vault:secret/data/shop#key"}
            },
        }
    )
    assert {key: str(reference) for key, reference in references(settings)} == {
        "secrets.keys[0]": "env:NEW",
        "secrets.keys[1]": "env:OLD",
        "secrets.aws.access_key_id": "env:AWS_ACCESS_KEY_ID",
        "secrets.aws.secret_access_key": "env:AWS_SECRET_ACCESS_KEY",
        "connections.shop.key": "vault:secret/data/shop#key",
    }
