"""Find a customer, preview a refund, confirm it, repeat it: `python client.py [URL of an MCP endpoint]`."""

from __future__ import annotations

import asyncio
import os
import secrets
import sys
from decimal import Decimal
from typing import Any

from mcp import Client, StdioServerParameters

AMOUNT = "6.00"


def server() -> StdioServerParameters | str:
    """The address from the command line, or a program that the client starts."""
    if len(sys.argv) > 1:
        return sys.argv[1]
    return StdioServerParameters(command=sys.executable, args=["-m", "wirepost", "mcp"], env=dict(os.environ))


async def call(client: Client, tool: str, **arguments: Any) -> dict[str, Any]:
    """What a tool answers; errors are answers, too."""
    result = await client.call_tool(tool, arguments)
    return dict(result.structured_content or {})


def is_enough(payment: dict[str, Any]) -> bool:
    """Whether the amount can still be refunded."""
    return Decimal(payment["amount"]) - Decimal(payment["amount_refunded"]) > Decimal(AMOUNT)


async def main() -> None:
    """The whole story."""
    async with Client(server(), read_timeout_seconds=30) as client:
        customers = (await call(client, "stripe_find_customers", query="Hansen"))["data"]["records"]
        payments = await call(client, "stripe_list_payments", customer=customers[0]["id"], status="succeeded")
        payment = next(each for each in payments["data"]["records"] if is_enough(each))
        print(f"{customers[0]['name']} paid {payment['amount']} {payment['currency']}")

        refund = {"payment": payment["id"], "amount": AMOUNT, "currency": payment["currency"]}
        intent = (
            f"quickstart-{secrets.token_hex(4)}"  # names this action; the same name again is the same action
        )
        refused = await call(client, "stripe_create_refund", **refund, intent=intent)
        print(f"without a confirmation: {refused['error']['code']}")

        plan = (await call(client, "stripe_create_refund", **refund, mode="preview"))["data"]
        print(f"the plan: {plan['plan']}")

        accepted = {**refund, "intent": intent, "confirmation": plan["confirmation"]}
        first = await call(client, "stripe_create_refund", **accepted)
        again = await call(client, "stripe_create_refund", **accepted)
        print(f"refunded: {first['data']['id']}")
        print(f"repeated: {again['data']['id']}, replayed: {again['meta']['idempotency']['replayed']}")


if __name__ == "__main__":
    asyncio.run(main())
