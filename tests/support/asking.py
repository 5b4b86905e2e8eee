"""Where a browser is sent for a consent, and with which parameters."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qsl, urlsplit

from support.clock import ManualClock
from wirepost.connections.oauth.endpoint import Identity, TokenEndpoint
from wirepost.connections.oauth.method import method_for
from wirepost.connections.oauth.party import Asked, Party, Question, authorization_url
from wirepost.providers import load_provider
from wirepost.settings import ConnectionSettings

HERE = "https://wirepost.example"


def asking(vendor: str, *, user_scopes: tuple[str, ...] = (), **settings: Any) -> tuple[str, dict[str, str]]:
    """Address and parameters for a connection; it asks for the provider's scopes unless it names its own."""
    settings = {"provider": vendor, "environment": "test", "auth": "oauth", **settings}
    chosen = ConnectionSettings.model_validate(settings)
    provider = load_provider(vendor)
    method = method_for(provider, chosen)
    endpoint = TokenEndpoint(method, Identity("client"), upstream=None, clock=ManualClock())  # type: ignore[arg-type]
    party = Party("acme", provider.title, endpoint, vendor)
    scopes = method.scopes if chosen.scopes is None else tuple(chosen.scopes)
    question = Question.to(party, Asked(scopes, user_scopes), f"{HERE}{party.callback}")
    parts = urlsplit(authorization_url(party, question, "the-state"))
    return f"{parts.scheme}://{parts.netloc}{parts.path}", dict(parse_qsl(parts.query))
