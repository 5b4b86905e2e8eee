"""Judge what is written about a customer and keep it in the CRM: `python agent.py [CONTACT]`."""

from __future__ import annotations

import asyncio
import os
import secrets
import sys
from collections import Counter
from datetime import UTC, datetime
from typing import Any

from mcp import Client, StdioServerParameters

SERVER = StdioServerParameters(command=sys.executable, args=["-m", "wirepost", "mcp"], env=dict(os.environ))
TEXTS = {"ticket": "content", "note": "hs_note_body"}
"""Where the text stands in the records that are linked to a contact."""
MOST = 20


class StageFailed(Exception):
    """A tool refused, or one of the things it was asked for did not succeed."""


async def call(client: Client, tool: str, **arguments: Any) -> dict[str, Any]:
    """What a tool answers; raises `StageFailed` with what it says is wrong."""
    answer = dict((await client.call_tool(tool, arguments)).structured_content or {})
    if "error" in answer:
        raise StageFailed(answer["error"]["message"])
    return dict(answer["data"])


async def fetch(client: Client, contact: str) -> list[str]:
    """The texts of the contact's tickets and notes."""
    found = await call(client, "crm_get_records", object="contact", ids=[contact])
    if found.get("missing"):
        raise StageFailed(f"there is no contact {contact}")
    texts: list[str] = []
    for kind, field in TEXTS.items():
        links = await call(client, "crm_list_links", object="contact", id=contact, to_object=kind, limit=MOST)
        ids = [each["id"] for each in links["records"]]
        if ids:
            linked = await call(client, "crm_get_records", object=kind, ids=ids, fields=[field])
            texts += [each["fields"][field] for each in linked["records"] if each["fields"].get(field)]
    return texts


async def analyse(client: Client, texts: list[str]) -> str:
    """How many texts are of which mood."""
    if not texts:
        return "nothing is written about this customer"
    judged = (await call(client, "ai_analyze_text", task="sentiment", items=texts))["items"]
    if any(each["status"] != "ok" for each in judged):
        raise StageFailed("not every text could be judged")
    moods = Counter(each["label"] for each in judged)
    return f"{len(texts)} texts: " + ", ".join(f"{count} {mood}" for mood, count in sorted(moods.items()))


async def write(client: Client, contact: str, **fields: str) -> None:
    """All fields in one update, so that the record never holds half of them."""
    changes = [{"name": name, "value": value} for name, value in fields.items()]
    done = await call(
        client,
        "crm_update_records",
        object="contact",
        records=[{"id": contact, "fields": changes}],
        intent=f"insights-{contact}-{secrets.token_hex(4)}",
    )
    if done["succeeded"] != 1:
        raise StageFailed(f"the CRM did not take the update: {done['results']}")


async def note_failure(client: Client, contact: str, stage: str) -> None:
    """Only the status: what an earlier run found stays, with the time when it was found."""
    try:
        await write(client, contact, analysis_status=f"failed: {stage}")
    except StageFailed as error:
        print(f"not even that could be written: {error}", flush=True)
        return
    print(f"written: failed: {stage}", flush=True)


async def main(contact: str) -> int:
    """The three stages; the exit code is 1 when one failed."""
    async with Client(SERVER, read_timeout_seconds=60) as client:
        stage = "fetch"
        try:
            texts = await fetch(client, contact)
            stage = "analyse"
            insights = await analyse(client, texts)
            print(insights, flush=True)
            stage = "write"
            now = datetime.now(UTC).isoformat(timespec="seconds")  # noqa: TID251 - a program of its own
            await write(client, contact, ai_insights=insights, last_analyzed=now, analysis_status="done")
        except StageFailed as error:
            print(f"failed: {stage}: {error}", flush=True)
            await note_failure(client, contact, stage)
            return 1
        print("written: done", flush=True)
        return 0


if __name__ == "__main__":
    sys.exit(asyncio.run(main(sys.argv[1] if len(sys.argv) > 1 else "100001")))
