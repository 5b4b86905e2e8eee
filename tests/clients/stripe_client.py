"""Stripe's own library as a client: makes the calls of the plan in its one argument, prints the answers.

Runs in an environment of its own, see `support/clients.py` for the form of the plan.
"""

from __future__ import annotations

import json
import sys
from typing import Any

from stripe import StripeClient, StripeError


def call(client: StripeClient, path: str, arguments: list[Any], options: dict[str, str]) -> dict[str, Any]:
    """One call such as `refunds.create`; a vendor's error is an answer too."""
    target: Any = client.v1
    for name in path.split("."):
        target = getattr(target, name)
    try:
        return {"answer": target(*arguments, options=options).to_dict()}
    except StripeError as error:
        body = error.error.to_dict() if error.error else {}
        return {"status": error.http_status, "kind": type(error).__name__, "error": body}


plan = json.loads(sys.argv[1])
client = StripeClient(plan["key"], base_addresses={"api": plan["base"]}, max_network_retries=0)
results = [call(client, step["call"], step["arguments"], step["options"]) for step in plan["calls"]]
print(json.dumps(results, default=str))
