"""What is known of a sender, with nothing secret in how it is shown."""

from __future__ import annotations

from support.signatures import terms_with
from wirepost.webhooks.schemes.hmacs import STRIPE
from wirepost.webhooks.webhook import POST, Actor, Item, Reading, Unmapped, Webhook

TOLD = [("1", "a"), ("1", "b"), ("1", None), (None, "a")]


def test_secrets_do_not_stand_in_what_is_logged() -> None:
    terms = terms_with("canary-1", token="canary-2")
    assert "canary" not in repr(terms) + repr(terms.secrets)


def test_a_sender_takes_posts_that_are_signed_within_five_minutes() -> None:
    webhook = Webhook("x", "X", STRIPE, lambda request, verified, terms: Reading(()))
    assert (webhook.methods, webhook.tolerance_s) == (POST, 300.0)
    assert webhook.accepted.status == 200


def test_an_event_of_which_little_is_known_claims_nothing() -> None:
    item = Item("x.y", "y", "Y happened")
    assert item.actor == Actor("unknown", None)
    assert (item.time, item.key, item.subject, item.account, item.environment) == (None,) * 5
    assert item.data is not Item("x.y", "y", "Y happened").data


def test_ids_of_several_accounts_do_not_meet() -> None:
    keys = [Item("x.y", "y", "Y", key=key, account=account).dedupe_key for key, account in TOLD]
    assert keys == ["a:1", "b:1", ":1", None]


def test_a_long_id_becomes_a_key_that_an_index_takes() -> None:
    """PostgreSQL takes entries of at most 2704 bytes."""
    keys = {
        str(Item("x.y", "y", "Y", key="\N{SNOWMAN}" * 1999 + end, account="b").dedupe_key) for end in "ab"
    }
    assert len(keys) == 2
    assert all(len(each.encode()) <= 1000 for each in keys)


def test_what_cannot_be_read_is_a_value_error() -> None:
    assert issubclass(Unmapped, ValueError)
