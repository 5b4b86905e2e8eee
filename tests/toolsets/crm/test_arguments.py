"""The list of CRM tools is portable and short; their examples are valid."""

from __future__ import annotations

import jsonschema
import orjson
import pytest

from support.crm_desk import TOOLS
from wirepost.tools import schema
from wirepost.tools.catalog import wire_entry
from wirepost.tools.tool import AnyTool


@pytest.mark.parametrize("tool", TOOLS.tools, ids=lambda tool: tool.name)
def test_every_client_can_read_it(tool: AnyTool) -> None:
    assert schema.problems(tool.name, tool.input_schema) == []
    assert len(tool.summary) <= 110
    jsonschema.validate(tool.example, tool.input_schema)
    assert (tool.planner is not None) == tool.risk.has_preview
    assert (tool.reconciler is not None) == (tool.starts_job or not tool.risk.is_read)


def test_the_list_costs_a_kilobyte_a_tool() -> None:
    assert len(orjson.dumps([wire_entry(tool) for tool in TOOLS.tools])) <= 18 * 1024
    assert len(TOOLS.tools) == 18


def test_what_archives_unlinks_or_imports_is_destructive_and_nothing_else_is() -> None:
    destructive = {tool.name for tool in TOOLS.tools if tool.hints["destructiveHint"]}
    assert destructive == {"crm_archive_records", "crm_unlink_records", "crm_start_import"}
