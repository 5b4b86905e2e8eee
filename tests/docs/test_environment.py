"""Every environment variable that a document names is one that something reads."""

from __future__ import annotations

import re

import pytest

from support import postgres
from support.services import REQUIRED
from support.sources import ROOT, shown, tracked
from wirepost.cli.clients import over_http
from wirepost.core.errors import ConfigError
from wirepost.core.paths import CONFIG_VARIABLE
from wirepost.settings import load_settings

VARIABLE = re.compile(r"\bWIREPOST_[A-Z_]*[A-Z]\b")
READ_ELSEWHERE = {CONFIG_VARIABLE, REQUIRED, over_http.VARIABLE, postgres.VARIABLE}
"""Read without being an option: where the configuration is, where our clients are told to keep their token,
and which programs the tests must find, and where."""


def is_read(variable: str) -> bool:
    """Whether the variable is an option, whatever its value must be, or is read elsewhere."""
    if not variable.startswith("WIREPOST__"):
        return variable in READ_ELSEWHERE
    try:
        load_settings(None, environ={variable: "1"})
    except ConfigError as refusal:
        return "is not a known option" not in str(refusal)
    return True


def named() -> dict[str, str]:
    """Variable → a document or example that names it."""
    found = {}
    for path in tracked():
        is_document = path.suffix == ".md" and path.relative_to(ROOT).parts[0] not in {"tests", "benchmarks"}
        if is_document or (ROOT / "examples") in path.parents:
            for variable in VARIABLE.findall(path.read_text(encoding="utf-8")):
                found[variable] = shown(path)
    return found


def test_documents_name_no_variable_that_nothing_reads():
    found = named()
    assert len(found) > 3
    assert {variable: where for variable, where in found.items() if not is_read(variable)} == {}


@pytest.mark.parametrize("variable", ["WIREPOST_DATA_DIR", "WIREPOST__SERVR__PORT", "WIREPOST__DATADIR"])
def test_a_name_that_is_only_nearly_right_is_noticed(variable):
    assert not is_read(variable)
