"""A key is read late, checked against its environment, and never shown."""

from __future__ import annotations

from pathlib import Path

import pytest

from support.clock import ManualClock
from support.desktop import desktop
from wirepost.connections.credentials import Credential
from wirepost.core.errors import ConfigError, NotConnected
from wirepost.core.secret_refs import SecretRef
from wirepost.providers import load_provider
from wirepost.providers.stripe.sandbox import StripeSandbox
from wirepost.secrets.resolve import Secrets
from wirepost.settings import ConnectionSettings, SecretSettings

SECRET = "51Hx0verySecretPart"
KEYS = {"test": f"sk_test_{SECRET}", "production": f"rk_live_{SECRET}"}


def kept(directory: Path, value: str) -> SecretRef:
    file = directory / "key"
    file.write_text(value)
    file.chmod(0o600)
    return SecretRef(f"file:{file}")


def credential(environment: str, key: SecretRef | None = None) -> Credential:
    settings = ConnectionSettings(provider="stripe", environment=environment, key=key)
    provider = load_provider("stripe")
    secrets = Secrets(SecretSettings(), ManualClock())
    return Credential("shop", provider, provider.auth[0], settings, secrets=secrets)


@pytest.mark.parametrize("environment", KEYS)
async def test_a_key_of_its_environment_is_ready_and_sent_as_bearer(tmp_path, environment) -> None:
    key = credential(environment, kept(tmp_path, KEYS[environment]))
    assert key.check() is None
    assert (key.status, key.problem) == ("ready", None)
    assert await key.header() == f"Bearer {KEYS[environment]}"
    assert SECRET not in repr(key)


@pytest.mark.parametrize(
    ("declared", "value", "belongs"),
    [
        ("test", f"sk_live_{SECRET}", "production"),
        ("test", f"rk_live_{SECRET}", "production"),
        ("production", f"sk_test_{SECRET}", "test"),
        ("production", f"rk_test_{SECRET}", "test"),
    ],
)
def test_a_key_of_the_other_environment_is_refused_without_being_shown(
    tmp_path, declared, value, belongs
) -> None:
    key = credential(declared, kept(tmp_path, value))
    with pytest.raises(ConfigError, match=f"the key belongs to {belongs}") as refused:
        key.check()
    assert refused.value.key == "connections.shop.key"
    assert refused.value.hint
    assert key.status == "not_connected"
    assert SECRET not in f"{refused.value}{refused.value.hint}{key.problem}"


@pytest.mark.parametrize("value", [SECRET, f"pk_live_{SECRET}", f"sk_test_{SECRET} x", f"x sk_test_{SECRET}"])
def test_what_is_no_key_of_the_vendor_is_refused_without_being_shown(tmp_path, value) -> None:
    key = credential("test", kept(tmp_path, value))
    with pytest.raises(ConfigError, match="does not look like a Stripe key") as refused:
        key.check()
    assert "https://dashboard.stripe.com/apikeys" in (refused.value.hint or "")
    assert SECRET not in f"{refused.value}{key.problem}"


@pytest.mark.parametrize(
    ("reference", "said"),
    [
        (None, "no key is configured"),
        (SecretRef("env:WIREPOST_TEST_KEY_THAT_IS_NOT_SET"), "WIREPOST_TEST_KEY_THAT_IS_NOT_SET is not set"),
        (SecretRef("file:/nowhere/at/all"), "does not exist"),
    ],
)
async def test_a_missing_key_starts_but_does_not_connect(reference, said) -> None:
    key = credential("test", reference)
    assert said in (key.check() or "")
    assert (key.status, key.problem) == ("not_connected", key.check())
    with pytest.raises(NotConnected, match=said) as refused:
        await key.header()
    assert refused.value.code == "not_connected"
    assert "wirepost doctor" in (refused.value.hint or "")
    assert refused.value.detail == {"connection": "shop"}


async def test_a_key_is_read_once_until_the_provider_rejected_it(tmp_path) -> None:
    reference = kept(tmp_path, "sk_test_first")
    key = credential("test", reference)
    assert await key.header() == "Bearer sk_test_first"
    kept(tmp_path, "sk_test_second")
    assert await key.header() == "Bearer sk_test_first"
    key.forget(await key.header())
    assert await key.header() == "Bearer sk_test_second"


async def test_a_key_that_was_replaced_meanwhile_is_not_forgotten(tmp_path) -> None:
    """Two requests are refused with the old key; the second refusal comes after the first one's new key."""
    key = credential("test", kept(tmp_path, "sk_test_first"))
    old = await key.header()
    kept(tmp_path, "sk_test_second")
    key.forget(old)
    await key.header()
    kept(tmp_path, "sk_test_third")
    key.forget(old)
    assert await key.header() == "Bearer sk_test_second"


async def test_a_key_that_appears_later_is_used_without_a_restart(tmp_path) -> None:
    key = credential("test", SecretRef(f"file:{tmp_path / 'key'}"))
    with pytest.raises(NotConnected):
        await key.header()
    kept(tmp_path, KEYS["test"])
    assert await key.header() == f"Bearer {KEYS['test']}"


@pytest.mark.parametrize("is_known_before", [False, True])
async def test_a_key_of_the_other_environment_is_not_sent_when_it_appears_later(
    tmp_path, is_known_before
) -> None:
    """A live key on a test connection would move real money, whenever it comes."""
    reference = kept(tmp_path, KEYS["test"] if is_known_before else "")
    key = credential("test", reference)
    if is_known_before:
        assert await key.header()
        key.forget(await key.header())
    kept(tmp_path, KEYS["production"])
    with pytest.raises(NotConnected) as refused:
        await key.header()
    assert "belongs to production" in refused.value.message
    assert SECRET not in str(refused.value.payload())


async def test_a_sandbox_needs_no_key() -> None:
    key = credential("sandbox")
    assert key.check() is None
    assert await key.header() == f"Bearer {StripeSandbox.key}"


async def test_a_key_in_another_store_is_asked_for_when_it_is_needed() -> None:
    """At the start nobody is asked, so nothing is said to be missing."""
    key = credential("test", SecretRef("keyring:wirepost/stripe"))
    with desktop(stripe=[KEYS["test"]]) as machine:
        assert (key.check(), key.status, machine.asked) == (None, "ready", 0)
        assert await key.header() == f"Bearer {KEYS['test']}"
        assert await key.header() == f"Bearer {KEYS['test']}"
        assert machine.asked == 1
        key.forget(f"Bearer {KEYS['test']}")
        await key.header()
        assert machine.asked == 2


async def test_a_store_that_does_not_give_the_key_is_named_in_the_call() -> None:
    key = credential("test", SecretRef("vault:secret/data/shop#key"))
    with pytest.raises(
        NotConnected, match="has no usable key: vault: references need to know where"
    ) as refused:
        await key.header()
    assert refused.value.code == "not_connected"


async def test_a_sandbox_has_nothing_to_forget() -> None:
    key = credential("sandbox")
    key.forget(await key.header())
    assert await key.header() == f"Bearer {StripeSandbox.key}"
