"""The one redaction filter: secrets never reach a log, an error, a result or the audit."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any
from urllib.parse import quote

import orjson

from wirepost.core.patterns import Pattern

REDACTED = "[redacted]"
MAX_KNOWN = 1000
"""So many secrets are looked for by value, the last that were used; tokens that were renewed fall out."""
MIN_SECRET = 6
"""Shorter values are not secrets but words; replacing them would make texts unreadable."""

_FORMS = tuple(
    (sign, re.compile(form))
    for sign, form in (
        ("_live_", r"\b[sr]k_live_[A-Za-z0-9]{4,}"),  # Stripe secret and restricted keys
        ("_test_", r"\b[sr]k_test_[A-Za-z0-9]{4,}"),
        (
            "_secret_",
            r"\b[a-z]{2,8}_(?=[A-Za-z]*\d)[A-Za-z0-9]+_secret_[A-Za-z0-9]+",
        ),  # Stripe client secrets
        ("whsec_", r"\bwhsec_[A-Za-z0-9+/=]{6,}"),  # webhook signing secrets
        ("xox", r"\bxox(?:e\.xox)?[a-z]-[A-Za-z0-9-]{6,}"),  # Slack tokens, those that rotate included
        ("xapp-", r"\bxapp-[A-Za-z0-9-]{6,}"),
        ("gh", r"\bgh[oprsu]_[A-Za-z0-9]{16,}"),  # GitHub tokens
        ("github_pat_", r"\bgithub_pat_[A-Za-z0-9_]{16,}"),
        ("shp", r"\bshp(?:at|ca|pa|ss|ut)_[A-Za-z0-9]{16,}"),  # Shopify tokens
        ("pat-", r"\bpat-[a-z]{2}\d-[0-9a-f-]{16,}"),  # HubSpot private app tokens
        ("sk-", r"\bsk-[A-Za-z0-9_-]{16,}"),  # OpenAI and Anthropic keys
        ("wpt_", r"\bwpt_[A-Za-z0-9_-]{16,}"),  # our own, of callers
        ("hf_", r"\bhf_[A-Za-z0-9]{16,}"),  # Hugging Face tokens
        ("AIza", r"\bAIza[A-Za-z0-9_-]{30,}"),  # Google API keys
        ("GOCSPX-", r"\bGOCSPX-[A-Za-z0-9_-]{20,}"),  # secrets of Google's OAuth clients
        ("ya29.", r"\bya29\.[A-Za-z0-9_-]{16,}"),  # Google access tokens
        ("1//", r"(?<![\w/:])1//0[A-Za-z0-9_-]{20,}"),  # Google refresh tokens
        ("00D", r"\b00D[A-Za-z0-9]{12,15}![A-Za-z0-9._]{20,}"),  # Salesforce access tokens
        ("hv", r"\bhv[sbr]\.[A-Za-z0-9_-]{16,}"),  # tokens of HashiCorp Vault
        ("s.", r"(?<![\w.])s\.[A-Za-z0-9]{24}(?![\w.])"),  # tokens of OpenBao
        ("AGE-SECRET-KEY-", r"\bAGE-SECRET-KEY-1[A-Z0-9]{20,}"),  # keys of age
        ("AKIA", r"\bAKIA[A-Z0-9]{12,}"),  # AWS access key ids
        ("ASIA", r"\bASIA[A-Z0-9]{12,}"),  # of temporary keys
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
        *("authorization", "proxy_authorization", "cookie", "set_cookie", "password", "passphrase"),
        *("api_key", "apikey", "x_api_key", "private_key"),
        *("assertion", "client_assertion", "code_verifier", "device_code"),
    }
)
"""Names of secrets, besides those that `is_secret_name` tells by their words; dashes count as underscores."""
_WORDS = re.compile(r"[A-Z]?[a-z0-9]+|[A-Z]+")
_PLACES_IN_LISTS = frozenset({"page", "sync", "cursor", "continuation", "next", "previous", "delta"})
"""A token of these says where a list goes on, and opens nothing."""
_OAUTH_WORDS = frozenset(
    {
        *("grant_type", "redirect_uri", "client_id", "client_secret", "code_verifier", "code_challenge"),
        *("token_type_hint", "session_state", "hmac"),
    }
)
"""What stands beside a `code` or `token` that opens something. Alone these two mean anything: a country, a
discount, an error, a payment; so they are hidden only beside one of these, or beside OAuth's `state`."""
_BESIDE = ("code", "token")
_STATE_LENGTH = 16
"""A `state` of OAuth is long and random; others name a county or how far something has come."""
_NAMED = re.compile(
    r"""(?<![\w-])(?P<name>[A-Za-z][\w-]{2,60})(?P<between>=["']?|(?P<quote>\\?["'])\s{0,3}:\s{0,3}b?(?P=quote))"""
    r"""(?P<value>(?(quote)(?:(?!(?P=quote))[^\\]|\\.)+|[^\s&"',;<>(){}\[\]]{6,}))"""
)
"""`name=value` as in addresses and forms, and `"name": "value"` as in JSON and in what Python prints."""
_QUERY = re.compile(r"""(?<![\w-])(code|token)=[^\s&#"'<>]+""")
_AROUND = re.compile(r"""[^\s"'<>]+""")
_SIGNS = ("token", "secret", "pass", "key", "assertion", "verifier", "authorization", "cookie", "device_code")
_MAY_BE = Pattern(
    "|".join(
        (
            *(re.escape(sign) for sign, _ in _FORMS),
            f"(?i:{'|'.join((*_SIGNS, 'bearer ', 'basic ', 'code='))})",
            r"://[\s\S]*@",
        )
    )
)


def is_secret_name(name: str) -> bool:
    """Whether what stands under this name is secret: `client_secret`, `accessToken`, `X-Api-Key`."""
    if name.lower().replace("-", "_") in _NAMES:
        return True
    words = [word.lower() for word in _WORDS.findall(name)] or [""]
    if any(word.endswith("secret") for word in words):
        return True
    of_what = words[-1].removesuffix("token") or (words[-2] if len(words) > 1 else "")
    return words[-1].endswith("token") and of_what not in {"", *_PLACES_IN_LISTS}


def redact(text: str) -> str:
    """The text without anything that has the form of a secret, or stands where one stands."""
    text = _without_keys(text)
    folded = text.lower()
    if "bearer " in folded or "basic " in folded:
        text = _SCHEMES.sub(rf"\1 {REDACTED}", text)
    if ("=" in text or ":" in text) and any(sign in folded for sign in _SIGNS):
        text = _NAMED.sub(_without_value, text)
    if "code=" in text or "token=" in text:
        text = _AROUND.sub(_without_code, text)
    return _USER_INFO.sub(REDACTED, text) if "://" in text else text


def may_be_secret(text: str) -> bool:
    """Whether `redact` might change the text, found out without looking closely."""
    return not text.isascii() or _MAY_BE.is_in(text)


def _without_keys(text: str) -> str:
    for sign, form in _FORMS:
        if sign in text:
            text = form.sub(REDACTED, text)
    return text


def _without_value(found: re.Match[str]) -> str:
    return f"{found['name']}{found['between']}{REDACTED}" if is_secret_name(found["name"]) else found[0]


def _without_code(found: re.Match[str]) -> str:
    """An address or a form without its code, if other words in it show that the code is OAuth's."""
    text = found[0]
    names = {part.partition("=")[0] for part in re.split(r"[?&#]", text)}
    is_oauth = "state" in names or not names.isdisjoint(_OAUTH_WORDS)
    return _QUERY.sub(rf"\1={REDACTED}", text) if is_oauth else text


def _is_oauth(value: Mapping[Any, Any]) -> bool:
    state = value.get("state")
    has_state = isinstance(state, str) and len(state) >= _STATE_LENGTH
    return has_state or not _OAUTH_WORDS.isdisjoint(map(str, value))


def _each_text(value: Any, change: Callable[[str], str]) -> Any:
    if isinstance(value, str):
        return change(value)
    if isinstance(value, Mapping):
        return {name: _each_text(item, change) for name, item in value.items()}
    return [_each_text(item, change) for item in value] if isinstance(value, list) else value


class Redactor:
    """The filter with values that are known to be secret, whatever they look like."""

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        self._known: dict[str, set[str]] = {}
        """Secret → every way in which it may be written; the last used one last."""
        self._written: list[str] = []
        """All of these, longest first."""
        for secret in secrets:
            self.add(secret)

    def __repr__(self) -> str:
        return f"Redactor({len(self._known)} secrets)"

    def add(self, secret: str) -> None:
        """From now on this value is replaced, also where it is written URL-encoded or inside JSON."""
        if secret in self._known:
            self._known[secret] = self._known.pop(secret)
            return
        if len(secret) < MIN_SECRET or secret in REDACTED:
            return
        self._known[secret] = {secret, quote(secret, safe=""), orjson.dumps(secret).decode()[1:-1]}
        if len(self._known) > MAX_KNOWN:
            del self._known[next(iter(self._known))]
        self._written = sorted(set().union(*self._known.values()), key=len, reverse=True)

    def text(self, text: str) -> str:
        """The text without secrets."""
        return redact(self._without_known(text))

    def may_change(self, text: str) -> bool:
        """Whether `text` or `value` might change this, found out quickly."""
        for secret in self._written:
            if secret in text:
                return True
        return may_be_secret(text)

    def result(self, value: Any) -> Any:
        """A result without secrets this process knows and without keys, whatever name they stand under.

        Names alone hide nothing here: a customer's field may be called `secret` and be what was asked for.
        """
        text = orjson.dumps(value, default=str).decode()
        return value if self._without_certain(text) == text else _each_text(value, self._without_certain)

    def _without_certain(self, text: str) -> str:
        return _without_keys(self._without_known(text))

    def _without_known(self, text: str) -> str:
        for secret in self._written:
            if secret in text:
                text = text.replace(secret, REDACTED)
        return text

    def value(self, value: Any) -> Any:
        """A JSON value without secrets; what stands under a name such as `password` goes as a whole.

        What is no JSON becomes a text first, as it would when it is written.
        """
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, Mapping):
            more = _BESIDE if any(name in value for name in _BESIDE) and _is_oauth(value) else ()
            return {
                self.text(str(name)): REDACTED
                if _is_filled(item) and (name in more or is_secret_name(str(name)))
                else self.value(item)
                for name, item in value.items()
            }
        if isinstance(value, list | tuple | set | frozenset):
            return [self.value(item) for item in value]
        return value if value is None or isinstance(value, bool | int | float) else self.text(str(value))


def _is_filled(item: Any) -> bool:
    """Whether there is something to hide: a flag such as `has_secret` hides nothing."""
    return bool(item) and not isinstance(item, bool)


SECRETS = Redactor()
"""Every credential this process has read: what is secret in one connection is secret in all that is said."""
