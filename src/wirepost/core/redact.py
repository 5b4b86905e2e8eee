"""The one redaction filter: secrets never reach a log, an error, a result or the audit."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import quote

import orjson

REDACTED = "[redacted]"
MIN_SECRET = 6
"""Shorter values are not secrets but words; replacing them would make texts unreadable."""

_FORMS = tuple(
    (sign, re.compile(form))
    for sign, form in (
        ("_live_", r"\b[sr]k_live_[A-Za-z0-9]{4,}"),  # Stripe secret and restricted keys
        ("_test_", r"\b[sr]k_test_[A-Za-z0-9]{4,}"),
        ("_secret_", r"\b[a-z]{2,8}_[A-Za-z0-9]+_secret_[A-Za-z0-9]+"),  # Stripe client secrets
        ("whsec_", r"\bwhsec_[A-Za-z0-9+/=]{6,}"),  # webhook signing secrets
        ("xox", r"\bxox[a-z]-[A-Za-z0-9-]{6,}"),  # Slack tokens
        ("xapp-", r"\bxapp-[A-Za-z0-9-]{6,}"),
        ("gh", r"\bgh[oprsu]_[A-Za-z0-9]{16,}"),  # GitHub tokens
        ("github_pat_", r"\bgithub_pat_[A-Za-z0-9_]{16,}"),
        ("shp", r"\bshp(?:at|ca|pa|ss|ut)_[A-Za-z0-9]{16,}"),  # Shopify tokens
        ("pat-", r"\bpat-[a-z]{2}\d-[0-9a-f-]{16,}"),  # HubSpot private app tokens
        ("sk-", r"\bsk-[A-Za-z0-9_-]{16,}"),  # OpenAI and Anthropic keys
        ("hf_", r"\bhf_[A-Za-z0-9]{16,}"),  # Hugging Face tokens
        ("AIza", r"\bAIza[A-Za-z0-9_-]{30,}"),  # Google API keys
        ("AKIA", r"\bAKIA[A-Z0-9]{12,}"),  # AWS access key ids
        ("eyJ", r"\beyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{4,}\.[A-Za-z0-9_-]*"),  # signed JSON tokens
        (
            "PRIVATE KEY",
            r"-----BEGIN [A-Z ]{0,30}PRIVATE KEY-----[\s\S]*?(?:-----END [A-Z ]{0,30}PRIVATE KEY-----|\Z)",
        ),
    )
)
"""Keys in the forms their issuers publish: a sign that is cheap to look for, and the form it is part of."""
_SCHEMES = re.compile(
    r"\b([Bb](?i:earer|asic))[ ]+(?=[A-Za-z0-9._~+/-]*(?:[0-9=]|[a-z][A-Z]))[A-Za-z0-9._~+/=-]{8,}"
)
"""What follows an authorization scheme and looks like a token: words neither hold digits nor change case."""
_USER_INFO = re.compile(r"(?<=://)[^\s/@:]*:[^\s/@]+(?=@)")
_NAMES = frozenset(
    {
        *("authorization", "proxy-authorization", "cookie", "set-cookie", "password", "passphrase", "secret"),
        *("client_secret", "api_key", "apikey", "access_token", "refresh_token", "id_token", "private_key"),
        *("signing_secret", "webhook_secret"),
    }
)


def redact(text: str) -> str:
    """The text without anything that has the form of a secret."""
    for sign, form in _FORMS:
        if sign in text:
            text = form.sub(REDACTED, text)
    folded = text.lower()
    if "bearer " in folded or "basic " in folded:
        text = _SCHEMES.sub(rf"\1 {REDACTED}", text)
    return _USER_INFO.sub(REDACTED, text) if "://" in text else text


class Redactor:
    """The filter with values that are known to be secret, whatever they look like."""

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        self._written: list[str] = []
        """Every way in which a secret may be written, longest first."""
        for secret in secrets:
            self.add(secret)

    def __repr__(self) -> str:
        return f"Redactor({len(self._written)} forms)"

    def add(self, secret: str) -> None:
        """From now on this value is replaced, also where it is written URL-encoded or inside JSON."""
        if len(secret) < MIN_SECRET or secret in REDACTED or secret in self._written:
            return
        forms = {secret, quote(secret, safe=""), orjson.dumps(secret).decode()[1:-1]}
        self._written = sorted(forms.union(self._written), key=len, reverse=True)

    def text(self, text: str) -> str:
        """The text without secrets."""
        for secret in self._written:
            text = text.replace(secret, REDACTED)
        return redact(text)

    def value(self, value: Any) -> Any:
        """A JSON value without secrets; what stands under a name such as `password` goes as a whole."""
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, Mapping):
            return {
                self.text(str(name)): REDACTED if item and str(name).lower() in _NAMES else self.value(item)
                for name, item in value.items()
            }
        if isinstance(value, list | tuple):
            return [self.value(item) for item in value]
        return value


SECRETS = Redactor()
"""Every credential this process has read: what is secret in one connection is secret in all that is said."""
