"""Where requests come in, and which secrets hold there at which time."""

from __future__ import annotations

from datetime import timedelta

import pytest

from support.receiving import SECRET, receiving, refund, said, settings_of, stripe_signature
from wirepost.core.errors import ConfigError
from wirepost.events.endpoints import SANDBOX, path_of
from wirepost.webhooks.webhook import Secret

RANDOM = "3f9a1c0d7be2486fa05d91cc"


def made(database, clock, directory, **options):
    return receiving(database, clock, settings_of(directory, {"stripe": {"default": options}}))


async def test_an_endpoint_is_found_by_its_path(database, clock, tmp_path):
    settings = settings_of(tmp_path, {"stripe": {"default": {}, RANDOM: {"verify": False}}})
    there = receiving(database, clock, settings)
    assert there.receiver.find("stripe").url == "https://hooks.example.com/webhooks/stripe"
    assert there.receiver.find("stripe", RANDOM).url.endswith(f"/webhooks/stripe/{RANDOM}")
    assert there.receiver.find("stripe", RANDOM[:-1]) is None
    assert there.receiver.find("other") is None
    assert len(there.receiver.endpoints.all()) == 2
    assert path_of("a", "b") == "/webhooks/a/b"


def test_an_open_endpoint_needs_a_name_that_nobody_guesses(clock, tmp_path):
    with pytest.raises(ConfigError, match="nobody guesses"):
        receiving(None, clock, settings_of(tmp_path, {"stripe": {"default": {"verify": False}}}))


async def test_old_and_new_secrets_hold_during_a_rotation_and_none_after(database, clock, tmp_path):
    """12.4.03b: told by the label which one fitted."""
    old, new = "whsec_old_secret_1234", "whsec_new_secret_5678"
    for name, value in (("old", old), ("new", new)):
        (tmp_path / name).touch(mode=0o600)
        (tmp_path / name).write_text(value)
    secrets = [
        {"secret": f"file:{tmp_path / 'new'}", "label": "new"},
        {"secret": f"file:{tmp_path / 'old'}", "label": "old", "not_after": "2026-11-25T11:00:00Z"},
    ]
    there = made(database, clock, tmp_path, secrets=secrets)

    async def send(number, *with_secrets):
        body = refund(number)
        signature = stripe_signature(body, clock.now().timestamp(), *with_secrets)
        return (await there.send(body, {"stripe-signature": signature})).status

    assert [await send(1, old), await send(2, new), await send(3, "whsec_other", old)] == [200, 200, 200]
    assert await send(4, "whsec_neither_of_them") == 401
    receipts = [row[0] for row in await there.rows("receipt")]
    assert ['"secret":"old"' in each for each in receipts] == [True, False, True]
    clock.advance(3600)
    assert [await send(5, old), await send(6, new)] == [401, 200]


async def test_a_secret_holds_from_its_time_on(database, clock, tmp_path):
    for name in ("now", "next"):
        (tmp_path / name).touch(mode=0o600)
        (tmp_path / name).write_text(f"whsec_{name}_secret_1234")
    begins = (clock.now() + timedelta(seconds=5)).isoformat()
    secrets = [
        {"secret": f"file:{tmp_path / 'next'}", "label": "next", "not_before": begins},
        f"file:{tmp_path / 'now'}",
    ]
    endpoint = made(database, clock, tmp_path, secrets=secrets).endpoint()
    assert [each.label for each in (await endpoint.terms()).secrets] == ["2"]
    clock.advance(5)
    assert [each.label for each in (await endpoint.terms()).secrets] == ["next", "2"]


async def test_a_secret_that_was_just_replaced_is_looked_up_again_when_one_does_not_fit(
    database, clock, tmp_path
):
    there = made(database, clock, tmp_path)
    await there.send(refund(1))
    (tmp_path / "secret-stripe").write_text("whsec_the_replacement_99")
    body = refund(2)
    signature = stripe_signature(body, clock.now().timestamp(), "whsec_the_replacement_99")
    assert (await there.send(body, {"stripe-signature": signature})).status == 200


async def test_stored_secrets_are_sealed_come_first_newest_and_hold(database, clock, tmp_path):
    there = made(database, clock, tmp_path, secrets=[])
    for number in range(7):
        await there.stored.add("stripe", "default", Secret(f"{SECRET}{number}", f"{number}"))
    await there.stored.add("stripe", "default", Secret(f"{SECRET}6", "again"))
    terms = await there.endpoint().terms()
    assert [each.label for each in terms.secrets] == ["6", "5", "4", "3", "2"]
    assert SECRET not in str(await database.read("SELECT secrets FROM endpoints LIMIT 1"))
    body = refund(1)
    signature = stripe_signature(body, clock.now().timestamp(), f"{SECRET}4")
    assert (await there.send(body, {"stripe-signature": signature})).status == 200


async def test_what_a_sandbox_signed_with_proves_nothing_of_a_real_account(database, clock, tmp_path):
    there = made(database, clock, tmp_path, secrets=[])
    endpoint = there.endpoint()
    assert endpoint.label(clock.now()) == "2026-11-25"
    await there.stored.add("stripe", "default", Secret(f"{SECRET}0", SANDBOX))
    await there.stored.add("stripe", "default", Secret(f"{SECRET}1", "2026-11-25"))
    body = refund(1)
    signature = stripe_signature(body, clock.now().timestamp(), f"{SECRET}0")
    assert (await there.send(body, {"stripe-signature": signature})).status == 401
    endpoint.environment = SANDBOX
    endpoint.forget()
    assert endpoint.label(clock.now()) == SANDBOX
    assert (await there.send(body, {"stripe-signature": signature})).status == 200


async def test_without_its_secret_the_sender_is_told_to_come_again(database, clock, tmp_path):
    there = made(database, clock, tmp_path)
    (tmp_path / "secret-stripe").unlink()
    reply = await there.send(refund())
    assert (reply.status, said(reply)) == (503, {"status": "not_stored"})
    assert int(reply.headers["Retry-After"]) >= 1


def test_who_signs_for_everybody_is_believed_about_named_accounts_only(clock, tmp_path):
    """Whoever has an account of AWS can have SNS sign and send what they like, to any address."""
    with pytest.raises(ConfigError, match="has to be named") as refused:
        receiving(None, clock, settings_of(tmp_path, {"stripe": {"default": {"sender": "aws_sns"}}}))
    assert refused.value.key == "connections.stripe.webhooks.default.accounts"
    named = {"sender": "aws_sns", "accounts": ["arn:aws:sns:eu-west-1:123456789012:refunds"]}
    receiving(None, clock, settings_of(tmp_path, {"stripe": {"default": named}}))


def test_addresses_that_nobody_publishes_cannot_be_asked_for(clock, tmp_path):
    options = {"sender": "zoom", "allow_from": ["published"]}
    with pytest.raises(ConfigError, match="publishes no addresses"):
        receiving(None, clock, settings_of(tmp_path, {"stripe": {"default": options}}))
