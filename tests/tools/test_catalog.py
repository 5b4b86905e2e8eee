"""Which tools are listed: presets, toolsets, inclusions, exclusions, read-only; and what a list costs."""

from __future__ import annotations

import orjson
import pytest

from support.samples import SAMPLES, Board
from wirepost.core.errors import ConfigError
from wirepost.tools.catalog import PRESETS, Catalog, Selection, ToolList, select, token_cost, wire_entry
from wirepost.tools.context import Call
from wirepost.tools.results import Result
from wirepost.tools.tool import Risk, tool


class Told(Result):
    """An answer."""

    text: str


@tool(Risk.READ)
async def connection_help(call: Call[Board]) -> Told:
    """A tool that presets name."""
    return Told(text="")


@tool(Risk.READ)
async def stripe_start_report(call: Call[Board]) -> Told:
    """Reads, but starts work at the provider."""
    return Told(text="")


@tool(Risk.MONEY)
async def stripe_pay(call: Call[Board]) -> Told:
    """Moves money."""
    return Told(text="")


@tool(Risk.READ)
async def event_list(call: Call[Board]) -> Told:
    """A single tool of a toolset."""
    return Told(text="")


@tool(Risk.READ)
async def event_ack(call: Call[Board]) -> Told:
    """Another one, that not every preset has."""
    return Told(text="")


@tool(Risk.READ)
async def board_open_filter(call: Call[Board], where: dict[str, str]) -> Told:
    """Its argument has no portable form."""
    return Told(text="")


NAMED = (connection_help, stripe_start_report, stripe_pay, event_list, event_ack)
ALL = (*SAMPLES, *NAMED)


def names(**options):
    return [each.name for each in select(ALL, Selection(**options))]


def test_a_preset_lists_those_of_its_tools_that_exist() -> None:
    assert names(preset="minimal") == ["connection_help", "event_list"]
    assert names() == ["connection_help", "event_ack", "event_list"]
    assert names(preset="finance") == [
        "connection_help",
        "event_ack",
        "event_list",
        "stripe_pay",
        "stripe_start_report",
    ]


def test_the_readonly_preset_has_no_write_and_starts_nothing() -> None:
    assert names(preset="readonly") == ["connection_help", "event_list"]


def test_without_a_preset_only_what_is_named_is_listed() -> None:
    assert names(preset=None) == []
    assert names(preset="") == []
    assert names(preset=None, toolsets=["board"]) == ["board_list_cards", "board_pin_card"]
    assert names(preset=None, include=["stripe_pay"]) == ["stripe_pay"]


def test_the_order_is_the_same_however_tools_are_declared() -> None:
    backwards = [each.name for each in select(reversed(ALL), Selection(None, ["sample", "board", "event"]))]
    assert backwards == names(preset=None, toolsets=["event", "sample", "board"])
    assert backwards == sorted(backwards)


def test_an_exclusion_beats_preset_toolset_and_inclusion() -> None:
    shut_out = {"exclude": ["stripe_pay"], "toolsets": ["stripe"], "include": ["stripe_pay"]}
    assert "stripe_pay" not in names(preset="finance", **shut_out)


def test_read_only_beats_an_inclusion() -> None:
    shown = names(preset=None, toolsets=["sample"], include=["stripe_pay"], is_read_only=True)
    assert shown == ["sample_get_note", "sample_list_notes"]


@pytest.mark.parametrize(
    ("options", "key", "known"),
    [
        ({"preset": "suport"}, "tools.preset", "support"),
        ({"toolsets": ["stripes"]}, "tools.toolsets", "stripe"),
        ({"include": ["stripe_pays"]}, "tools.include", "stripe_pay"),
        ({"exclude": ["stripe_pays"]}, "tools.exclude", "stripe_pay"),
    ],
)
def test_a_name_that_does_not_exist_is_refused_with_those_that_do(options, key, known) -> None:
    with pytest.raises(ConfigError, match="there is no") as refused:
        names(**options)
    assert refused.value.key == key
    assert known in (refused.value.hint or "").removeprefix("known: ").split(", ")


def test_every_preset_can_be_chosen() -> None:
    assert {"minimal", "support", "revops", "finance", "readonly"} == set(PRESETS)
    for preset in PRESETS:
        names(preset=preset)


def test_an_entry_has_what_clients_read() -> None:
    entry = wire_entry(SAMPLES[0])
    assert sorted(entry) == ["annotations", "description", "inputSchema", "name", "outputSchema", "title"]
    assert entry["description"] == "Get one note."
    assert "id" not in orjson.dumps(entry["outputSchema"]).decode()


def test_a_schema_that_clients_cannot_read_stops_the_start_by_name() -> None:
    with pytest.raises(ConfigError, match="declared properties") as refused:
        wire_entry(board_open_filter)
    assert refused.value.key == "board_open_filter"


def test_the_cost_counts_what_a_model_reads_only() -> None:
    entry = {"name": "abcd", "description": "x" * 400, "inputSchema": {}, "title": "t" * 4000}
    assert token_cost(entry) == len('{"name":"abcd","description":"","inputSchema":{}}' + "x" * 400) // 4


def test_a_list_is_built_once_and_finds_its_tools() -> None:
    listed = ToolList(SAMPLES)
    assert listed.entries is listed.entries
    assert [entry["name"] for entry in listed.entries] == [each.name for each in SAMPLES]
    assert listed.tokens == sum(map(token_cost, listed.entries))
    assert listed.by_name["sample_get_note"] is SAMPLES[0]
    assert listed.input_schema("sample_get_note") == SAMPLES[0].input_schema
    assert listed.input_schema("stripe_pay") is None


async def test_a_catalog_shows_each_caller_the_part_its_scopes_name_and_tells_of_changes() -> None:
    told = []

    async def tell() -> None:
        told.append([tool.name for tool in catalog.listed.tools])

    pay, notes = (ToolList(tuple(select(ALL, Selection(None, [name])))) for name in ("stripe", "sample"))
    catalog = Catalog(pay)
    catalog.on_change.append(tell)
    assert catalog.visible(None) is pay
    assert catalog.visible(frozenset({"stripe.money"})) is catalog.visible(frozenset({"stripe.money"}))
    assert "stripe_pay" in catalog.visible(frozenset({"stripe.money"})).by_name
    assert "stripe_pay" not in catalog.visible(frozenset({"stripe.write"})).by_name
    assert catalog.visible(frozenset({"stripe.money"})).tools == pay.tools
    assert catalog.visible(frozenset()).tools == ()
    await catalog.replace(ToolList(pay.tools))
    assert told == []
    await catalog.replace(notes)
    assert catalog.visible(frozenset({"stripe.money"})).tools == ()
    assert told == [[tool.name for tool in notes.tools]]


async def test_what_is_not_listed_for_want_of_a_permission_may_be_called_by_those_who_may() -> None:
    pay, everything = (ToolList(tuple(select(ALL, Selection(None, names)))) for names in (["stripe"], TWO))
    catalog = Catalog(pay, everything)
    assert catalog.listed is catalog.visible(None) is pay
    assert catalog.enabled(None) is everything
    assert list(catalog.enabled(frozenset({"stripe.money"})).by_name) == ["stripe_pay", "stripe_start_report"]
    assert "sample_get_note" in catalog.enabled(frozenset({"sample.read"})).by_name
    assert catalog.visible(frozenset({"sample.read"})).tools == ()
    await catalog.replace(everything)
    assert (
        catalog.visible(frozenset({"sample.read"})).tools == catalog.enabled(frozenset({"sample.read"})).tools
    )


def test_without_more_what_is_listed_is_what_may_be_called() -> None:
    catalog = Catalog(ToolList(SAMPLES))
    assert catalog.enabled(None) is catalog.listed


TWO = ["stripe", "sample"]
