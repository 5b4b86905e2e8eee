"""A link as a question: to whom it can be shown, in which words, and what came of it."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from mcp_types import (
    ClientCapabilities,
    ElicitationCapability,
    ElicitResult,
    FormElicitationCapability,
    UrlElicitationCapability,
)

from wirepost.server.linking import answer_in, can_be_shown, link_in, request, required, words

URL = "https://wirepost.example.com/connect/crm?c=1"
ERROR = {"code": "not_connected", "message": "No account", "connection": "crm", "connect_url": URL}
LINKS, FORMS = UrlElicitationCapability(), FormElicitationCapability()


@pytest.mark.parametrize(
    "envelope",
    [{"data": {}}, {"error": {"code": "not_connected"}}, {"error": {**ERROR, "connect_url": None}}],
)
def test_only_an_error_with_an_address_has_a_link(envelope) -> None:
    assert link_in(envelope) is None
    assert link_in({"error": ERROR}) == ERROR


@pytest.mark.parametrize(
    ("version", "elicitation", "can"),
    [
        ("2026-07-28", ElicitationCapability(form=FORMS, url=LINKS), True),
        ("2026-07-28", ElicitationCapability(url=LINKS), True),
        ("2026-07-28", ElicitationCapability(form=FORMS), False),
        ("2026-07-28", ElicitationCapability(), False),
        ("2026-07-28", None, False),
        ("2025-11-25", ElicitationCapability(url=LINKS), True),
        ("2025-11-25", ElicitationCapability(form=FORMS), False),
        ("2025-06-18", ElicitationCapability(form=FORMS, url=LINKS), False),
        ("2024-11-05", None, False),
    ],
)
def test_links_go_to_clients_that_say_they_show_links(version, elicitation, can) -> None:
    session = SimpleNamespace(client_capabilities=ClientCapabilities(elicitation=elicitation))
    assert can_be_shown(SimpleNamespace(session=session, protocol_version=version)) is can


def test_a_client_that_says_nothing_of_itself_is_shown_nothing() -> None:
    session = SimpleNamespace(client_capabilities=None)
    assert not can_be_shown(SimpleNamespace(session=session, protocol_version="2026-07-28"))


def test_both_forms_carry_the_same_link_and_words() -> None:
    asked, refused = request(ERROR).params, required(ERROR)
    (named,) = refused.elicitations
    assert (asked.mode, asked.url, asked.message) == ("url", URL, words(ERROR))
    assert (refused.code, named.url, named.message) == (-32042, URL, words(ERROR))
    assert named.elicitation_id
    assert named.elicitation_id not in URL
    assert named.elicitation_id != required(ERROR).elicitations[0].elicitation_id
    assert asked.elicitation_id is None, "the current protocol has none"


def test_a_person_reads_what_is_connected_and_what_for() -> None:
    assert words(ERROR) == "No account. Open the page to connect crm."
    more = {**ERROR, "account": "Acme (1)", "needed": ["deals.read", "deals.write"]}
    assert words(more) == (
        "No account. Open the page to connect crm (account Acme (1)) and allow deals.read, deals.write."
    )


@pytest.mark.parametrize(
    ("responses", "answer"),
    [
        (None, "none"),
        ({}, "none"),
        ({"confirm": ElicitResult(action="accept")}, "none"),
        ({"connect": ElicitResult(action="accept")}, "opened"),
        ({"connect": ElicitResult(action="decline")}, "no"),
        ({"connect": ElicitResult(action="cancel")}, "no"),
        ({"connect": "accept"}, "no"),
    ],
)
def test_only_an_accepted_link_was_opened(responses, answer) -> None:
    assert answer_in(responses) == answer
