"""Shapes that results are made of, and the marks on their fields."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any, ClassVar, Generic, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field

from wirepost.core.money import Money, OpenAmount


class Result(BaseModel):
    """Base of every result model: immutable; absent values are left out of the answer."""

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)  # most are never needed

    chooses_fields: ClassVar[bool] = False
    """`fields` names what the operation asks the vendor for, not parts of this model."""


@dataclass(frozen=True)
class UntrustedMark:
    """Text of somebody outside: it loses what nobody can see and is listed in `meta.untrusted`.

    `A <b> & Co` stays what it is; who reads HTML from a vendor makes text of it (`core.text.strip_html`).
    """


@dataclass(frozen=True)
class DetailMark:
    """Left out of the compact default set; returned when `fields` names it."""


Untrusted = Annotated[str, UntrustedMark()]
DETAIL = DetailMark()

Record = TypeVar("Record", bound=Result)


@dataclass(frozen=True)
class Page(Generic[Record]):
    """One page of records as the provider gave it.

    `after[i]` continues behind record *i*, so that the budget may cut the page anywhere; a provider whose
    positions only exist per page gives `next` alone and the page is then kept whole.
    """

    records: list[Record]
    has_more: bool
    after: list[str] | None = None
    next: str | None = None
    total: int | None = None
    total_is: Literal["exact", "at_least", "unknown"] = "unknown"


class Effect(Result):
    """One thing that will be different afterwards, in words for a person."""

    what: str
    before: str | None = None
    after: str | None = None


@dataclass(frozen=True)
class Plan:
    """What an execution would do, from the state that was read; no write was sent to find out.

    `state` is fingerprinted: an execution whose state differs from the confirmed one is refused.
    """

    summary: str
    effects: list[Effect]
    reversible: bool
    state: Any
    money: Money | OpenAmount | None = None
    """What moves or becomes due; checked against the connection's money rules and amount policies."""
    targets: tuple[str, ...] = ()
    """Who or what outside will see it, under each of its names (`C123`, `#support`); policy may name them."""
    notes: tuple[str, ...] = ()


class Deleted(Result):
    """An object that is gone."""

    id: str
    object: str
    deleted: bool = Field(default=True)
