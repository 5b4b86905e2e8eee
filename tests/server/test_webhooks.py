"""Webhooks over HTTP: every check and its answer, and nothing stored but what is genuine."""

from __future__ import annotations

import asyncio
import gzip
import json

import httpx2
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from support.disk import fill_disk, free_disk
from support.receiving import receiving, refund, settings_of, stripe_signature
from support.serving import served

RANDOM = "3f9a1c0d7be2486fa05d91cc"
HOOK = "/webhooks/stripe"


@pytest.fixture
def made(database, clock, tmp_path):
    """Makes a receiver whose default endpoint of Stripe has these options."""

    def make(server=None, **options):
        endpoints = {"default": options, RANDOM: {"verify": False, "per_address_s": 1000}}
        return receiving(database, clock, settings_of(tmp_path, {"stripe": endpoints}, **(server or {})))

    return make


def signed(there, body, **more):
    return {"stripe-signature": stripe_signature(body, there.clock.now().timestamp()), **more}


async def post(there, body=None, *, path=HOOK, peer="127.0.0.1", method="POST", headers=None, **more):
    content = refund() if body is None else body
    given = signed(there, content, **more) if headers is None else headers
    async with there.http(peer) as http:
        return await http.request(method, path, content=content, headers=given)


async def test_a_genuine_request_is_stored_and_answered_with_its_id(made):
    there = made()
    answer = await post(there)
    ((event_id,),) = await there.rows()
    assert (answer.status_code, answer.json()) == (200, {"status": "stored", "id": event_id})
    assert (await post(there)).json() == {"status": "duplicate", "id": event_id}


@pytest.mark.parametrize(
    "path", ["/webhooks/other", "/webhooks/stripe/other", "/webhooks/", f"/webhooks/stripe/{RANDOM[:-1]}"]
)
async def test_unknown_endpoints_are_not_found(made, path):
    assert (await post(made(), path=path)).status_code == 404


async def test_other_paths_go_on_to_the_app(made):
    assert (await post(made(), path="/mcp")).text == "else"


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "DELETE", "OPTIONS"])
async def test_other_methods_are_told_which_are_taken(made, method):
    answer = await post(made(), method=method)
    assert (answer.status_code, answer.headers["allow"]) == (405, "POST")
    assert method != "HEAD" or answer.content == b""


async def test_a_body_at_the_limit_passes_and_one_byte_more_does_not(made):
    there = made(max_bytes=2048)
    body = refund()
    fitting = body[:-1] + b" " * (2048 - len(body)) + b"}"
    assert (await post(there, fitting)).status_code == 200
    assert (await post(there, fitting + b" ")).status_code == 413


async def test_a_body_without_a_length_is_counted_while_it_comes(made):
    there = made(max_bytes=2048)

    async def parts():
        for _ in range(100):
            yield b"x" * 100

    async with there.http() as http:
        assert (await http.post(HOOK, content=parts())).status_code == 413
    assert await there.rows() == []


async def test_a_false_length_is_refused_without_reading(made):
    there, asked = made(), []

    async def receive():
        asked.append(1)
        return {"type": "http.disconnect"}

    sent = await raw(there, receive, [(b"content-length", b"100000000")])
    assert (sent[0]["status"], asked) == (413, [])


async def raw(there, receive, headers, path=HOOK):
    """One request spoken by hand; what was sent back."""
    sent = []

    async def send(message):
        sent.append(message)

    scope = {
        "type": "http",
        "method": "POST",
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "scheme": "http",
        "headers": headers,
        "client": ("127.0.0.1", 1),
    }
    await there.app(scope, receive, send)
    return sent


async def test_a_sender_that_goes_away_in_the_middle_leaves_nothing(made):
    there = made()
    messages = iter(
        [{"type": "http.request", "body": refund(), "more_body": True}, {"type": "http.disconnect"}]
    )

    async def receive():
        return next(messages)

    sent = await raw(there, receive, [])
    assert sent[0]["status"] == 400
    assert await there.rows() == []


@pytest.mark.parametrize("size", [1, 7, 64])
async def test_chunks_of_any_size_make_the_body_that_was_signed(made, size):
    there, body = made(), refund()

    async def parts():
        for at in range(0, len(body), size):
            yield body[at : at + size]

    async with served(there.app) as base, httpx2.AsyncClient() as http:
        answer = await http.post(base + HOOK, content=parts(), headers=signed(there, body))
    assert answer.json()["status"] == "stored"


@pytest.mark.parametrize(
    ("change", "status", "check"),
    [
        (lambda body, given: (body.replace(b"4900", b"4901"), given), 401, "signature_mismatch"),
        (
            lambda body, given: (json.dumps(json.loads(body), indent=1).encode(), given),
            401,
            "signature_mismatch",
        ),
        (lambda body, given: (body, {}), 401, "missing_header"),
        (lambda body, given: (body, {"stripe-signature": "nonsense"}), 400, "malformed_header"),
        (lambda body, given: (body, [*given.items()] * 2), 400, "malformed_header"),
    ],
)
async def test_what_is_not_genuine_is_told_which_check_failed_and_not_stored(made, change, status, check):
    there = made()
    body, headers = change(refund(), signed(there, refund()))
    answer = await post(there, body, headers=headers)
    assert (answer.status_code, answer.json()["check"]) == (status, check)
    assert await there.rows() == []
    assert await there.rows("id", "raw_bodies") == []


@pytest.mark.parametrize(("seconds", "check"), [(301, "timestamp_too_old"), (-301, "timestamp_too_new")])
async def test_a_signature_of_another_time_is_refused(made, seconds, check):
    there, body = made(), refund()
    at = there.clock.now().timestamp() - seconds
    answer = await post(there, body, headers={"stripe-signature": stripe_signature(body, at)})
    assert (answer.status_code, answer.json()["check"]) == (401, check)


async def test_only_allowed_addresses_get_in_whatever_the_sender_claims(made):
    there = made({"trusted_proxies": ["10.0.0.0/8"]}, allow_from=["192.0.2.0/24"])
    claim = {"x-forwarded-for": "192.0.2.1"}
    assert (await post(there, peer="127.0.0.1", **claim)).status_code == 403
    assert (await post(there, peer="10.0.0.1", **claim)).status_code == 200
    forged = {"x-forwarded-for": "192.0.2.1, 203.0.113.5"}
    assert (await post(there, peer="10.0.0.1", **forged)).status_code == 403


async def test_plain_http_from_elsewhere_is_refused(made):
    answer = await post(made(), peer="203.0.113.9")
    assert (answer.status_code, answer.json()["check"]) == (403, "plain_http")


async def test_too_many_requests_of_one_address_wait_before_anything_is_checked(made):
    there = made(per_address_s=1)
    answers = [await post(there, b"{}", headers={}) for _ in range(3)]
    assert [each.status_code for each in answers] == [401, 401, 429]
    assert int(answers[-1].headers["retry-after"]) >= 1
    there.clock.advance(1)
    assert (await post(there)).status_code == 200


async def test_too_many_genuine_requests_wait_and_others_cost_an_endpoint_nothing(made):
    there = made(per_endpoint_s=1)
    for _ in range(5):
        assert (await post(there, headers={})).status_code == 401
    assert [(await post(there)).status_code for _ in range(3)] == [200, 200, 429]


async def test_a_certificate_counts_only_when_a_trusted_proxy_names_it(made):
    options = {"client_certificate": "X-Client-Cert", "fingerprints": ["AB:CD:EF"]}
    there = made({"trusted_proxies": ["10.0.0.0/8"]}, **options)
    assert (await post(there, peer="10.0.0.1", **{"x-client-cert": "abcdef"})).status_code == 200
    assert (await post(there, peer="10.0.0.1", **{"x-client-cert": "abcdee"})).status_code == 403
    assert (await post(there, peer="10.0.0.1")).status_code == 403
    assert (await post(there, peer="127.0.0.1", **{"x-client-cert": "abcdef"})).status_code == 403


async def test_paused_endpoints_store_nothing_or_tell_nobody(made):
    there = made(paused="discard")
    assert (await post(there)).status_code == 202
    assert await there.rows() == []
    held = made(paused="hold")
    assert (await post(held)).json()["status"] == "stored"
    assert await held.log.after(0, 10) == []
    assert len(await held.rows()) == 1


async def test_compressed_bodies_are_refused_unless_they_are_configured(made):
    there, body = made(), refund()
    packed = gzip.compress(body)
    refused = await post(there, packed, **{"content-encoding": "gzip"})
    assert (refused.status_code, refused.headers["accept-encoding"]) == (415, "identity")
    taking = made(encodings=["gzip"])
    assert (await post(taking, packed, **{"content-encoding": "gzip"})).json()["status"] == "stored"
    decoded = made(encodings=["gzip"], signed_as="decoded")
    second = refund(2)
    headers = signed(decoded, second, **{"content-encoding": "gzip"})
    assert (await post(decoded, gzip.compress(second), headers=headers)).json()["status"] == "stored"
    bomb = gzip.compress(b" " * 40_000_000)
    assert (await post(taking, bomb, **{"content-encoding": "gzip"})).status_code == 413


async def test_a_full_disk_is_told_and_the_retry_is_stored(made):
    """12.4.04: on both stores."""
    there = made()
    await there.endpoint().terms()
    await fill_disk(there.database, "events")
    answer = await post(there)
    assert (answer.status_code, answer.json()) == (503, {"status": "not_stored"})
    assert int(answer.headers["retry-after"]) >= 1
    await free_disk(there.database)
    assert (await post(there)).json()["status"] == "stored"


async def test_a_genuine_body_that_cannot_be_read_is_kept_as_a_dead_letter(made):
    there = made()
    answer = await post(there, b"no json")
    assert (answer.status_code, answer.json()["status"]) == (200, "unreadable")
    assert (await post(there, b"no json")).status_code == 200
    ((letter, reason),) = await there.rows("id, reason", "dead_letters")
    assert reason
    assert (await there.raw.of_letter(letter)).body == b"no json"


async def test_one_request_at_the_same_moment_fifty_times_is_one_event(made):
    there, body = made(), refund()
    async with served(there.app) as base, httpx2.AsyncClient() as http:
        sends = (http.post(base + HOOK, content=body, headers=signed(there, body)) for _ in range(50))
        answers = await asyncio.gather(*sends)
    assert [each.status_code for each in answers] == [200] * 50
    assert len({each.json()["id"] for each in answers}) == 1
    assert len(await there.rows()) == 1


@given(
    method=st.sampled_from(["POST", "GET", "HEAD", "OPTIONS", "PATCH"]),
    headers=st.lists(
        st.tuples(
            st.sampled_from(
                [b"stripe-signature", b"content-encoding", b"content-type", b"host", b"x-forwarded-for"]
            ),
            st.binary(max_size=60),
        ),
        max_size=5,
    ),
    body=st.binary(max_size=400),
    query=st.binary(max_size=20),
)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=100)
async def test_nothing_that_can_be_sent_breaks_it_or_is_stored_unsigned(
    sqlite_there, method, headers, body, query
):
    there, sent = sqlite_there, []

    async def receive():
        return {"type": "http.request", "body": body}

    async def send(message):
        sent.append(message)

    scope = {
        "type": "http",
        "method": method,
        "path": HOOK,
        "raw_path": HOOK.encode(),
        "query_string": query,
        "scheme": "http",
        "headers": headers,
        "client": ("127.0.0.1", 1),
    }
    await there.app(scope, receive, send)
    assert 400 <= sent[0]["status"] < 500
    assert await there.rows() == []


@pytest.fixture
async def sqlite_there(tmp_path, clock):
    """A receiver over a file."""
    from wirepost.store.database import Database

    database = await Database.open(tmp_path / "any.db", clock)
    yield receiving(database, clock, settings_of(tmp_path, {"stripe": {"default": {}}}))
    await database.close()
