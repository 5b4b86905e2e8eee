"""The webhook of an endpoint at its provider: what is missing is made, what is there is repaired or kept."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import pytest

from support.receiving import SECRET, load, receiving, settings_of
from wirepost.core.errors import ConfigError, InvalidCall, Rejected
from wirepost.events.setup import WebhookSetup
from wirepost.webhooks.manage import Hook, Management, unsupported
from wirepost.webhooks.webhook import Secret

URL = "https://hooks.example.com/webhooks/stripe"
TYPES = ["charge.refunded", "invoice.paid"]


@dataclass
class Account:
    """What a vendor has: hooks by place, and which secret it signs with for each."""

    keyed_by: str = "provider"
    hooks: dict[str, list[Hook]] = field(default_factory=dict)
    secrets: dict[str, str] = field(default_factory=dict)
    calls: list[str] = field(default_factory=list)
    made: int = 0


class Vendor(Management):
    """A vendor's API over an account."""

    def __init__(self, account, place=""):
        self.account, self.place, self.keyed_by = account, place, account.keyed_by

    def at(self, place):
        if place == "nowhere":
            raise unsupported("There is no such place")
        return Vendor(self.account, place)

    async def hooks(self):
        return list(self.account.hooks.get(self.place, []))

    async def create(self, url, types, secret):
        self.account.calls.append("create")
        self.account.made += 1
        hook = Hook(f"we_{self.account.made}", url, list(types))
        theirs = f"whsec_theirs_{self.account.made}" if self.account.keyed_by == "provider" else None
        self.account.secrets[hook.id] = theirs or secret or "of the app"
        self.account.hooks.setdefault(self.place, []).append(hook)
        return replace(hook, secret=theirs)

    async def repair(self, hook, types, secret):
        self.account.calls.append("repair")
        mended = replace(hook, types=list(types), is_active=True)
        if secret:
            self.account.secrets[hook.id] = secret
        others = [each for each in self.account.hooks[self.place] if each.id != hook.id]
        self.account.hooks[self.place] = [*others, mended]
        return mended

    async def remove(self, hook):
        self.account.calls.append("remove")
        self.account.hooks[self.place] = [each for each in await self.hooks() if each.id != hook.id]


class Shared:
    """The connection's shared account, whose client is the vendor's account itself."""

    def __init__(self, account):
        self.account, self.shared = account, self

    def client(self, scope):
        assert scope.before_write is not None
        return self.account


@pytest.fixture
def office(database, clock, tmp_path):
    """Makes a setup of an endpoint of Stripe over an account; notes of what was changed come with it."""

    def make(account, *, secrets=(), address="https://hooks.example.com", **options):
        def with_account(provider, sender):
            return replace(load(provider, sender), manage=Vendor)

        given = {} if secrets else {"secrets": []}
        settings = settings_of(tmp_path, {"stripe": {"default": {**given, **options}}})
        there = receiving(database, clock, settings, load=with_account, address=address)
        endpoint = there.endpoint("stripe")
        noted = []

        async def note(deed, place, hook):
            noted.append((deed, place, hook.id))

        return WebhookSetup(endpoint, Shared(account), there.stored, clock, note), endpoint, noted

    return make


async def believed(endpoint):
    return [each.value for each in (await endpoint.terms()).secrets]


async def test_a_missing_webhook_is_made_and_its_secret_is_believed(office):
    account = Account()
    setup, endpoint, noted = office(account)
    (done,) = await setup.set_up(TYPES)
    assert (done.deed, done.place, done.hook.id) == ("created", "", "we_1")
    assert account.hooks[""][0].types == TYPES
    assert await believed(endpoint) == ["whsec_theirs_1"]
    assert noted == [("created", "", "we_1")]
    (again,) = await setup.set_up(TYPES)
    assert (again.deed, account.calls) == ("unchanged", ["create"])
    assert noted == [("created", "", "we_1")]


async def test_one_whose_secret_nobody_knows_is_replaced(office):
    account = Account(hooks={"": [Hook("we_0", URL, TYPES)]})
    setup, endpoint, _ = office(account)
    (done,) = await setup.set_up(TYPES)
    assert done.deed == "replaced"
    assert account.calls == ["create", "remove"], "there is always one that works"
    assert [each.id for each in account.hooks[""]] == ["we_1"]
    assert await believed(endpoint) == ["whsec_theirs_1"]


@pytest.mark.parametrize("hook", [Hook("we_0", URL, TYPES, is_active=False), Hook("we_0", URL, TYPES[:1])])
async def test_one_that_is_not_right_is_repaired_with_its_secret(office, hook):
    account = Account(hooks={"": [hook]})
    setup, endpoint, _ = office(account, secrets=[SECRET])
    (done,) = await setup.set_up(TYPES)
    assert (done.deed, done.hook.types, done.hook.is_active) == ("repaired", TYPES, True)
    assert (account.calls, await believed(endpoint)) == (["repair"], [SECRET])


async def test_webhooks_that_lead_elsewhere_are_left_alone(office):
    other = Hook("we_0", "https://else.example.com", [])
    account = Account(hooks={"": [other]})
    setup, _, _ = office(account)
    await setup.set_up(TYPES)
    assert account.hooks[""][0] == other
    (found,) = await setup.look()
    assert ([each.id for each in found.ours], found.others) == (["we_1"], 1)


async def test_a_sender_that_is_told_the_secret_gets_one_that_is_kept_first(office):
    account = Account(keyed_by="us")
    setup, endpoint, _ = office(account, places=["acme/shop", "acme/blog"])
    done = await setup.set_up(TYPES)
    assert [(each.deed, each.place) for each in done] == [("created", "acme/shop"), ("created", "acme/blog")]
    (secret,) = await believed(endpoint)
    assert secret.startswith("whsec_")
    assert set(account.secrets.values()) == {secret}


async def test_a_place_that_cannot_be_is_refused(office):
    setup, _, _ = office(Account(), places=["nowhere"])
    with pytest.raises(InvalidCall, match="no such place"):
        await setup.look()


async def test_rotation_believes_both_until_the_old_one_is_forgotten(office, clock):
    account = Account(keyed_by="us")
    setup, endpoint, noted = office(account)
    await setup.set_up(TYPES)
    (first,) = await believed(endpoint)
    clock.advance(86_400)
    (done,) = await setup.rotate()
    newest, oldest = await believed(endpoint)
    assert (done.deed, oldest, account.secrets[done.hook.id]) == ("rotated", first, newest)
    assert noted[-1] == ("rotated", "", done.hook.id)
    assert await setup.forget_old() == 1
    endpoint.forget()
    assert await believed(endpoint) == [newest]
    assert await setup.forget_old() == 0


async def test_rotation_at_a_provider_that_makes_secrets_makes_another_webhook(office, clock):
    account = Account()
    setup, endpoint, _ = office(account)
    await setup.set_up(TYPES)
    clock.advance(86_400)
    (done,) = await setup.rotate()
    assert [each.id for each in account.hooks[""]] == [done.hook.id] == ["we_2"]
    assert account.hooks[""][0].types == TYPES
    assert await believed(endpoint) == ["whsec_theirs_2", "whsec_theirs_1"]


async def test_the_secret_of_an_app_is_not_rotated_here(office):
    setup, _, _ = office(Account(keyed_by="app"))
    with pytest.raises(InvalidCall, match="secret of the app") as refused:
        await setup.rotate()
    assert refused.value.code == "unsupported_by_provider"


async def test_nothing_is_rotated_where_nothing_is_set_up(office):
    setup, _, _ = office(Account())
    with pytest.raises(Rejected, match="No webhook of Stripe leads to") as refused:
        await setup.rotate()
    assert refused.value.hint == "wirepost webhooks setup stripe"


async def test_without_a_public_address_nothing_is_made(office):
    account = Account()
    setup, _, _ = office(account, address=None)
    with pytest.raises(ConfigError, match=r"server\.url"):
        await setup.set_up(TYPES)
    assert account.calls == []


async def test_a_sender_without_an_api_is_told_apart(database, clock, tmp_path):
    settings = settings_of(tmp_path, {"stripe": {"default": {"sender": "zoom"}}})
    there = receiving(database, clock, settings)

    async def note(*_):
        raise AssertionError("nothing is changed")

    setup = WebhookSetup(there.endpoint("stripe"), Shared(Account()), there.stored, clock, note)
    assert not setup.can_be_managed
    with pytest.raises(InvalidCall, match="Zoom has no API for webhooks") as refused:
        await setup.set_up(TYPES)
    assert refused.value.code == "unsupported_by_provider"


def test_a_secret_is_not_shown():
    assert "whsec" not in repr(Secret("whsec_x", "today"))
