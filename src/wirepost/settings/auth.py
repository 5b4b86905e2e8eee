"""Options of who may call over HTTP: nobody is asked, tokens of this server, or an issuer's tokens."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from wirepost.core.secret_refs import SecretRef
from wirepost.settings.connections import check_address
from wirepost.settings.section import Section


def _check_issuer(value: str) -> str:
    """An issuer is compared letter by letter (RFC 8414, 3.3), so a slash at its end stays."""
    check_address(value)
    return value


class AuthSettings(Section):
    """Who may call over HTTP; programs of this machine account that use the local socket always may."""

    mode: Literal["none", "static", "oauth"] = Field(
        default="none",
        description="none: nobody is asked, and only this machine is served; static: callers show a token of "
        "`wirepost tokens create`; oauth: they show an access token of the issuer",
    )
    issuer: Annotated[str, AfterValidator(_check_issuer)] | None = Field(
        default=None,
        description="Authorization server whose access tokens are accepted, exactly as it names itself",
        examples=["https://login.example.com"],
    )
    client_id: str | None = Field(
        default=None,
        description="This server's own client at the issuer: looks up opaque tokens and signs browsers in",
    )
    client_secret: SecretRef | None = Field(default=None, description="Secret of that client")
    token_type: Literal["any", "at+jwt"] = Field(
        default="any", description="at+jwt: refuse signed tokens that do not name this type (RFC 9068)"
    )
    initial_scopes: Literal["all", "minimal"] = Field(
        default="all",
        description="Scopes that a client without a token is told to ask for: those of all enabled tools, or "
        "only those that read; what is missing is asked for later, which issuers that bind clients to the "
        "scopes of their registration refuse",
    )

    @model_validator(mode="after")
    def _check_mode(self) -> Self:
        if self.mode == "oauth" and self.issuer is None:
            raise ValueError("mode oauth needs issuer, the address of the authorization server")
        if self.client_secret is not None and self.client_id is None:
            raise ValueError("client_secret needs client_id")
        return self
