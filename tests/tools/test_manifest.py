"""The manifest and the reference pages, over tools of each kind."""

from __future__ import annotations

import orjson

from support.samples import SAMPLES, Board
from wirepost.core.errors import FAMILIES
from wirepost.tools import manifest
from wirepost.tools.catalog import PRESETS, token_cost, wire_entry
from wirepost.tools.context import Call
from wirepost.tools.results import Result
from wirepost.tools.tool import Risk, tool


class Told(Result):
    """An answer."""

    text: str


@tool(Risk.READ, example={"topic": "paging"}, long_help="More can be said.")
async def connection_help(call: Call[Board], topic: str) -> Told:
    """Explain a topic."""
    return Told(text=topic)


TOOLS = (*SAMPLES, connection_help)


def test_every_tool_has_one_entry_whatever_the_presets_hold() -> None:
    entries = manifest.entries(TOOLS)
    assert sorted(entry["name"] for entry in entries) == sorted(tool.name for tool in TOOLS)
    by_name = {entry["name"]: entry for entry in entries}
    pay = by_name["sample_pay_note"]
    assert (pay["risk"], pay["scopes"]) == ("W3", ["money.write"])
    assert pay["example"] == {"note": "n_1", "amount": "10.00", "currency": "eur"}
    assert pay["outputSchema"]["properties"]["data"]["properties"]["id"] == {"type": "string"}


def test_the_cost_is_that_of_the_listed_definition() -> None:
    (entry,) = manifest.entries(SAMPLES[:1])
    assert entry["tokens"] == token_cost(wire_entry(SAMPLES[0])) > 0


def test_the_file_is_json_with_presets_and_tools() -> None:
    text = manifest.render(iter(TOOLS))
    content = orjson.loads(text)
    assert text.endswith("}\n")
    assert content["presets"].keys() == PRESETS.keys()
    assert content["presets"]["minimal"]["tools"] == 1
    assert content["presets"]["revops"]["tokens"] == token_cost(wire_entry(connection_help))
    assert len(content["tools"]) == len(TOOLS)


def test_the_table_counts_by_toolset_and_preset() -> None:
    lines = manifest.table(iter(TOOLS)).splitlines()
    assert [line for line in lines if line.startswith("| `sample` | 6 | 2 |")]
    assert [line for line in lines if line.startswith("| `board` | 2 | 1 |")]
    assert [line for line in lines if line.startswith("| `support` | 1 |")]


def test_the_reference_explains_each_tool() -> None:
    page = manifest.reference(iter(TOOLS))
    sections = {part.partition("\n")[0]: part for part in page.split("## ")[1:]}
    assert sections.keys() == {tool.name for tool in TOOLS}
    assert "Risk W3; permissions: `money.write`." in sections["sample_pay_note"]
    assert "| `note` | string | yes |  |" in sections["sample_pay_note"]
    assert "| `mode` | `preview`, `execute` |  |  |" in sections["sample_pay_note"]
    assert "| `tags` | list of string |  |  |" in sections["sample_update_note"]
    assert "| `lines` | list of object |  |  |" in sections["sample_update_note"]
    assert "Returns: `id`, `title`," in sections["sample_get_note"]
    assert "Risk R.\n\nMore can be said.\n" in sections["connection_help"]
    assert 'Example: `{"topic":"paging"}`' in sections["connection_help"]


def test_the_error_page_says_of_each_code_whether_to_repeat() -> None:
    sections = {part.partition("\n")[0]: part for part in manifest.errors().split("## ")[1:]}
    assert sections.keys() == {family.__name__ for family in FAMILIES}
    assert "`rate_limited`" in sections["Unavailable"]
    assert "may be repeated later" in sections["Unavailable"]
    assert "is not to be repeated unchanged" in sections["OutcomeUnknown"]
