"""Wait for refunds and acknowledge them: `python agent.py [HOW MANY]`, beside a running server."""

from __future__ import annotations

import asyncio
import os
import sys
from typing import Any

from mcp import Client, StdioServerParameters

SERVER = StdioServerParameters(command=sys.executable, args=["-m", "wirepost", "mcp"], env=dict(os.environ))


async def call(client: Client, tool: str, **arguments: Any) -> dict[str, Any]:
    """What a tool answers; raises `RuntimeError` with what it says is wrong."""
    answer = dict((await client.call_tool(tool, arguments)).structured_content or {})
    if "error" in answer:
        raise RuntimeError(answer["error"]["message"])
    return dict(answer["data"])


async def main(wanted: int) -> None:
    """Handle so many events; what is not acknowledged when this ends comes again."""
    seen: set[str] = set()
    async with Client(SERVER, read_timeout_seconds=60) as client:
        while len(seen) < wanted:
            # Returns at once when something is there; after 25 s without anything it is simply asked again.
            waited = await call(client, "event_wait", subscription="refunds", wait_s=25)
            for event in waited["events"]:
                if event["id"] not in seen:  # whoever was too slow gets an event again, with the same id
                    print(f"{event['summary']} (attempt {event['attempt']})", flush=True)
                    seen.add(event["id"])
                await call(client, "event_ack", subscription="refunds", events=[event["id"]])


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]) if len(sys.argv) > 1 else 1))
