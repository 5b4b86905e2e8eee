"""`wirepost demo`: a tour through a real client: from a customer's name to a refund, and to its event."""

from __future__ import annotations

import asyncio
import os
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from wirepost.cli.options import single_command
from wirepost.cli.output import FAILED, print_note

if TYPE_CHECKING:
    from mcp import Client

app = single_command()

CUSTOMER = "Hansen"
AMOUNT = "10.00"
ANSWER_S = 20.0
EVENT_S = 10
_SETTINGS = """\
connections:
  stripe-sandbox: {provider: stripe, environment: sandbox}
subscriptions:
  refunds: {types: [payment.refunded], exclude_self: false}
logging: {level: error}
"""


class Surprise(Exception):
    """Something was not as the tour promises."""


@app.command()
def demo(
    *, keep: Annotated[Path | None, typer.Option(help="Keep the data directory of the tour here.")] = None
) -> None:
    """Take a tour. It previews, confirms and repeats a refund, hears of it, and verifies the audit."""
    try:
        if keep is not None:
            keep.mkdir(parents=True, exist_ok=True)
            asyncio.run(_tour(keep))
        else:
            with tempfile.TemporaryDirectory(prefix="wirepost-demo-") as folder:
                asyncio.run(_tour(Path(folder)))
    except Surprise as surprise:
        print_note(f"\nThis should not have happened: {surprise}")
        raise typer.Exit(FAILED) from None
    typer.echo("\nThat was it. Start the server with `wirepost serve`, add a client with `wirepost install`.")


async def _tour(folder: Path) -> None:
    from mcp import Client, MCPError

    typer.echo("Everything here happens in a sandbox: an imitation of Stripe with the data of a small shop.")
    _title("A client connects over stdio")
    try:
        async with Client(_server(folder), read_timeout_seconds=ANSWER_S) as client:
            surprise = await _with_client(client)
    except ExceptionGroup as problems:
        if problems.subgroup(MCPError) is None:
            raise
        surprise = Surprise("the client cannot connect; what the server said about it stands above")
    if surprise:
        raise surprise
    await _audit(folder)


async def _with_client(client: Client) -> Surprise | None:
    """The part with a client; a surprise is handed over, as leaving the client by an error would wrap it."""
    from mcp import MCPError

    try:
        tools = (await client.list_tools()).tools
        _expect(bool(tools), "the server offers no tools")
        typer.echo(f"   {len(tools)} tools, the same list for every client")
        payment = await _find_payment(_Guide(client))
        await _refund(_Guide(client), payment)
        await _hear(_Guide(client), payment)
    except MCPError as error:
        return Surprise(f"the server answered: {error}")
    except Surprise as surprise:
        return surprise
    return None


def _server(folder: Path) -> Any:
    from mcp import StdioServerParameters

    config = folder / "wirepost.yaml"
    config.write_text(_SETTINGS, encoding="utf-8")
    start = [
        "-m",
        "wirepost",
        "mcp",
        "--in-process",
        "--config",
        str(config),
        "--data-dir",
        str(folder / "store"),
    ]
    # The person's own configuration must not find its way into the tour.
    environment = {name: value for name, value in os.environ.items() if not name.startswith("WIREPOST_")}
    return StdioServerParameters(command=sys.executable, args=start, env=environment)


class _Guide:
    """Calls tools and tells about it."""

    def __init__(self, client: Client) -> None:
        self._client = client

    async def call(self, name: str, **arguments: Any) -> dict[str, Any]:
        shown = " ".join(f"{key}={_short(value)}" for key, value in arguments.items())
        typer.echo(f"   > {name} {shown}")
        result = await self._client.call_tool(name, arguments)
        _expect(isinstance(result.structured_content, dict), f"{name} gave no structured answer")
        return dict(result.structured_content or {})

    async def get(self, name: str, **arguments: Any) -> dict[str, Any]:
        answer = await self.call(name, **arguments)
        _expect("data" in answer, f"{name} answered {answer.get('error')}")
        return answer


async def _find_payment(guide: _Guide) -> dict[str, Any]:
    _title("It finds a customer and a payment")
    found = await guide.get("stripe_find_customers", query=CUSTOMER, limit=5)
    for customer in found["data"]["records"]:
        paid = await guide.get("stripe_list_payments", customer=customer["id"], limit=20)
        for payment in paid["data"]["records"]:
            if is_refundable(payment):
                amount = f"{payment['amount']} {payment['currency'].upper()}"
                typer.echo(f"   {customer['name']} paid {amount} ({payment['id']})")
                return dict(payment)
    raise Surprise(f"no customer named {CUSTOMER} has paid enough")


def is_refundable(payment: dict[str, Any]) -> bool:
    """Whole, paid, undisputed, and large enough to refund a part."""
    is_whole = payment["amount_refunded_minor"] == 0 and not payment.get("is_disputed")
    is_enough = payment["currency"] in {"eur", "usd", "gbp"} and payment["amount_minor"] > 2 * 1000
    return payment["status"] == "succeeded" and is_whole and is_enough


async def _refund(guide: _Guide, payment: dict[str, Any]) -> None:
    wanted = {"payment": payment["id"], "amount": AMOUNT, "currency": payment["currency"]}
    wanted |= {"intent": "refund-for-the-tour"}

    _title("Money does not move without a plan that somebody accepted")
    refused = await guide.call("stripe_create_refund", **wanted)
    code = refused.get("error", {}).get("code")
    _expect(code == "confirmation_required", f"the refund was not held back: {code}")
    typer.echo(f"   refused: {refused['error']['message']}")

    _title("A preview says what would happen, and sends nothing")
    preview = (await guide.get("stripe_create_refund", mode="preview", **wanted))["data"]
    typer.echo(f"   {preview['plan']}")
    for effect in preview["effects"]:
        change = " → ".join(str(effect[side]) for side in ("before", "after") if effect.get(side) is not None)
        typer.echo(f"   - {effect['what']}: {change}" if change else f"   - {effect['what']}")

    _title("The confirmation of that plan carries it out")
    done = await guide.get("stripe_create_refund", confirmation=preview["confirmation"], **wanted)
    refund = done["data"]
    _expect(refund["amount"] == AMOUNT, f"{refund['amount']} was refunded, not {AMOUNT}")
    typer.echo(
        f"   refund {refund['id']}: {refund['amount']} {refund['currency'].upper()}, {refund['status']}"
    )

    _title("The same intent again gives the same refund, and pays nothing twice")
    again = await guide.get("stripe_create_refund", **wanted)
    _expect(again["data"]["id"] == refund["id"], "a second refund was made")
    _expect(again["meta"]["idempotency"]["replayed"] is True, "the repetition is not marked as replayed")
    listed = await guide.get("stripe_list_refunds", payment=payment["id"])
    _expect(len(listed["data"]["records"]) == 1, "the payment has more than one refund")
    typer.echo(f"   replayed: {again['data']['id']}; the payment has exactly one refund")


async def _hear(guide: _Guide, payment: dict[str, Any]) -> None:
    _title("Stripe tells of the refund: a signed webhook, stored before it is answered, waits for the agent")
    waited = await guide.get("event_wait", subscription="refunds", wait_s=EVENT_S)
    events = waited["data"]["events"]
    _expect(len(events) == 1, f"{len(events)} events came, not 1")
    event = events[0]
    _expect(event["data"]["payment"] == payment["id"], "the event is about another payment")
    typer.echo(f"   {event['summary']}")
    _expect(event["actor"]["kind"] == "self", "the event is not marked as caused by the call")
    typer.echo(f"   proven by its {event['verified']}, and marked as caused by a call of this server")
    acknowledged = await guide.get("event_ack", subscription="refunds", events=[event["id"]])
    _expect(acknowledged["data"]["pending"] == 0, "the event is still offered")
    typer.echo("   acknowledged: it is not offered again")


async def _audit(folder: Path) -> None:
    from wirepost.cli.audit import walk_chain
    from wirepost.settings import Settings

    _title("Every attempt is in the audit log, the refused one too, and the log proves itself")
    verdict = await walk_chain(Settings(data_dir=folder / "store"))
    _expect(verdict.is_whole, f"record {verdict.broken_at} {verdict.problem}")
    typer.echo(f"   {verdict.records} records, whole; newest hash {verdict.head[:16]}…")


def _expect(condition: bool, otherwise: str) -> None:  # noqa: FBT001 - reads as a sentence
    if not condition:
        raise Surprise(otherwise)


def _title(text: str) -> None:
    typer.echo(f"\n{text}")


def _short(value: Any) -> str:
    text = str(value)
    return text if len(text) <= 40 else f"{text[:24]}…"  # noqa: PLR2004 - fits a line
