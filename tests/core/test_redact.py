"""The redaction filter: known secrets, forms of keys, and no false alarms."""

from __future__ import annotations

import json
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wirepost.core.redact import MAX_KNOWN, REDACTED, Redactor, may_be_secret, redact

# Invented values in the published form of each kind of key; in two parts so that no scanner is alarmed.
KEYS = [
    "sk_live_" + "51AbCdEfGhIjKl",
    "sk_test_" + "51AbCdEfGhIjKl",
    "rk_live_" + "51AbCdEfGhIjKl",
    "rk_test_" + "51AbCdEfGhIjKl",
    "whsec_" + "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
    "pi_3MtwBwLkdIwHu7ix28a3tqPa" + "_secret_" + "YrKJUKribcBjcG8HVhfZluoGH",
    "xoxb-" + "17653672481-19874698323-pdFZKVeTuE8sk7oOcHrzqqgy",
    "xoxp-" + "23984754863-2348975623103",
    "xapp-" + "1-A01234567-0123456789-abcdef",
    "xoxe.xoxp-" + "1-Mi0yLTMyMzQ1Njc4OTAx",
    "xoxe-" + "1-My0xLTMyMzQ1Njc4OTAx",
    "GOCSPX-" + "abcdefghijklmnopqrstuvwx",
    "ya29." + "a0AfH6SMBabcdefghijklmnop",
    "1//" + "0gabcdefghijklmnopqrstuvwx",
    "00D50000000IZ3Z" + "!AQ0AQDpEDKYsn7ioKug2aSmgCjgrPjG",
    "hvs." + "CAESIJ1a2b3c4d5e6f7g8h9i",
    "s." + "abcdEFGH1234ijklMNOP5678",
    "AGE-SECRET-KEY-" + "1QQQQQQQQQQQQQQQQQQQQQQQ",
    "ASIA" + "IOSFODNN7EXAMPLE",
    "ghp_" + "16C7e42F292c6912E7710c838347Ae178B4a",
    "github_pat_" + "11ABCDEFG0abcdefghijkl_mnopqrstuvwxyz",
    "shpat_" + "0123456789abcdef0123456789abcdef",
    "pat-na1-" + "01234567-89ab-cdef-0123-456789abcdef",
    "sk-ant-" + "api03-abcdefghijklmnop",
    "sk-proj-" + "abcdefghijklmnopqrst",
    "hf_" + "abcdefghijklmnopqrstuvwxyz",
    "AIza" + "SyA-0123456789abcdefghijklmnopqrstu",
    "AKIA" + "IOSFODNN7EXAMPLE",
    "eyJhbGciOiJIUzI1NiJ9" + ".eyJzdWIiOiIxIn0." + "abcDEF123",
    "-----BEGIN " + "RSA PRIVATE KEY-----\nMIIE\nabc\n-----END RSA PRIVATE KEY-----",
    "-----BEGIN " + "PRIVATE KEY-----\nMIIE never ended",
]
AROUND = ["{}", "key={}", '{{"key":"{}"}}', "({}) ", "https://x.test/?k={}&b=1", "two\n{}\nlines"]


@pytest.mark.parametrize("key", KEYS, ids=[key[:12] for key in KEYS])
@pytest.mark.parametrize("around", AROUND)
def test_every_form_of_key_goes_wherever_it_stands(key, around):
    shown = redact(around.format(key))
    assert key not in shown
    assert REDACTED in shown
    assert key[-8:] not in shown


@pytest.mark.parametrize(
    "value", ["Bearer abc.def-123", "bearer  t0ken_abcdef", "Basic dXNlcjpwYXNz", "BEARER abcdefgh="]
)
def test_what_follows_an_authorization_scheme_goes(value):
    shown = redact(f"Authorization: {value}, next")
    assert value.split()[1] not in shown
    assert shown.endswith("next") or "next" not in value


@pytest.mark.parametrize(
    "url", ["https://user:pass@host/x", "postgres://app:s3cret@db:5432/x", "redis://:pw@host"]
)
def test_a_password_in_an_address_goes(url):
    shown = redact(f"cannot reach {url}")
    assert not {"pass@", "s3cret", ":pw@"} & set(shown.split("/")), shown
    assert "host" in shown or "db:5432" in shown


@pytest.mark.parametrize(
    "text",
    [
        "",
        "The bearer of this letter",
        "Basic information about refunds",
        "A customer cus_9s6XKzkNRiz8i3 paid pi_3MtwBwLkdIwHu7ix28a3tqPa",
        "See https://docs.stripe.com/api/refunds?x=1 or mail ada@example.com",
        "task_live_show risk_test_result",
        "ask-the-expert-about-anything",
        "12:30 at http://host:8484/path",
        "pk_live_is_public_by_design",
        "https://shop.test/discount?code=SAVE10&page=2 answered with error code=404 Not-Found",
        "https://api.test/items?page_token=abcdefgh&nextPageToken=abcdefgh&sync_token=abcdefgh",
        '{"code": "DE", "state": "BY", "token": "of a list", "next_page_token": "abcdefgh"}',
        "the client_secret: it is not configured; private_key: cannot be read",
        "max_tokens=20000 and has_secret=yes, monkey=bananas",
    ],
)
def test_ordinary_text_stays(text):
    assert redact(text) == text
    assert Redactor(["some secret"]).text(text) == text


@given(st.text(min_size=6), st.text(), st.text())
def test_a_known_secret_goes_whatever_it_looks_like(secret, before, after):
    redactor = Redactor([secret])
    for written in (secret, quote(secret, safe=""), json.dumps(secret, ensure_ascii=False)[1:-1]):
        shown = redactor.text(f"{before} {written} {after}")
        assert written not in shown.replace(REDACTED, "\0")


@given(st.text(), st.lists(st.text(min_size=6), max_size=3))
def test_filtering_twice_changes_nothing(text, secrets):
    redactor = Redactor(secret for secret in secrets if secret not in REDACTED)
    assert redactor.text(redactor.text(text)) == redactor.text(text)


def test_short_values_are_words_and_stay():
    assert Redactor(["live", ""]).text("a live show") == "a live show"


def test_of_two_secrets_the_longer_goes_whole():
    redactor = Redactor(["secret", "secret-and-more"])
    assert redactor.text("secret-and-more") == REDACTED


def test_values_are_filtered_through_and_through():
    redactor = Redactor(["opensesame"])
    value = {
        "a": ["opensesame", {"b": "x opensesame y"}, 1, None, True],
        "password": "short",
        "Authorization": ["Bearer x"],
        "client_secret": "",
        "opensesame": "as a name",
        "tuple": ("sk_live_" + "abcdef",),
    }
    assert redactor.value(value) == {
        "a": [REDACTED, {"b": f"x {REDACTED} y"}, 1, None, True],
        "password": REDACTED,
        "Authorization": REDACTED,
        "client_secret": "",
        REDACTED: "as a name",
        "tuple": [REDACTED],
    }


def test_the_filter_does_not_show_what_it_knows():
    assert "opensesame" not in repr(Redactor(["opensesame"]))


def test_hostile_text_takes_no_time():
    redactor = Redactor(["opensesame"])
    for hostile in (
        "://" * 60_000,
        "a:" * 90_000,
        "Bearer " * 30_000,
        "-----BEGIN " * 20_000,
        "eyJ" * 60_000,
        "token=" * 40_000,
        "a_token" * 30_000 + "=",
        '"a_token": "' * 20_000,
        '"a_token":' + " " * 200_000,
        "code=&state=" * 20_000,
        "secret" + "\\" * 200_000,
    ):
        redactor.text(hostile)


NAMED = [
    *("access_token", "refresh_token", "id_token", "session_token", "accessToken", "X-Shopify-Access-Token"),
    *("client_secret", "clientSecret", "clientsecret", "webhook_secret", "SecretAccessKey", "secret"),
    *("password", "passphrase", "api_key", "apikey", "X-Api-Key", "Authorization", "Cookie", "Set-Cookie"),
    *("code_verifier", "assertion", "client_assertion", "private_key", "device_code", "xoauthtoken"),
]
WRITTEN = [
    "https://x.test/a?b=1&{name}={value}&c=2",
    "grant_type=x&{name}={value}",
    '{{"{name}": "{value}", "expires_in": 3600}}',
    "{{'{name}': '{value}', 'expires_in': 3600}}",
    "{{b'{name}': b'{value}'}}",
    'body was "{{\\"{name}\\":\\"{value}\\"}}"',
    "Grant({name}='{value}')",
]


@pytest.mark.parametrize("name", NAMED)
@pytest.mark.parametrize("written", WRITTEN)
def test_what_stands_under_the_name_of_a_secret_goes_and_the_name_stays(name, written):
    shown = redact(written.format(name=name, value="no-known-form"))
    assert "no-known-form" not in shown
    assert f"{name}" in shown


@pytest.mark.parametrize("name", NAMED)
def test_names_are_known_in_values_too(name):
    assert Redactor().value({name: "x1"}) == {name: REDACTED}
    assert Redactor().value({name: {"deep": 1}}) == {name: REDACTED}


@pytest.mark.parametrize(
    "text",
    [
        "http://127.0.0.1:8484/oauth/callback?code=abc123&state=xyz",
        "/oauth/callback?state=xyz&code=abc123#x",
        "code=abc123&grant_type=authorization_code&redirect_uri=http%3A%2F%2F127.0.0.1",
        "token=abc123&token_type_hint=refresh_token",
        "GET https://shop.test/cb?code=abc123&hmac=00ff&shop=a.myshopify.com HTTP/1.1",
    ],
)
def test_a_code_beside_words_of_oauth_goes(text):
    shown = redact(text)
    assert "abc123" not in shown
    assert shown.replace(REDACTED, "abc123") == text


@pytest.mark.parametrize(
    ("value", "is_hidden"),
    [
        ({"code": "abc123", "state": "4f5c0a9b8e7d6c5b4a39"}, True),
        ({"code": "abc123", "redirect_uri": "http://127.0.0.1"}, True),
        ({"token": "abc123", "client_id": "web"}, True),
        ({"code": "abc123", "state": "BY"}, False),
        ({"code": "abc123", "state": 5}, False),
        ({"code": "abc123", "message": "an error"}, False),
        ({"token": "abc123", "page": 2}, False),
    ],
)
def test_the_same_holds_in_values(value, is_hidden):
    assert ("abc123" not in Redactor().value(value).values()) == is_hidden


def test_flags_and_what_is_empty_hide_nothing():
    value = {"has_secret": True, "client_secret": None, "password": "", "next_token": "x", "max_tokens": 5}
    assert Redactor().value(value) == value


def test_what_is_no_json_becomes_a_text_without_secrets():
    class Odd:
        def __str__(self):
            return "odd opensesame"

    shown = Redactor(["opensesame"]).value({"odd": Odd(), "set": {"opensesame"}, "bytes": b"opensesame"})
    assert shown == {"odd": f"odd {REDACTED}", "set": [REDACTED], "bytes": f"b'{REDACTED}'"}


def test_a_result_keeps_its_names_and_loses_only_secrets() -> None:
    redactor = Redactor(["hush-hush-7"])
    plain = {"data": {"secret": "a field of theirs", "amount": 12, "tags": ["a", None]}}
    assert redactor.result(plain) is plain
    key = KEYS[0]
    leaky = {"data": [{"note": f"use {key}, not hush-hush-7", "secret": "theirs", "n": 1.5}], "warnings": []}
    assert redactor.result(leaky) == {
        "data": [{"note": f"use {REDACTED}, not {REDACTED}", "secret": "theirs", "n": 1.5}],
        "warnings": [],
    }


def test_a_key_that_never_ends_takes_nothing_of_a_result_but_its_own_text() -> None:
    result = {"note": KEYS[-1], "next": "stays"}
    assert Redactor().result(result) == {"note": REDACTED, "next": "stays"}


def test_the_secrets_used_last_are_those_that_are_looked_for() -> None:
    redactor = Redactor(f"token-number-{number}-x" for number in range(MAX_KNOWN))
    redactor.add("token-number-0-x")  # in use again
    redactor.add("the-newest-token")
    shown = redactor.text("token-number-0-x token-number-1-x token-number-2-x the-newest-token")
    assert shown == f"{REDACTED} token-number-1-x {REDACTED} {REDACTED}"


@pytest.mark.parametrize(
    "text",
    [
        "sk_live_4eC39HqLyjWDarjtT1zdp7dc",
        "Authorization: Bearer abc123def456",
        '"password": "hunter2!"',
        "https://user:pass@example.com",
        "/cb?code=abc&state=0123456789abcdef",
    ],
)
def test_what_would_be_redacted_is_noticed_without_looking_closely(text: str) -> None:
    assert redact(text) != text
    assert may_be_secret(text)


def test_harmless_text_is_passed_over_quickly() -> None:
    assert not may_be_secret('{"id":"ch_1","amount":"49.00","currency":"eur"}')


def test_a_known_secret_is_noticed() -> None:
    redactor = Redactor(["correct horse battery"])
    assert redactor.may_change("a correct horse battery staple")
    assert not redactor.may_change("another horse")
