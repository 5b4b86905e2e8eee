"""`wirepost sandbox reviews`: what customers of the imaginary shop wrote, with what it means."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from wirepost.cli import rows
from wirepost.cli.options import Json
from wirepost.cli.output import print_json, print_note, print_table

if TYPE_CHECKING:
    from wirepost.sandbox.world import World

LABELS = ("sentiment", "category", "urgency", "language", "manner")
"""What is known of a review, and what an analysis has to find out."""


def reviews(
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="New file, as wirepost files put takes it.")
    ] = None,
    *,
    form: Annotated[rows.Form | None, typer.Option("--format", show_default="by the file's name")] = None,
    labels: Annotated[bool, typer.Option(help="With what is known of their meaning.")] = True,
    limit: Annotated[int, typer.Option(min=1, max=800, help="How many, the oldest first.")] = 800,
    as_json: Json = False,
) -> None:
    """List 800 reviews of the sandbox shop, or write them to a file; needs no server."""
    from wirepost.core.clock import Clock
    from wirepost.sandbox.world import World

    found = facts(World.build(Clock().now()), with_labels=labels)[:limit]
    if output is not None:
        _write(output, form or rows.form_of(output), found)
        print_note(f"{output}: {len(found)} rows")
    elif as_json:
        print_json(found)
    else:
        columns = tuple(name for name in found[0] if name not in {"order", "created_at", "manner"})
        print_table(columns, [[row[name] for name in columns] for row in found])


def facts(world: World, *, with_labels: bool) -> list[dict[str, Any]]:
    """The reviews as rows."""
    products = {product.key: product.name for product in world.products}
    return [
        {
            "id": review.key,
            "customer": world.person[review.person].email,
            "product": products[review.product],
            "order": world.order[review.order].number,
            "stars": review.stars,
            "created_at": review.created_at.isoformat(),
            **({name: getattr(review, name) for name in LABELS} if with_labels else {}),
            "text": review.text,
        }
        for review in world.reviews
    ]


def _write(path: Path, form: rows.Form, found: list[dict[str, Any]]) -> None:
    with rows.new_file(path) as file:
        if form == "jsonl":
            file.writelines(rows.in_json(row) for row in found)
        else:
            file.writelines(asyncio.run(_csv(found)))


async def _csv(found: list[dict[str, Any]]) -> list[bytes]:
    async def each() -> AsyncIterator[Mapping[str, Any]]:
        for row in found:
            yield row

    return [line async for line in rows.in_csv(each(), list(found[0]))]
