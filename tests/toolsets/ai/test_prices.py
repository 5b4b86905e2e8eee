"""Costs at the prices that vendors publish; what is not known stays unknown."""

from __future__ import annotations

import dataclasses
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from support.clock import ManualClock
from support.sample_vendor import SAMPLE
from support.worlds import world_at
from wirepost.connections.connections import Connection
from wirepost.contracts.generation import Usage
from wirepost.settings import ConnectionSettings
from wirepost.toolsets.ai.prices import cost_nano, dollars, to_nano

AT = datetime(2026, 11, 25, tzinfo=UTC)
MILLION = Usage(input_tokens=1_000_000)


def connection(provider: str, **settings: Any) -> Connection:
    clock = ManualClock()
    place = {"vertex": {"project": "acme-ai"}} if provider == "vertex" else {}
    options = {"provider": provider, "environment": "production", **place, **settings}
    chosen = ConnectionSettings.model_validate(options)
    return Connection("ai", dataclasses.replace(SAMPLE, name=provider), chosen, clock, lambda: world_at(AT))


@pytest.mark.parametrize(
    ("provider", "model", "usage", "expected"),
    [
        # https://platform.openai.com/docs/pricing: 0.25 in, 0.025 cached, 2.00 out for a million
        ("openai", "gpt-5-mini", MILLION, "0.25"),
        ("openai", "gpt-5-mini", Usage(output_tokens=1_000_000), "2"),
        ("openai", "gpt-5-mini", Usage(input_tokens=1_000_000, cached_input_tokens=1_000_000), "0.025"),
        ("openai", "text-embedding-3-small", MILLION, "0.02"),
        # https://platform.claude.com/docs/en/about-claude/pricing: 3 in up to 200,000 tokens
        ("anthropic", "claude-sonnet-4-5", Usage(input_tokens=100_000), "0.3"),
        # https://ai.google.dev/gemini-api/docs/pricing: 0.30 in
        ("gemini", "gemini-2.5-flash", MILLION, "0.3"),
        ("vertex", "gemini-2.5-flash", MILLION, "0.3"),
    ],
)
def test_published_prices(provider: str, model: str, usage: Usage, expected: str) -> None:
    nano = cost_nano(connection(provider), model, usage, AT)
    assert nano is not None
    assert dollars(nano) == expected


def test_a_batch_costs_half() -> None:
    # https://platform.claude.com/docs/en/build-with-claude/batch-processing: 50 % of the standard rates
    usage = Usage(input_tokens=100_000)
    given_ = (connection("anthropic"), "claude-sonnet-4-5", usage, AT)
    whole, half = cost_nano(*given_), cost_nano(*given_, is_batch=True)
    assert whole == 2 * (half or 0)


def test_what_is_not_published_is_unknown() -> None:
    assert cost_nano(connection("openai"), "our-own", MILLION, AT) is None
    assert cost_nano(connection("sagemaker"), "gpt-5-mini", MILLION, AT) is None


def test_a_server_of_ones_own_has_no_price_though_its_model_is_called_like_a_known_one() -> None:
    near = connection("openai", base_url="http://127.0.0.1:8000/v1")
    assert cost_nano(near, "gpt-5-mini", MILLION, AT) is None
    again = connection("openai", base_url="https://api.openai.com/v1")
    assert cost_nano(again, "gpt-5-mini", MILLION, AT) == 250_000_000


def test_what_runs_inside_the_server_costs_nothing_and_a_sandbox_what_its_original_does() -> None:
    assert cost_nano(connection("embedded"), "anything", MILLION, AT) == 0
    sandbox = connection("openai", environment="sandbox")
    assert cost_nano(sandbox, "gpt-5-mini", MILLION, AT) == 250_000_000


def test_more_cached_tokens_than_there_are_count_as_all() -> None:
    odd = Usage(input_tokens=1_000_000, cached_input_tokens=2_000_000)
    assert cost_nano(connection("openai"), "gpt-5-mini", odd, AT) == 25_000_000


@pytest.mark.parametrize(
    ("nano", "text"), [(0, "0"), (1, "0.000000001"), (450_000, "0.00045"), (10_000_000_000, "10")]
)
def test_dollars_are_written_without_an_exponent(nano: int, text: str) -> None:
    assert dollars(nano) == text


@given(st.integers(min_value=0, max_value=10**15))
def test_nothing_is_lost_in_writing(nano: int) -> None:
    assert to_nano(dollars(nano)) == nano
