"""`wirepost events send`: signed as the provider signs, brought to the server that runs."""

from __future__ import annotations

import json

import pytest

from support.operating import shop
from support.receiving import stripe_signature

SANDBOXES = """\
connections:
  play: {provider: stripe, environment: sandbox}
  chat: {provider: slack, environment: sandbox}
"""


def test_the_request_is_what_the_provider_would_send(cli, home, configure):
    configure(shop(home))
    made = cli(
        "events", "send", "charge.refunded", "--dry-run", "--json", "--set", "data.object.amount=77"
    ).json
    assert (made["method"], made["url"]) == ("POST", "http://127.0.0.1/webhooks/shop")
    body = json.loads(made["body"])
    assert (body["type"], body["data"]["object"]["amount"]) == ("charge.refunded", 77)
    signature = made["headers"]["stripe-signature"]
    at = int(signature.partition(",")[0].removeprefix("t="))
    assert signature == stripe_signature(made["body"].encode(), at)
    text = cli("events", "send", "payment.refunded", "--dry-run").out
    assert text.startswith("POST http://127.0.0.1/webhooks/shop\n")
    assert json.loads(text.partition("\n\n")[2])["type"] == "charge.refunded"


def test_without_a_server_it_says_so(cli, home, configure):
    configure(shop(home))
    result = cli("events", "send", "payment.refunded")
    assert (result.code, result.out) == (2, "")
    assert result.err == (
        "error: no server runs here that could receive it (start one with wirepost serve)\n"
    )


@pytest.mark.parametrize(
    ("arguments", "problem", "hint"),
    [
        (["nope"], "no connection receives 'nope'", "payment.refunded"),
        (["nope", "--connection", "play"], "there is no example of 'nope'", "charge.refunded"),
        ([], "several connections could receive it", "play, chat"),
        (["message.posted", "--connection", "shop"], "there is no connection 'shop'", "play, chat"),
        (["payment.refunded", "--set", "amount"], "'amount' is no change", "path=value"),
        (["payment.refunded", "--set", "no.such.path=1"], "no.such.path", ""),
        (["payment.refunded"], "play has no secret yet to sign with", "wirepost serve"),
    ],
)
def test_what_cannot_be_sent_is_said_with_what_can(cli, configure, arguments, problem, hint):
    configure(SANDBOXES)
    result = cli("events", "send", "--dry-run", *arguments)
    assert (result.code, result.out) == (2, "")
    assert problem in result.err
    assert hint in result.err


@pytest.mark.slow
def test_the_running_server_stores_it_and_the_id_is_printed(cli, configure, request):
    configure(SANDBOXES)
    request.getfixturevalue("server")
    sent = cli("events", "send", "payment.refunded", "--set", "data.object.id=ch_of_mine", "--json").json
    assert (sent["status"], sent["answer"]["status"]) == (200, "stored")
    assert sent["events"] == [sent["answer"]["id"]]
    shown = cli("events", "show", sent["events"][0], "--json").json["event"]
    assert (shown["type"], shown["subject"], shown["verified"]) == (
        "payment.refunded",
        "charge/ch_of_mine",
        "signature",
    )
    chat = cli("events", "send", "message.mentioned")
    assert chat.out.splitlines()[0] == "200"
    assert cli("events", "show", chat.out.splitlines()[1], "--json").json["event"]["source"] == "chat"
    assert [each["id"] for each in cli("events", "list", "--json").json] == [
        chat.out.splitlines()[1],
        *sent["events"],
    ]


@pytest.mark.slow
def test_production_is_asked_about_and_a_refusal_fails(cli, home, configure, request):
    (home / "secret").touch(mode=0o600)
    (home / "secret").write_text("8f742231b10e8888abcd99yyyzzz85a5")
    webhook = f"{{secrets: ['file:{home}/secret'], allow_from: ['192.0.2.0/24']}}"
    configure(f"""\
connections:
  chat:
    provider: slack
    environment: production
    key: env:NO_TOKEN_IS_NEEDED_HERE
    webhooks: {{default: {webhook}}}
""")
    request.getfixturevalue("server")
    unsure = cli("events", "send", "message.mentioned", given="n\n")
    assert unsure.code == 1
    assert "chat is in production" in unsure.err
    refused = cli("events", "send", "message.mentioned", "--yes")
    assert (refused.code, refused.out.split()[0]) == (1, "403")
    assert cli("events", "list", "--json").json == []
