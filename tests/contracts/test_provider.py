"""A provider's declaration: which tools it serves, and which permissions they need there."""

from __future__ import annotations

import dataclasses

import pytest
from pydantic import ValidationError

from support.sample_vendor import SAMPLE
from support.samples import Board, Note, SampleClient, board_list_cards, sample_get_note, sample_send_note
from wirepost.contracts.provider import Probe
from wirepost.core.errors import ConfigError
from wirepost.tools.context import Call
from wirepost.tools.contract import Contract
from wirepost.tools.tool import Risk, tool
from wirepost.upstream.client import Client


class Notebook(Contract):
    """A system that keeps notes."""


class Diary(Contract):
    """A system that keeps notes by day."""


class SpecialClient(SampleClient):
    """The sample vendor's API with an addition."""


class OtherClient(Client):
    """Another vendor's API."""


class SampleNotebook(Notebook):
    """The sample vendor as a notebook."""

    def __init__(self, client: SampleClient) -> None:
        self.client = client


@tool(Risk.READ, example={})
async def notebook_get_note(call: Call[Notebook], *, note: str) -> Note:
    """Get a note from any system that keeps notes."""
    return Note(id=note)


OFFERING = dataclasses.replace(
    SAMPLE,
    offers={Notebook: SampleNotebook},
    contract_scopes={"notebook_get_note": ("notes.read", "notes.write|notes.admin")},
)


@pytest.mark.parametrize(
    ("needs", "is_served"),
    [
        (SampleClient, True),
        (Client, True),
        (SpecialClient, False),
        (OtherClient, False),
        (Notebook, True),
        (Diary, False),
        (Board, False),
        ("SampleClient", False),
        (None, False),
    ],
)
def test_a_vendor_serves_what_needs_its_client_or_a_contract_it_offers(
    needs: object, *, is_served: bool
) -> None:
    assert OFFERING.can_serve(needs) is is_served


def test_a_vendor_that_offers_no_contract_serves_none() -> None:
    assert not SAMPLE.can_serve(Notebook)
    assert SAMPLE.can_serve(sample_get_note.needs)


def test_the_special_client_of_a_vendor_serves_its_tools_and_those_of_the_client_it_extends() -> None:
    special = dataclasses.replace(SAMPLE, client=SpecialClient)
    assert special.can_serve(SpecialClient)
    assert special.can_serve(sample_get_note.needs)


def test_a_tool_of_the_vendor_needs_what_it_declares() -> None:
    assert OFFERING.scopes_of(sample_get_note) == ("notes.read",)
    assert OFFERING.scopes_of(sample_send_note) == ("notes.write",)
    assert OFFERING.scopes_of(board_list_cards) == ()


def test_a_tool_on_a_contract_needs_what_the_vendor_says() -> None:
    assert OFFERING.scopes_of(notebook_get_note) == ("notes.read", "notes.write|notes.admin")


def test_a_contract_tool_of_which_the_vendor_says_nothing_needs_no_permission() -> None:
    silent = dataclasses.replace(OFFERING, contract_scopes={})
    assert silent.scopes_of(notebook_get_note) == ()


def test_a_vendor_without_an_imitation_refuses_the_environment_that_needs_one() -> None:
    real = dataclasses.replace(SAMPLE, load_sandbox=None)
    for declared in ("production", "test"):
        real.check_environment(declared)
    SAMPLE.check_environment("sandbox")
    with pytest.raises(ConfigError, match="Sample has no sandbox"):
        real.check_environment("sandbox")
    with pytest.raises(ConfigError, match="production or test"):
        _ = real.sandbox


@pytest.mark.parametrize("name", ["name", "client", "offers"])
def test_a_declaration_cannot_be_changed(name: str) -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        setattr(OFFERING, name, None)


def test_a_probe_says_who_it_is_and_leaves_out_what_the_vendor_does_not_tell() -> None:
    assert Probe(identity="anna").model_dump(exclude_none=True) == {"identity": "anna"}
    with pytest.raises(ValidationError):
        Probe.model_validate({"identity": "anna", "password": "x"})
