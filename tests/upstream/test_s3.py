"""Objects of S3, as moto keeps them."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from support.aws import Account, far_account
from support.clock import ManualClock
from support.scripted import Said, Vendor, upstream_to
from support.secret_stores import AWS_KEY, secrets_manager
from wirepost.core.errors import Rejected
from wirepost.providers.bedrock.client import BedrockClient
from wirepost.settings import ConnectionSettings
from wirepost.upstream import s3
from wirepost.upstream.aws import S3
from wirepost.upstream.s3 import MOST_PAGES, PIECE, Place
from wirepost.upstream.scope import Scope

BUCKET = "acme-jobs"
JSON = "application/json"


@pytest.fixture
async def moto(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Account]:
    """S3 as moto plays it, with a bucket."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", AWS_KEY[0])
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", AWS_KEY[1])
    with secrets_manager() as url:
        account = far_account("bedrock", base_url=url)
        place = b"<CreateBucketConfiguration><LocationConstraint>eu-central-1</LocationConstraint>"
        content = place + b"</CreateBucketConfiguration>"
        client = account.client(may_write=True)
        await client.ask(S3, "PUT", f"/{BUCKET}", content=content, is_write=True)
        yield account
        await account.connection.close()


@pytest.mark.services("moto")
async def test_what_is_put_is_found_listed_and_read(moto):
    client = moto.client(may_write=True)
    places = [Place(BUCKET, name) for name in ("a b/1 & ü.jsonl.out", "a b/2<x>.json", "c")]
    for place in places:
        await s3.put(client, place, b'{"a": 1}\n\n{"a": 2}', JSON)
    found = await s3.find(client, places[0])
    assert found is not None
    assert found.size == 18
    assert [each.place for each in await s3.listed(client, Place(BUCKET, "a b/"))] == places[:2]
    assert [line async for line in s3.lines(client, found)] == [b'{"a": 1}', b'{"a": 2}']
    assert await s3.find(client, Place(BUCKET, "missing")) is None


@pytest.mark.services("moto")
async def test_a_large_object_is_read_in_parts_and_lines_go_across_them(moto):
    client, place = moto.client(may_write=True), Place(BUCKET, "large")
    rows = [b"x" * (PIECE - 3), b"y" * 10, b"z" * 7]
    await s3.put(client, place, b"\n".join(rows) + b"\n", "text/plain")
    found = await s3.find(client, place)
    assert found is not None
    assert [len(each) async for each in s3.pieces(client, found)] == [PIECE, found.size - PIECE]
    assert [line async for line in s3.lines(client, found)] == rows


@pytest.mark.services("moto")
async def test_a_bucket_that_is_not_there_is_named_by_aws(moto):
    with pytest.raises(Rejected) as refused:
        await s3.listed(moto.client(), Place("no-such-bucket", ""))
    assert (refused.value.code, refused.value.provider_code) == ("not_found", "NoSuchBucket")


async def test_a_list_that_does_not_end_is_not_read_for_ever(clock: ManualClock) -> None:
    page = b"<ListBucketResult><NextContinuationToken>more</NextContinuationToken></ListBucketResult>"
    vendor = Vendor(*[Said(200, page, {"content-type": "application/xml"})] * (MOST_PAGES + 1))
    options = ConnectionSettings.model_validate({"provider": "bedrock", "environment": "sandbox"})
    client = BedrockClient(upstream_to(vendor, clock), Scope(clock.monotonic() + 45), options)
    with pytest.raises(Rejected, match="more objects than are listed"):
        await s3.listed(client, Place(BUCKET, "a/"))
    assert len(vendor.seen) == MOST_PAGES


@given(st.text(max_size=50))
def test_an_address_is_read_as_it_is_written(key):
    place = Place(BUCKET, key)
    assert Place.of(place.uri) == place
    assert place.path.isascii()


@pytest.mark.parametrize(
    "uri", ["", "s3://", "s3://acme-jobs", "https://acme-jobs/x", "s3://AB/x", "s3://../x"]
)
def test_what_is_no_address_is_refused(uri):
    with pytest.raises(ValueError, match="no address"):
        Place.of(uri)
