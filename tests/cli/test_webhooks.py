"""`wirepost webhooks`: set up at a described Stripe, by hand elsewhere, listed, verified, rotated."""

from __future__ import annotations

import copy

import pytest

from support.operating import KEY, operate, receive, shop
from support.receiving import SECRET, refund
from support.specmock_fixture import described
from wirepost.providers.stripe.webhook import WEBHOOK as STRIPE

URL = "https://hooks.example.com/webhooks/shop"
SERVER = """\
server: {{url: "https://hooks.example.com"}}
secrets: {{keys: ["file:{home}/ring"]}}
"""


@pytest.fixture
def written(home, configure):
    """Writes a configuration with a public address and these connections."""
    for name, content in (
        ("ring", "a" * 43 + "="),
        ("key", KEY),
        ("secret", SECRET),
        ("pat", "pat-eu1-" + "a1b2-" * 4),
    ):
        (home / name).touch(mode=0o600)
        (home / name).write_text(content)

    def write(connections):
        return configure(SERVER.format(home=home) + "connections:\n" + connections.format(home=home))

    return write


def stripe_at(base, more=""):
    return f"""\
  shop:
    provider: stripe
    environment: test
    key: file:{{home}}/key
    base_url: {base}
    webhooks: {{{{default: {{{{{more}}}}}}}}}
"""


HUBSPOT = """\
  crm:
    provider: hubspot
    environment: test
    key: file:{home}/pat
    webhooks: {{default: {{secrets: ["file:{home}/secret"]}}}}
"""
ZOOM = """\
  meet:
    provider: http
    environment: production
    base_url: https://api.zoom.us
    key: file:{home}/key
    webhooks: {{default: {{sender: zoom, secrets: ["file:{home}/secret"]}}}}
"""


def test_senders_are_listed(cli):
    listed = {each["sender"]: each["title"] for each in cli("webhooks", "senders", "--json").json}
    assert (listed["zoom"], listed["aws_sns"]) == ("Zoom", "Amazon SNS")
    assert "standard_webhooks" in cli("webhooks", "senders").out


def test_where_nothing_is_received_the_list_says_how_to_begin(cli, configure):
    configure("connections:\n  api: {provider: http, environment: test, base_url: http://127.0.0.1:9}\n")
    assert "webhooks: {default: {}}" in cli("webhooks", "list").err


def test_a_missing_address_is_told_before_a_provider_is_asked(cli, home, configure):
    configure(shop(home))
    for command in ("setup", "rotate"):
        result = cli("webhooks", command, "shop")
        assert (result.code, "server.url" in result.err) == (2, True)


def test_endpoints_are_listed_with_what_has_come(cli, home, configure):
    configure(
        shop(home, "").replace(
            "connections:\n", "connections:\n  play: {provider: stripe, environment: sandbox}\n"
        )
    )

    async def work(opened):
        await receive(opened, refund(1))
        await receive(opened, b"no json")

    operate(work)
    rows = {each["connection"]: each for each in cli("webhooks", "list", "--json").json}
    assert (rows["shop"]["events_24h"], rows["shop"]["dead"], rows["shop"]["secrets"]) == (1, 1, "1")
    assert rows["shop"]["last_event"] is not None
    assert (rows["play"]["events_24h"], rows["play"]["last_event"]) == (0, None)
    assert "/webhooks/shop" in cli("webhooks", "list").out


def test_a_list_says_what_protects_each_endpoint(cli, home, configure):
    more = "  sf: {provider: salesforce, environment: sandbox}\n"
    text = shop(home).replace("connections:\n", f"connections:\n{more}")
    name = "0f0e0d0c0b0a09080706050403020100"
    configure(text.replace("{default: {", f"{{{name}: {{verify: false, "))
    rows = {each["connection"]: each["secrets"] for each in cli("webhooks", "list", "--json").json}
    assert rows == {"shop": "NOT CHECKED", "sf": "its address"}


def test_a_webhook_is_made_at_stripe_and_its_secret_is_believed_from_then_on(cli, written, specmock_server):
    written(stripe_at(specmock_server.stripe))
    row = {**sample(), "id": "we_1", "url": URL, "enabled_events": sorted(STRIPE.types)}
    path = "/v1/webhook_endpoints"
    specmock_server.stub(method="GET", path=path, body=listing())
    specmock_server.stub(method="POST", path=path, body={**row, "secret": "whsec_made_by_stripe"})
    assert cli("webhooks", "list", "--json").json[0]["secrets"] == "none"
    made = cli("webhooks", "setup", "shop", "--json")
    assert made.json == [{"done": "created", "place": "", "id": "we_1", "url": URL}]
    (asked,) = specmock_server.requests(method="POST")
    assert asked["body"]["url"] == URL
    assert sorted(asked["body"]["enabled_events"]) == sorted(STRIPE.types)
    assert "whsec" not in made.out + cli("audit", "list", "--json").out
    assert cli("webhooks", "list", "--json").json[0]["secrets"] != "none"
    specmock_server.forget()
    specmock_server.stub(method="GET", path=path, body=listing(row))
    verified = cli("webhooks", "verify", "shop", "--json")
    assert verified.json["ok"], verified.out
    said = [each["what"] for each in verified.json["findings"]]
    assert any("signatures are believed and forged ones are not" in each for each in said)
    assert any("we_1 is active" in each for each in said)
    again = cli("webhooks", "setup", "shop")
    assert again.out.splitlines()[1].split() == ["unchanged", "we_1", URL]
    (record,) = cli("audit", "list", "--json").json
    assert (record["record"]["event"], record["record"]["hook"]) == ("webhook.created", "we_1")


def test_only_the_named_types_are_asked_for(cli, written, specmock_server):
    written(stripe_at(specmock_server.stripe))
    path = "/v1/webhook_endpoints"
    specmock_server.stub(method="GET", path=path, body=listing())
    specmock_server.stub(method="POST", path=path, body={**sample(), "url": URL, "secret": "whsec_x"})
    assert cli("webhooks", "setup", "shop", "--type", "charge.refunded").code == 0
    (asked,) = specmock_server.requests(method="POST")
    assert asked["body"]["enabled_events"] == ["charge.refunded"]


def test_a_secret_is_rotated_and_the_old_one_forgotten(cli, written, specmock_server):
    written(stripe_at(specmock_server.stripe))
    path = "/v1/webhook_endpoints"
    row = {**sample(), "id": "we_1", "url": URL}
    specmock_server.stub(method="GET", path=path, body=listing())
    specmock_server.stub(method="POST", path=path, body={**row, "secret": "whsec_first"})
    cli("webhooks", "setup", "shop")
    specmock_server.forget()
    specmock_server.stub(method="GET", path=path, body=listing(row))
    specmock_server.stub(method="POST", path=path, body={**row, "id": "we_2", "secret": "whsec_second"})
    rotated = cli("webhooks", "rotate", "shop", "--json")
    assert rotated.json == [{"done": "rotated", "place": "", "id": "we_2", "url": URL}]
    (gone,) = specmock_server.requests(method="DELETE")
    assert gone["path"].endswith("/we_1")
    assert "rotate shop --finish" in rotated.err
    assert cli("webhooks", "rotate", "shop", "--finish").err == "no longer believed: 1 old secrets\n"


def test_hubspot_without_an_app_shows_what_is_missing_and_the_steps(cli, written):
    written(HUBSPOT)
    result = cli("webhooks", "setup", "crm")
    assert (result.code, result.err) == (0, "")
    assert result.out.startswith("A webhook of HubSpot belongs to an app, and it is not said to which. ")
    assert "Put the id of the app under `places` of the webhook." in result.out
    assert "By hand:" in result.out
    assert "https://hooks.example.com/webhooks/crm as targetUrl" in result.out
    told = cli("webhooks", "setup", "crm", "--json").json
    assert (told["by_hand"], told["url"]) == (True, "https://hooks.example.com/webhooks/crm")
    assert "places" in told["hint"]
    assert "hs project upload" in told["steps"]


def test_a_sender_without_an_api_shows_the_steps(cli, written):
    written(ZOOM)
    result = cli("webhooks", "setup", "meet")
    assert result.code == 0
    assert result.out.startswith("Zoom has no API for webhooks. ")
    assert "https://hooks.example.com/webhooks/meet" in result.out
    rotated = cli("webhooks", "rotate", "meet")
    assert (rotated.code, "Zoom has no API for webhooks" in rotated.err) == (1, True)


def test_other_problems_of_a_setup_stay_errors(cli, written, specmock_server):
    written(stripe_at(specmock_server.stripe))
    refusal = {"error": {"type": "invalid_request_error", "message": "No such permission"}}
    specmock_server.stub(method="GET", path="/v1/webhook_endpoints", body=refusal, status=403)
    result = cli("webhooks", "setup", "shop")
    assert (result.code, result.out) == (1, "")


@pytest.mark.parametrize("command", ["setup", "rotate"])
def test_a_sandbox_needs_no_setup(cli, configure, command):
    configure("connections:\n  play: {provider: stripe, environment: sandbox}\n")
    result = cli("webhooks", command, "play")
    assert (result.code, result.out) == (0, "")
    assert "the server sends its webhooks by itself" in result.err


def test_an_endpoint_that_cannot_work_fails_its_check(cli, home, configure):
    configure(shop(home))
    result = cli("webhooks", "verify", "shop")
    assert result.code == 1
    assert "FAIL shop: no public address is set" in result.out
    assert cli("webhooks", "verify", "nope").code == 2


def sample():
    """A webhook endpoint as Stripe publishes it."""
    found = described("stripe")["stripe"].examples["webhook_endpoint"]
    return copy.deepcopy(found)


def listing(*rows):
    return {"object": "list", "url": "/v1/webhook_endpoints", "has_more": False, "data": list(rows)}
