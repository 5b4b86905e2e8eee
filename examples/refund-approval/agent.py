"""Ask for a refund, wait for a person's word, and say what became of it: `python agent.py`."""

from __future__ import annotations

import asyncio
import os
import secrets
import sys
from typing import Any

from mcp import Client, StdioServerParameters

SERVER = StdioServerParameters(command=sys.executable, args=["-m", "wirepost", "mcp"], env=dict(os.environ))
ENDED = {"succeeded", "partial", "failed", "cancelled", "expired"}


async def call(client: Client, tool: str, **arguments: Any) -> dict[str, Any]:
    """What a tool answers; errors are answers, too."""
    return dict((await client.call_tool(tool, arguments)).structured_content or {})


async def main() -> None:
    """The whole story."""
    async with Client(SERVER, read_timeout_seconds=60) as client:
        customers = (await call(client, "stripe_find_customers", query="Hansen"))["data"]["records"]
        payments = await call(client, "stripe_list_payments", customer=customers[0]["id"], status="succeeded")
        payment = payments["data"]["records"][0]

        refund = {"payment": payment["id"], "amount": "1.00", "currency": payment["currency"]}
        intent = (
            f"approved-{secrets.token_hex(4)}"  # names this action; the same name again is the same action
        )
        refused = (await call(client, "stripe_create_refund", **refund, intent=intent))["error"]
        print(f"{refused['code']}: {refused['plan']['plan']}", flush=True)

        # The call is not repeated: once it is approved, the server carries it out.
        status = "waiting_approval"
        while status not in ENDED:
            waited = await call(client, "job_get", job=refused["approval"], wait_s=25)
            status = waited["data"]["status"]
        print(f"the approval has {status}", flush=True)

        if status == "succeeded":
            result = await call(client, "job_get_result", job=refused["approval"])
            print(f"refunded: {result['data']['records'][0]['row']['id']}")


if __name__ == "__main__":
    asyncio.run(main())
