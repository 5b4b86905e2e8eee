"""The redaction filter: known secrets, forms of keys, and no false alarms."""

from __future__ import annotations

import json
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wirepost.core.redact import REDACTED, Redactor, redact

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
    ):
        redactor.text(hostile)
