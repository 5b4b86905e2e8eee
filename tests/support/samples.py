"""Small tools of a vendor that does not exist, one for each kind of tool."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import orjson
from pydantic import Field

from wirepost.core.money import Money
from wirepost.tools.context import Call
from wirepost.tools.results import DETAIL, Effect, Page, Plan, Result, Untrusted
from wirepost.tools.tool import Argument, Risk, tool
from wirepost.upstream.client import Ask, Client


class SampleClient(Client):
    """The sample vendor's API."""

    async def make(self, note: str, *, key: str | None, intent: str | None) -> Note:
        """Make a note, once for each key."""
        content = orjson.dumps({"id": note, "intent": intent})
        headers = {"x-key": key or ""}
        answer = await self.send(
            Ask("POST", "/notes", content=content, headers=headers, key=key, is_write=True)
        )
        return Note.model_validate(answer.json())

    async def find(self, intent: str | None) -> Note | None:
        """The note that was made for an intent."""
        answer = await self.send(Ask("GET", "/notes"))
        made = (each for each in answer.json() if each["intent"] == intent)
        return next((Note(id=each["id"]) for each in made), None)


class NamedText(Argument):
    """A field with its value."""

    name: str
    value: str


class Line(Argument):
    """One line of an order."""

    product: str
    quantity: Annotated[int, Field(ge=1, le=99)] = 1
    tags: list[str] | None = None


class Address(Argument):
    """Where it goes."""

    city: str
    zip: str | None = None
    floor: int | None = None


class Author(Result):
    """Who wrote a note."""

    name: Untrusted
    role: str | None = None


class Note(Result):
    """A note of the sample vendor."""

    id: str
    title: str | None = None
    text: Untrusted | None = None
    author: Author | None = None
    comments: list[Author] | None = None
    tags: list[Untrusted] | None = None
    history: Annotated[list[str] | None, DETAIL] = None
    secret_notes: Annotated[Untrusted | None, DETAIL] = None
    extra: Any = None


@tool(Risk.READ, scopes=["notes.read"], example={"note": "n_1"})
async def sample_get_note(call: Call[SampleClient], *, note: str) -> Note:
    """Get one note."""
    return Note(id=note)


@tool(Risk.READ, scopes=["notes.read"], example={})
async def sample_list_notes(
    call: Call[SampleClient],
    *,
    author: str | None = None,
    since: str | None = None,
    state: Literal["open", "done"] | None = None,
) -> Page[Note]:
    """List notes, newest first."""
    return Page([], has_more=False)


@tool(Risk.WRITE, scopes=["notes.write"], example={"note": "n_1"})
async def sample_update_note(
    call: Call[SampleClient],
    *,
    note: Annotated[str, Field(min_length=1, max_length=40)],
    text: str | None = None,
    count: Annotated[int, Field(ge=0, le=1000)] = 1,
    ratio: float | None = None,
    is_done: bool | None = None,
    state: Literal["open", "done"] | None = None,
    tags: list[str] | None = None,
    scores: list[int] | None = None,
    labels: Annotated[list[NamedText] | None, Field(max_length=50)] = None,
    lines: list[Line] | None = None,
    address: Address | None = None,
) -> Note:
    """Change a note."""
    return Note(id=note)


@sample_update_note.reconcile
async def find_update(
    call: Call[SampleClient],
    *,
    note: Annotated[str, Field(min_length=1, max_length=40)],
    text: str | None = None,
    count: Annotated[int, Field(ge=0, le=1000)] = 1,
    ratio: float | None = None,
    is_done: bool | None = None,
    state: Literal["open", "done"] | None = None,
    tags: list[str] | None = None,
    scores: list[int] | None = None,
    labels: Annotated[list[NamedText] | None, Field(max_length=50)] = None,
    lines: list[Line] | None = None,
    address: Address | None = None,
) -> Note | None:
    """Whether it was changed."""
    return None


@tool(Risk.VISIBLE, scopes=["notes.write"], example={"note": "n_1"})
async def sample_send_note(call: Call[SampleClient], *, note: str) -> Note:
    """Send a note to its reader."""
    return await call.api.make(note, key=call.key, intent=call.intent)


@sample_send_note.plan
async def plan_send(call: Call[SampleClient], *, note: str) -> Plan:
    """What sending would do."""
    return Plan("Send it", [Effect(what="One message")], reversible=False, state={"note": note})


@sample_send_note.reconcile
async def find_sent(call: Call[SampleClient], *, note: str) -> Note | None:
    """Whether it was sent."""
    return await call.api.find(call.intent)


@tool(Risk.MONEY, scopes=["money.write"], example={"note": "n_1", "amount": "10.00", "currency": "eur"})
async def sample_pay_note(
    call: Call[SampleClient], *, note: str, amount: str | None = None, currency: str | None = None
) -> Note:
    """Pay for a note."""
    return Note(id=note)


@sample_pay_note.plan
async def plan_pay(
    call: Call[SampleClient], *, note: str, amount: str | None = None, currency: str | None = None
) -> Plan:
    """What paying would do; `amount` stands for what a vendor would be asked for."""
    money = Money.parse(amount, currency or "eur") if amount else None
    return Plan(
        "Pay", [Effect(what="Paid", after=amount)], reversible=False, state={"note": note}, money=money
    )


@tool(Risk.DESTRUCTIVE, scopes=["notes.delete"], example={"note": "n_1"}, idempotent=False)
async def sample_delete_note(call: Call[SampleClient], *, note: str) -> Note:
    """Delete a note for ever."""
    return Note(id=note)


@sample_delete_note.plan
async def plan_delete(call: Call[SampleClient], *, note: str) -> Plan:
    """What deleting would do."""
    return Plan("Delete it", [Effect(what="The note is gone")], reversible=False, state={"note": note})


class Board:
    """An object of our own, in the place of a vendor."""


@tool(Risk.READ, example={})
async def board_list_cards(call: Call[Board], *, colour: str | None = None) -> Page[Note]:
    """List the cards of the board."""
    return Page([], has_more=False)


@tool(Risk.VISIBLE, example={"card": "c_1"})
async def board_pin_card(call: Call[Board], *, card: str) -> Note:
    """Pin a card where everybody sees it."""
    return Note(id=card)


@board_pin_card.plan
async def plan_pin(call: Call[Board], *, card: str) -> Plan:
    """What pinning would do."""
    return Plan("Pin it", [Effect(what="Everybody sees it")], reversible=True, state={"card": card})


SAMPLES = (
    sample_get_note,
    sample_list_notes,
    sample_update_note,
    sample_send_note,
    sample_pay_note,
    sample_delete_note,
    board_list_cards,
    board_pin_card,
)
"""One tool of each kind."""
