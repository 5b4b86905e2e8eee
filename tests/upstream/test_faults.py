"""What vendors' error bodies say, and what failures are called."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from support.clock import ManualClock
from support.scripted import CREDENTIAL, PlainClient, Said, Vendor, client_of, upstream_to
from wirepost.core.errors import (
    CallError,
    InvalidCall,
    NotConnected,
    OutcomeUnknown,
    Rejected,
    Unavailable,
)
from wirepost.sandbox.sockets import ConnectionCut, ConnectRefused
from wirepost.upstream import faults
from wirepost.upstream.client import Answer, Ask
from wirepost.upstream.limits import Limits
from wirepost.upstream.scope import Scope

READ = Ask("GET", "/v1/things")
KEYED = Ask("POST", "/v1/things", content=b"a=1", key="k1", is_write=True)
BUSY = Said(429, {"error": {"message": "slow down"}})
ANYTHING = st.recursive(
    st.none() | st.text() | st.integers(),
    lambda inner: (
        st.lists(inner) | st.dictionaries(st.sampled_from(["message", "error", "detail", "x"]), inner)
    ),
)

# Error bodies in the forms vendors publish: Stripe, HubSpot, Salesforce, OAuth (RFC 6749), problem details
# (RFC 9457), GitHub, Shopify.
BODIES = [
    ({"error": {"code": "resource_missing", "message": "No such customer", "type": "x"}}, "No such customer"),
    ({"status": "error", "message": "Values were not valid", "correlationId": "c"}, "Values were not valid"),
    ([{"message": "The resource does not exist", "errorCode": "NOT_FOUND"}], "The resource does not exist"),
    ({"error": "invalid_grant", "error_description": "The code has expired"}, "The code has expired"),
    ({"type": "about:blank", "title": "Forbidden", "detail": "Your balance is 30"}, "Your balance is 30"),
    ({"message": "Bad credentials", "documentation_url": "https://docs.github.com/rest"}, "Bad credentials"),
    ({"error": "invalid_auth"}, "invalid_auth"),
    ({"errors": "[API] Invalid API key"}, None),
    ({}, None),
    ([], None),
    ({"error": {"error": {"error": {"message": "too deep"}}}}, None),
]


@pytest.mark.parametrize(("body", "words"), BODIES)
def test_the_words_of_a_vendor_are_found_where_vendors_put_them(body, words):
    assert faults.vendor_words(Answer(400, {}, json.dumps(body).encode())) == words


def test_the_words_of_a_vendor_are_one_line_without_secrets_and_cut_behind_them():
    assert faults.safe_words("one\ntwo\u202e sk_live_abc\u200bdefgh") == "one two [redacted]"
    assert faults.safe_words("x" * 195 + " sk_live_abcdefgh").startswith("x" * 195 + " [re")
    assert len(faults.safe_words("x" * 500)) == 200


@given(st.binary(max_size=200))
def test_any_body_is_survived(body):
    words = faults.vendor_words(Answer(400, {}, body))
    assert words is None or len(words) <= faults.MAX_WORDS


@given(ANYTHING)
def test_any_json_is_survived(body):
    words = faults.vendor_words(Answer(400, {}, json.dumps(body).encode()))
    assert words is None or (words and len(words) <= faults.MAX_WORDS and "\n" not in words)


@pytest.mark.parametrize("status", [*range(300, 309), *range(400, 452), *range(500, 512), 599, 600])
def test_every_status_has_one_meaning_and_only_writes_can_be_unknown(status):
    answer = Answer(status, {}, b"")
    read, write = faults.refused("acme", READ, answer), faults.refused("acme", KEYED, answer)
    assert not isinstance(read, OutcomeUnknown)
    assert "acme" in read.message
    may_have_happened = status >= 500 or status in (302, 303, 408)
    assert isinstance(write, OutcomeUnknown) is may_have_happened


@pytest.mark.parametrize(
    ("error", "is_decisive"),
    [
        (Rejected("not_found", "x"), True),
        (Rejected("upstream_rejected", "x"), True),
        (InvalidCall("invalid_arguments", "x"), True),
        (Rejected("conflict", "x"), False),
        (NotConnected("auth_expired", "x"), False),
        (Unavailable("rate_limited", "x"), False),
    ],
)
def test_only_a_judgement_on_the_action_decides_about_earlier_attempts(error, is_decisive):
    assert faults.is_decisive(error) is is_decisive


@pytest.mark.parametrize(
    ("status", "family", "code"),
    [
        (400, Rejected, "upstream_rejected"),
        (401, NotConnected, "auth_expired"),
        (403, NotConnected, "missing_scope"),
        (404, Rejected, "not_found"),
        (409, Rejected, "conflict"),
        (422, Rejected, "upstream_rejected"),
        (429, Unavailable, "rate_limited"),
        (500, Unavailable, "upstream_unavailable"),
        (503, Unavailable, "upstream_unavailable"),
        (301, Rejected, "upstream_rejected"),
    ],
)
async def test_a_status_has_a_meaning_for_reads(status, family, code):
    vendor = Vendor(*[Said(status, {"message": "why"}, {"Request-Id": "req_7"})] * 3)
    with pytest.raises(family) as caught:
        await client_of(vendor, ManualClock()).send(READ)
    assert caught.value.code == code
    assert caught.value.provider_request_id == "req_7"
    assert caught.value.outcome == "not_applied"


@pytest.mark.parametrize("status", [500, 502, 503, 504, 302, 303])
async def test_a_failing_vendor_leaves_the_outcome_of_a_write_unknown(status):
    vendor = Vendor(*[Said(status)] * 3)
    with pytest.raises(OutcomeUnknown) as caught:
        await client_of(vendor, ManualClock()).send(KEYED)
    assert caught.value.outcome == "unknown"
    assert caught.value.last_status == status
    assert "last_status" not in json.dumps(caught.value.payload())


async def test_a_lost_answer_to_a_write_is_unknown_and_to_a_read_unavailable():
    with pytest.raises(OutcomeUnknown) as caught:
        await client_of(Vendor(*[ConnectionCut()] * 3), ManualClock()).send(KEYED)
    assert caught.value.last_status is None
    with pytest.raises(Unavailable) as read:
        await client_of(Vendor(*[ConnectionCut()] * 3), ManualClock()).send(READ)
    assert read.value.code == "upstream_unavailable"


async def test_a_refused_connection_is_known_to_have_changed_nothing():
    with pytest.raises(Unavailable) as caught:
        await client_of(Vendor(*[ConnectRefused()] * 3), ManualClock()).send(KEYED)
    assert (caught.value.code, caught.value.outcome) == ("upstream_unavailable", "not_applied")


@pytest.mark.parametrize("last", [[ConnectRefused()] * 2, [BUSY] * 2, [Said(401)], [Said(403)], [Said(409)]])
async def test_a_harmless_end_does_not_hide_an_earlier_attempt_that_may_have_happened(last):
    vendor = Vendor(ConnectionCut(), *last)
    with pytest.raises(OutcomeUnknown, match="earlier attempt"):
        await client_of(vendor, ManualClock()).send(KEYED)


@pytest.mark.parametrize("status", [400, 404, 422])
async def test_a_judgement_on_the_same_key_settles_an_earlier_attempt(status):
    with pytest.raises(Rejected) as caught:
        await client_of(Vendor(ConnectionCut(), Said(status)), ManualClock()).send(KEYED)
    assert caught.value.outcome == "not_applied"


async def test_a_wait_for_the_limiter_after_a_lost_attempt_does_not_claim_that_nothing_was_sent():
    clock = ManualClock()
    limits = Limits(requests_per_s=0.01, burst=1)
    with pytest.raises(OutcomeUnknown) as caught:
        await client_of(Vendor(ConnectionCut()), clock, limits=limits).send(KEYED)
    assert caught.value.retry_after_s == pytest.approx(99.5)


@pytest.mark.parametrize("body", [b"<!DOCTYPE html><html>", b'{"id": "t_1", "na', b"\xff\xfe"])
async def test_a_success_that_is_no_json_is_a_fault(body):
    vendor = Vendor(*[Said(200, body)] * 3)
    with pytest.raises(Unavailable) as read:
        await client_of(vendor, ManualClock()).send(READ)
    assert read.value.code == "upstream_unavailable"
    with pytest.raises(OutcomeUnknown):
        await client_of(Vendor(*[Said(200, body)] * 3), ManualClock()).send(KEYED)


async def test_an_empty_success_is_fine():
    answer = await client_of(Vendor(Said(204, b"")), ManualClock()).send(READ)
    assert answer.json() is None


async def test_a_client_of_files_takes_any_body():
    class Files(PlainClient):
        answers_json = False

    clock = ManualClock()
    client = Files(upstream_to(Vendor(Said(200, b"a;b\n")), clock), Scope(clock.monotonic() + 45), None)
    assert (await client.send(READ)).body == b"a;b\n"


async def test_words_of_the_vendor_are_clean_short_and_without_the_credential():
    hostile = "No\u202e access\u200b for opensesame42 or sk_live_abc123XYZ\n\x1b[31m" + "x" * 500
    with pytest.raises(NotConnected) as caught:
        await client_of(Vendor(Said(403, {"error": {"message": hostile}})), ManualClock()).send(READ)
    message = caught.value.message
    assert "No access for [redacted] or [redacted]" in message
    assert not set(message) & {"\u202e", "\u200b", "\n", "\x1b"}
    assert len(message) < 260
    assert "opensesame42" not in repr(caught.value) + str(caught.value.args) + json.dumps(
        caught.value.payload()
    )


async def test_a_vendor_error_of_a_subclass_is_redacted_too():
    class Leaky(PlainClient):
        def error(self, ask: Ask, answer: Answer) -> CallError:
            return Rejected(
                "upstream_rejected",
                f"Refused {CREDENTIAL}",
                hint=f"Not {CREDENTIAL}",
                fields=[{"path": "a", "problem": f"is {CREDENTIAL}"}],
                detail={"sent": [CREDENTIAL]},
            )

    clock = ManualClock()
    client = Leaky(upstream_to(Vendor(Said(400)), clock), Scope(clock.monotonic() + 45), None)
    with pytest.raises(Rejected) as caught:
        await client.send(READ)
    assert "opensesame42" not in json.dumps(caught.value.payload())
