"""The same calls twice: to the sandbox, and to a server that refuses what Stripe does not describe."""

from __future__ import annotations

import copy
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from mcp import Client

from support.programs import serving
from support.specmock_fixture import SpecmockServer, described
from support.stand_in import client

pytestmark = pytest.mark.slow

ANNA = "anna.lindqvist@example.com"


@dataclass
class Journey:
    """What an agent does for a customer who wants part of her money back."""

    mcp: Client
    made: list[str] = field(default_factory=list)
    """Tools that were called, in order."""

    async def ok(self, name: str, **arguments: Any) -> dict[str, Any]:
        """Call a tool that must succeed; its envelope."""
        self.made.append(name)
        result = await self.mcp.call_tool(name, arguments)
        assert result.is_error is False, (name, result.structured_content)
        return result.structured_content

    async def rows(self, name: str, **arguments: Any) -> list[dict[str, Any]]:
        """The records of a list."""
        records: list[dict[str, Any]] = (await self.ok(name, **arguments))["data"]["records"]
        return records

    async def go(self) -> tuple[str, str]:
        """Find, read, preview, confirm, repeat, look around; the payment and its refund."""
        (customer,) = await self.rows("stripe_find_customers", email=ANNA)
        parts = ["subscriptions", "payment_methods", "open_invoices", "balance"]
        await self.ok("stripe_get_customer", customer=customer["id"], include=parts)
        payments = await self.rows("stripe_list_payments", customer=customer["id"])
        payment = next(
            each["id"]
            for each in payments
            if (each["status"], each["currency"], each["amount_refunded"]) == ("succeeded", "eur", "0.00")
            and not each["is_disputed"]
        )
        await self.ok("stripe_get_payment", payment=payment)
        refund = await self.refund(payment)
        assert refund in [each["id"] for each in await self.rows("stripe_list_refunds", payment=payment)]
        await self.rows("stripe_list_payments", status="succeeded", currency="eur", amount_min="10.00")
        await self.rows("stripe_list_invoices", customer=customer["id"])
        await self.rows("stripe_list_subscriptions", customer=customer["id"])
        await self.rows("stripe_list_disputes")
        await self.ok("stripe_get_balance")
        await self.ok(
            "stripe_save_customer", customer=customer["id"], description="refunded", intent="note-1"
        )
        return payment, refund

    async def refund(self, payment: str) -> str:
        """Preview, confirm, repeat: paid back once."""
        asked = {"payment": payment, "amount": "10.00", "currency": "eur", "intent": "refund-4711"}
        plan = (await self.ok("stripe_create_refund", **asked, mode="preview"))["data"]
        assert plan["reversible"] is False
        done = await self.ok("stripe_create_refund", **asked, confirmation=plan["confirmation"])
        again = await self.ok("stripe_create_refund", **asked)
        assert done["data"]["amount"] == "10.00"
        assert again["data"]["id"] == done["data"]["id"]
        assert again["meta"]["idempotency"] == {"intent": "refund-4711", "replayed": True}
        return str(done["data"]["id"])


def written(folder: Path, base_url: str, key: str) -> Path:
    """A configuration in which nothing but the address and the key is variable."""
    folder.mkdir()
    (folder / "key").write_text(key)
    (folder / "key").chmod(0o600)
    (folder / "wirepost.yaml").write_text(f"""
connections:
  shop:
    provider: stripe
    environment: test
    key: file:{folder}/key
    base_url: {base_url}
tools:
  preset:
  toolsets: [stripe]
""")
    return folder / "wirepost.yaml"


async def journey(config: Path) -> tuple[list[str], str, str]:
    """Serve a configuration and make the journey over MCP: tools called, payment, refund."""
    async with (
        serving(config.parent / "d", "--config", str(config)) as server,
        client(f"{server.url}/mcp", "auto") as mcp,
    ):
        agent = Journey(mcp)
        return (agent.made, *await agent.go())


def stub_a_paid_customer(server: SpecmockServer) -> None:
    """Published examples, joined: Anna paid 100 euro, of which nothing was refunded."""
    examples = copy.deepcopy(described("stripe")["stripe"].examples)
    customer = examples["customer"] | {"id": "cus_1", "email": ANNA, "livemode": False}
    charge = examples["charge"] | {
        "id": "ch_1",
        "amount": 10000,
        "amount_captured": 10000,
        "amount_refunded": 0,
        "captured": True,
        "currency": "eur",
        "disputed": False,
        "payment_intent": "pi_1",
        "status": "succeeded",
    }
    payment = examples["payment_intent"] | {
        "id": "pi_1",
        "amount": 10000,
        "amount_received": 10000,
        "currency": "eur",
        "customer": "cus_1",
        "last_payment_error": None,
        "latest_charge": charge,
        "status": "succeeded",
    }
    refund = examples["refund"] | {
        "id": "re_1",
        "amount": 1000,
        "charge": "ch_1",
        "currency": "eur",
        "payment_intent": "pi_1",
        "status": "succeeded",
    }

    def listing(path: str, row: dict[str, Any]) -> None:
        body = {"object": "list", "url": path, "has_more": False, "data": [row]}
        server.stub(method="GET", path=path, body=body)

    listing("/v1/customers", customer)
    listing("/v1/payment_intents", payment)
    listing("/v1/refunds", refund)
    server.stub(method="GET", path="/v1/customers/cus_1", body=customer)
    server.stub(method="GET", path="/v1/payment_intents/pi_1", body=payment)
    server.stub(method="POST", path="/v1/refunds", body=refund)


async def test_what_works_on_the_sandbox_breaks_no_rule_of_the_published_description(
    tmp_path: Path, specmock_server: SpecmockServer
) -> None:
    async with serving(tmp_path / "vendor") as vendor:
        sandbox = f"{vendor.url}/sandbox/stripe-sandbox"
        on_sandbox, _, _ = await journey(written(tmp_path / "one", sandbox, "sk_test_of_the_sandbox"))

    stub_a_paid_customer(specmock_server)
    config = written(tmp_path / "two", specmock_server.stripe, "sk_test_of_the_server")
    specified, payment, refund = await journey(config)

    assert specified == on_sandbox
    assert (payment, refund) == ("pi_1", "re_1")
    assert specmock_server.violations() == []
    arrived = specmock_server.requests()
    assert {each["headers"]["authorization"] for each in arrived} == {"Bearer sk_test_of_the_server"}
    (sent,) = [each for each in arrived if (each["method"], each["path"]) == ("POST", "/v1/refunds")]
    assert sent["headers"]["idempotency-key"]
    assert (sent["body"]["payment_intent"], sent["body"]["amount"]) == ("pi_1", 1000)
    read = {each["path"] for each in arrived if each["method"] == "GET"}
    assert read >= {
        "/v1/customers",
        "/v1/customers/cus_1",
        "/v1/payment_intents",
        "/v1/payment_intents/pi_1",
        "/v1/payment_intents/search",
        "/v1/refunds",
        "/v1/invoices",
        "/v1/subscriptions",
        "/v1/disputes",
        "/v1/balance",
    }
