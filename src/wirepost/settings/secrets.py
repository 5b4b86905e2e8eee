"""Options of secrets: the keys that stored tokens are sealed with, and how other stores are reached."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated

from pydantic import AfterValidator, BaseModel, Field, StringConstraints, model_validator

from wirepost.core.secret_refs import SecretRef
from wirepost.settings.connections import Address
from wirepost.settings.section import Section


def _check_near(reference: SecretRef) -> SecretRef:
    if not reference.is_local and reference.kind != "keyring":
        raise ValueError("must be env:, file: or keyring:, because it opens the other stores")
    return reference


Near = Annotated[SecretRef, AfterValidator(_check_near)]
"""A reference that needs no other store."""


class VaultSettings(Section):
    """An OpenBao or HashiCorp Vault, and how to log in there."""

    address: Address = Field(description="Where it is", examples=["https://vault.example.com:8200"])
    namespace: Annotated[str, StringConstraints(pattern=r"^[\x21-\x7e]+$")] | None = Field(
        default=None, description="Namespace of all paths"
    )
    token: Near | None = Field(
        default=None,
        description="Where a token is kept; a file may be renewed by an agent",
        examples=["file:/run/secrets/vault-token"],
    )
    role_id: str | None = Field(
        default=None,
        description="AppRole where there is no token: id of the role",
        examples=["db02de05-fa39-4855-059b-67221c5c2f63"],
    )
    secret_id: Near | None = Field(
        default=None, description="Where the secret id of the role is kept", examples=["env:VAULT_SECRET_ID"]
    )
    login: Annotated[str, StringConstraints(pattern=r"^[\w./-]+$")] = Field(
        default="approle", description="Where the AppRole method is mounted"
    )

    @model_validator(mode="after")
    def _check_login(self) -> VaultSettings:
        if self.token is None and None in {self.role_id, self.secret_id}:
            raise ValueError("needs token, or role_id and secret_id")
        return self


class AwsSettings(Section):
    """The account whose Secrets Manager is read."""

    region: Annotated[str, StringConstraints(pattern=r"^[a-z0-9-]+$")] = Field(
        description="Region of the secrets", examples=["eu-central-1"]
    )
    access_key_id: Near = Field(
        default=SecretRef("env:AWS_ACCESS_KEY_ID"), description="Where the id of the access key is kept"
    )
    secret_access_key: Near = Field(
        default=SecretRef("env:AWS_SECRET_ACCESS_KEY"), description="Where the access key is kept"
    )
    session_token: Near | None = Field(
        default=None,
        description="Where the token of a temporary key is kept",
        examples=["env:AWS_SESSION_TOKEN"],
    )
    endpoint: Address | None = Field(
        default=None, description="Address of the service, if not AWS's own for the region"
    )


class SecretSettings(Section):
    """Where secrets are kept besides variables and files, and what seals those stored here."""

    keys: list[SecretRef] = Field(
        default=[],
        description="Keys of stored tokens: 32 random bytes in base64 each; the first seals, all open. "
        "Without any, a file beside the database holds one",
        examples=[["env:SEALING_KEY"]],
    )
    vault: VaultSettings | None = Field(
        default=None, description="What vault: and vault-transit: references lead to"
    )
    aws: AwsSettings | None = Field(default=None, description="What aws-sm: references lead to")


def references(section: BaseModel, key: str = "") -> Iterator[tuple[str, SecretRef]]:
    """Every reference that is configured, with the option it is the value of."""
    for name in type(section).model_fields:
        yield from _references(getattr(section, name), f"{key}.{name}".lstrip("."))


def _references(value: object, key: str) -> Iterator[tuple[str, SecretRef]]:
    if isinstance(value, SecretRef):
        yield key, value
    elif isinstance(value, BaseModel):
        yield from references(value, key)
    elif isinstance(value, dict):
        for name, below in value.items():
            yield from _references(below, f"{key}.{name}")
    elif isinstance(value, list):
        for index, below in enumerate(value):
            yield from _references(below, f"{key}[{index}]")
