"""Compressed bodies are inflated within limits, and nothing else is taken for one."""

from __future__ import annotations

import contextlib
import gzip
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wirepost.webhooks.encodings import Damaged, TooLarge, inflate

RAW = zlib.compressobj(wbits=-15)
WAYS = {
    "gzip": gzip.compress,
    "deflate": zlib.compress,
}


@pytest.mark.parametrize("encoding", WAYS)
@given(body=st.binary(max_size=5000))
def test_what_was_compressed_comes_back(encoding, body):
    assert inflate(WAYS[encoding](body), encoding, 5000) == body


def test_deflate_without_its_frame_is_taken_as_well():
    assert inflate(RAW.compress(b"hello") + RAW.flush(), "deflate", 100) == b"hello"


def test_the_limit_is_a_limit():
    body = bytes(range(256)) * 8
    assert inflate(gzip.compress(body), "gzip", len(body)) == body
    with pytest.raises(TooLarge):
        inflate(gzip.compress(body), "gzip", len(body) - 1)


def test_a_bomb_is_refused_before_it_takes_memory():
    with pytest.raises(TooLarge):
        inflate(gzip.compress(b"\0" * 50_000_000), "gzip", 32 * 2**20)


@pytest.mark.parametrize(
    "body",
    [b"", b"no gzip", gzip.compress(b"x" * 100)[:-4], gzip.compress(b"x") + b"y"],
    ids=["empty", "other", "cut", "more"],
)
def test_what_is_damaged_is_said_to_be(body):
    with pytest.raises(Damaged):
        inflate(body, "gzip", 1000)


@given(st.binary(max_size=300), st.sampled_from(["gzip", "deflate"]))
def test_any_bytes_end_in_one_of_three_ways(body, encoding):
    with contextlib.suppress(Damaged, TooLarge):
        assert len(inflate(body, encoding, 1000)) <= 1000
