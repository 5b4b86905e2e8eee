"""What commands about events work with: endpoints and subscriptions by name, and the record."""

from __future__ import annotations

import pytest

from support.operating import operate, shop
from wirepost.core.errors import ConfigError
from wirepost.events.filters import Filter
from wirepost.settings.events import SubscriptionSettings

MORE = """\
  dispute: {types: ["payment.dispute.*"]}
"""


@pytest.fixture
def project(home, configure):
    text = shop(home, MORE)
    two = f"sub: {{secrets: ['file:{home}/secret']}}, default: {{"
    return configure(text.replace("{default: {", f"{{{two}") + "")


def test_the_only_endpoint_need_not_be_named(home, configure):
    configure(shop(home))

    async def work(opened):
        return opened.endpoint("shop").name, opened.endpoint("shop", "default").source, opened.url

    assert operate(work) == ("default", "shop", None)


@pytest.mark.parametrize(
    ("connection", "name", "problem"),
    [
        ("shop", None, "shop has the endpoints sub, default"),
        ("shop", "other", "shop has the endpoints sub, default"),
        ("nope", None, "there is no connection 'nope'"),
    ],
)
def test_what_is_not_clear_is_said(project, connection, name, problem):
    async def work(opened):
        opened.endpoint(connection, name)

    with pytest.raises(ConfigError, match=problem):
        operate(work)


def test_a_connection_without_webhooks_is_told_how_to_get_one(configure, home):
    text = shop(home)
    configure("".join(f"{line}\n" for line in text.splitlines() if "webhooks:" not in line))

    async def work(opened):
        opened.endpoint("shop")

    with pytest.raises(ConfigError, match="shop has no webhook") as caught:
        operate(work)
    assert "wirepost webhooks setup shop" in str(caught.value.hint)


def test_subscriptions_are_found_by_name_and_id_whoever_owns_them(project):
    async def work(opened):
        mine = await opened.hub.subscriptions.put("me", "mine", Filter(), SubscriptionSettings())
        assert (await opened.subscription("mine")).id == mine.id
        assert (await opened.subscription(mine.id)).name == "mine"
        assert (await opened.subscription("refunds")).owner == "operator"
        with pytest.raises(ConfigError, match="there is no subscription 'x'") as caught:
            await opened.subscription("x")
        assert caught.value.hint == "there are: dispute, mine, refunds"
        await opened.hub.subscriptions.put("you", "mine", Filter(), SubscriptionSettings())
        with pytest.raises(ConfigError, match="several subscriptions are called 'mine'") as caught:
            await opened.subscription("mine")
        assert f"{mine.id} (me)" in str(caught.value.hint)

    operate(work)


def test_what_an_operator_does_goes_on_record(project, cli):
    async def work(opened):
        await opened.note("event.exported", events=3)

    operate(work)
    (entry,) = cli("audit", "list", "--json").json
    assert (entry["record"]["event"], entry["record"]["events"]) == ("event.exported", 3)
    assert cli("audit", "verify").code == 0
