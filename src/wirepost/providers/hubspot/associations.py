"""Associations: the kinds of links between two objects, reading them page by page, making and removing them.

Types are directional and differ between accounts, so they are always taken from the labels endpoint.
https://developers.hubspot.com/docs/api-reference/latest/crm/associations/overview
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from wirepost.contracts.records import LINKS, Link, LinkTo, Trouble, Written
from wirepost.core.errors import FieldProblem, InvalidCall
from wirepost.core.text import clean_line
from wirepost.providers.hubspot.client import HubSpotClient, Json, dated
from wirepost.providers.hubspot.refusals import read_error

ROUNDS = 20
"""Most requests for the links of one set of records; each brings at least one page of each record."""


@dataclass(frozen=True)
class LinkKind:
    """One type of association in one direction; the default has no label."""

    type_id: int
    category: str
    label: str | None

    @property
    def spec(self) -> Json:
        """As it is named in requests."""
        return {"associationCategory": self.category, "associationTypeId": self.type_id}


@dataclass
class Linked:
    """What one record is linked to; `is_cut` when there is more than was read."""

    links: list[Link] = field(default_factory=list)
    is_cut: bool = False


async def link_kinds(client: HubSpotClient, source: str, target: str) -> list[LinkKind]:
    """Every type from one object to another; kept for some minutes."""

    async def load() -> list[LinkKind]:
        answer = await client.get(dated("crm/associations", source, target, "labels"))
        return [LinkKind(int(raw["typeId"]), raw["category"], raw.get("label")) for raw in answer["results"]]

    return await client.upstream.cache.get(f"labels:{source}:{target}", load)


async def spec_of(client: HubSpotClient, source: str, target: str, label: str | None) -> Json:
    """The type of a label, or the default one; raises `InvalidCall` naming the labels there are."""
    kinds = await link_kinds(client, source, target)
    wanted = label.casefold() if label else None
    for kind in kinds:
        if (kind.label.casefold() if kind.label else None) == wanted:
            return kind.spec
    allowed = [kind.label for kind in kinds if kind.label]
    problem = (
        f"is no label between {source} and {target}" if label else f"{source} cannot be linked to {target}"
    )
    fields = [FieldProblem(path="label", problem=problem, allowed=allowed)]
    raise InvalidCall("invalid_arguments", f"label {problem}", fields=fields)


async def inputs_of(client: HubSpotClient, source: str, links: Sequence[LinkTo]) -> list[Json]:
    """The links of a record that is about to be created."""
    return [
        {"to": {"id": link.id}, "types": [await spec_of(client, source, link.object, link.label)]}
        for link in links
    ]


async def page_of_links(
    client: HubSpotClient, source: str, record_id: str, target: str, after: str | None
) -> tuple[list[Link], str | None]:
    """One page of a record's links as HubSpot cuts it, and where it goes on."""
    wanted: Json = {"id": record_id} if after is None else {"id": record_id, "after": after}
    answer = await client.read(
        dated("crm/associations", source, target, "batch", "read"), {"inputs": [wanted]}
    )
    for result in answer["results"]:
        return [_link(target, raw) for raw in result["to"]], _after(result)
    return [], None


async def links_of(client: HubSpotClient, source: str, ids: Sequence[str], target: str) -> dict[str, Linked]:
    """All links of several records; each record's own pages are followed, up to `LINKS`."""
    found = {record_id: Linked() for record_id in ids}
    path = dated("crm/associations", source, target, "batch", "read")
    pending: list[Json] = [{"id": record_id} for record_id in found]
    for _ in range(ROUNDS):
        if not pending:
            break
        answer = await client.read(path, {"inputs": pending})
        pending = []
        for result in answer["results"]:
            record_id = str(result["from"]["id"])
            linked = found.setdefault(record_id, Linked())
            linked.links += [_link(target, raw) for raw in result["to"]]
            after = _after(result)
            if after is not None and len(linked.links) < LINKS:
                pending.append({"id": record_id, "after": after})
            linked.is_cut = len(linked.links) > LINKS or after is not None
            del linked.links[LINKS:]
    return found


async def link(
    client: HubSpotClient,
    ends: tuple[str, str],
    pairs: Sequence[tuple[str, str]],
    *,
    label: str | None,
    key: str | None,
) -> list[Written]:
    """Link records of two objects; a link that exists stays."""
    source, target = ends
    inputs: list[Json] = [{"from": {"id": one}, "to": {"id": other}} for one, other in pairs]
    if label is None:
        path = dated("crm/associations", source, target, "batch", "associate", "default")
    else:
        path = dated("crm/associations", source, target, "batch", "create")
        spec = await spec_of(client, source, target, label)
        inputs = [each | {"types": [spec]} for each in inputs]
    answer = await client.write(path, {"inputs": inputs}, key=key)
    made = {_ends(result) for result in answer.get("results", [])}
    # The default answers with both directions of each link.
    made |= {(other, one) for one, other in made}
    errors = {_ends(raw.get("context") or {}): read_error(raw).trouble for raw in answer.get("errors", [])}
    return [_written(index, pair, made, errors) for index, pair in enumerate(pairs)]


async def unlink(
    client: HubSpotClient,
    ends: tuple[str, str],
    pairs: Sequence[tuple[str, str]],
    *,
    label: str | None,
    key: str | None,
) -> list[Written]:
    """Remove links, or only their label; HubSpot does not say which were there."""
    source, target = ends
    if label is None:
        path = dated("crm/associations", source, target, "batch", "archive")
        inputs: list[Json] = [{"from": {"id": one}, "to": [{"id": other}]} for one, other in pairs]
    else:
        path = dated("crm/associations", source, target, "batch", "labels", "archive")
        spec = await spec_of(client, source, target, label)
        inputs = [{"from": {"id": one}, "to": {"id": other}, "types": [spec]} for one, other in pairs]
    await client.write(path, {"inputs": inputs}, key=key)
    return [Written(index=index, status="ok", id=other) for index, (_, other) in enumerate(pairs)]


def _written(
    index: int,
    pair: tuple[str, str],
    made: set[tuple[str, str]],
    errors: dict[tuple[str, str], Trouble],
) -> Written:
    if pair in made:
        return Written(index=index, status="ok", id=pair[1])
    told = Trouble(code="not_found", message="HubSpot did not link these two; one of them may not exist")
    trouble = errors.get(pair) or next(iter(errors.values()), told)
    return Written(index=index, status="failed", id=pair[1], error=trouble)


def _ends(raw: Json) -> tuple[str, str]:
    """The two ids of a result or of the context of an error, in any of HubSpot's forms."""

    def end(name: str) -> str:
        value: Any = raw.get(name) or raw.get(f"{name}ObjectId")
        if isinstance(value, dict):
            value = value.get("id")
        if isinstance(value, list):
            value = value[0] if value else None
        return str(value)

    return end("from"), end("to")


def _link(target: str, raw: Json) -> Link:
    labels = [clean_line(kind["label"]) for kind in raw["associationTypes"] if kind.get("label")]
    return Link(id=str(raw["toObjectId"]), object=target, labels=labels or None)


def _after(result: Json) -> str | None:
    after = ((result.get("paging") or {}).get("next") or {}).get("after")
    return None if after is None else str(after)
