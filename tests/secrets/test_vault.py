"""What is sealed opens in its place with one of the server's keys, letter for letter, and nowhere else."""

from __future__ import annotations

import base64

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from hypothesis import given
from hypothesis import strategies as st

from wirepost.secrets.vault import KeyRing, KeyUnavailable, Tampered, Vault, key_id

OLD, NEW = bytes(range(32)), bytes(range(32, 64))
VAULT = Vault(KeyRing([OLD]))
PLACE = ("acc_1", "tokens", "7")
LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_+/=. \n|é"

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=200)
places = st.lists(st.text(st.sampled_from("ab|%7C."), max_size=3), min_size=1, max_size=3).map(tuple)


@given(texts, places)
def test_what_is_sealed_opens_in_its_place(text: str, place: tuple[str, ...]) -> None:
    assert VAULT.open(VAULT.seal(text, bound_to=place), bound_to=place) == text


@given(places, places)
def test_what_is_sealed_for_one_place_opens_in_no_other(one: tuple[str, ...], other: tuple[str, ...]) -> None:
    """Not even where a separator inside a name would make two places look alike."""
    sealed = VAULT.seal("a token", bound_to=one)
    if one == other:
        return
    with pytest.raises(Tampered):
        VAULT.open(sealed, bound_to=other)


@given(texts, st.integers(0, 10_000), st.sampled_from(LETTERS))
def test_with_one_other_letter_it_is_refused(text: str, place: int, letter: str) -> None:
    sealed = VAULT.seal(text, bound_to=PLACE)
    place %= len(sealed)
    changed = sealed[:place] + letter + sealed[place + 1 :]
    if changed == sealed:
        return
    with pytest.raises((Tampered, KeyUnavailable)):
        VAULT.open(changed, bound_to=PLACE)


@given(texts, st.integers(0, 10_000))
def test_cut_it_is_refused(text: str, length: int) -> None:
    sealed = VAULT.seal(text, bound_to=PLACE)
    cut = sealed[: length % len(sealed)]
    with pytest.raises((Tampered, KeyUnavailable)):
        VAULT.open(cut, bound_to=PLACE)
    with pytest.raises((Tampered, KeyUnavailable)):
        Vault(KeyRing([NEW, OLD])).rewrap(cut.rpartition(".")[0])


@given(st.text(max_size=60))
def test_what_was_never_sealed_is_refused(text: str) -> None:
    with pytest.raises((Tampered, KeyUnavailable)):
        VAULT.open(text, bound_to=PLACE)
    with pytest.raises((Tampered, KeyUnavailable)):
        VAULT.rewrap(text)


def test_parts_of_two_sealed_texts_make_no_third() -> None:
    one, other = (VAULT.seal(text, bound_to=PLACE).split(".") for text in ("first", "second"))
    for part in range(2, 5):
        mixed = [*one[:part], other[part], *one[part + 1 :]]
        with pytest.raises(Tampered):
            VAULT.open(".".join(mixed), bound_to=PLACE)


def test_the_same_text_is_never_sealed_alike() -> None:
    sealed = {VAULT.seal("a token", bound_to=PLACE) for _ in range(50)}
    assert len({part for text in sealed for part in text.split(".")[2:]}) == 150


def test_it_is_what_it_says_to_be() -> None:
    """Opened here with nothing but AES-GCM and the layout of the description."""
    sealed = VAULT.seal("a token", bound_to=("acc|1", "tokens", "7"))
    version, kek_id, *parts = sealed.split(".")
    wrapped, nonce, ciphertext = (base64.urlsafe_b64decode(part + "==") for part in parts)
    assert (version, len(wrapped), len(nonce), len(ciphertext)) == ("v1", 12 + 32 + 16, 12, 7 + 16)
    key = AESGCM(OLD).decrypt(wrapped[:12], wrapped[12:], f"v1|key|{kek_id}".encode())
    assert AESGCM(key).decrypt(nonce, ciphertext, b"v1|acc%7C1|tokens|7") == b"a token"


def test_the_first_key_seals_and_all_open() -> None:
    both = Vault(KeyRing([NEW, OLD]))
    assert both.open(VAULT.seal("from before", bound_to=PLACE), bound_to=PLACE) == "from before"
    sealed = both.seal("since then", bound_to=PLACE)
    assert Vault(KeyRing([NEW])).open(sealed, bound_to=PLACE) == "since then"


def test_a_key_that_is_gone_is_named() -> None:
    sealed = VAULT.seal("a token", bound_to=PLACE)
    for attempt in (lambda vault: vault.open(sealed, bound_to=PLACE), lambda vault: vault.rewrap(sealed)):
        with pytest.raises(KeyUnavailable, match=key_id(OLD)) as caught:
            attempt(Vault(KeyRing([NEW])))
        assert (caught.value.code, caught.value.key_id) == ("key_unavailable", key_id(OLD))


def test_another_key_of_the_same_name_opens_nothing() -> None:
    ring = KeyRing([NEW])
    ring._keys[key_id(OLD)] = AESGCM(NEW)  # noqa: SLF001 - two keys of one id cannot be had otherwise
    with pytest.raises(Tampered):
        Vault(ring).open(VAULT.seal("a token", bound_to=PLACE), bound_to=PLACE)


def test_wrapped_anew_it_opens_with_the_new_key_alone_and_the_text_was_not_touched() -> None:
    sealed = VAULT.seal("a token", bound_to=PLACE)
    rewrapped = Vault(KeyRing([NEW, OLD])).rewrap(sealed)
    assert Vault(KeyRing([NEW])).open(rewrapped, bound_to=PLACE) == "a token"
    assert rewrapped.split(".")[3:] == sealed.split(".")[3:]
    with pytest.raises(KeyUnavailable):
        VAULT.open(rewrapped, bound_to=PLACE)


def test_wrapped_anew_under_the_same_key_it_stays_as_it_is() -> None:
    sealed = VAULT.seal("a token", bound_to=PLACE)
    assert VAULT.rewrap(sealed) == sealed


def test_what_was_changed_is_not_wrapped_anew() -> None:
    parts = VAULT.seal("a token", bound_to=PLACE).split(".")
    for wrapped in (parts[2][:-2] + "AA", "not base64!", "AAAA"):
        with pytest.raises(Tampered):
            Vault(KeyRing([NEW, OLD])).rewrap(".".join([*parts[:2], wrapped, *parts[3:]]))


@pytest.mark.parametrize("keys", [[], [b"short"], [OLD, NEW + b"!"]])
def test_a_ring_has_keys_of_32_bytes(keys: list[bytes]) -> None:
    with pytest.raises(ValueError, match="key"):
        KeyRing(keys)


def test_a_ring_shows_ids_and_no_keys() -> None:
    shown = repr(KeyRing([NEW, OLD]))
    assert shown == f"KeyRing({key_id(NEW)}, {key_id(OLD)})"
    assert not {NEW.hex(), OLD.hex()} & set(shown.split())


@given(st.binary(max_size=3000), places)
def test_sealed_bytes_open_in_their_place(value: bytes, place: tuple[str, ...]) -> None:
    sealed = VAULT.seal_bytes(value, bound_to=place)
    assert VAULT.open_bytes(sealed, bound_to=place) == value
    with pytest.raises(Tampered):
        VAULT.open_bytes(sealed, bound_to=(*place, "x"))


@given(st.binary(max_size=100), st.integers(0, 10_000), st.integers(1, 255))
def test_with_one_other_byte_they_do_not(value: bytes, place: int, change: int) -> None:
    sealed = bytearray(VAULT.seal_bytes(value, bound_to=PLACE))
    sealed[place % len(sealed)] ^= change
    with pytest.raises((Tampered, KeyUnavailable)):
        VAULT.open_bytes(bytes(sealed), bound_to=PLACE)


@pytest.mark.parametrize("sealed", [b"", b"\x01", bytes(200)])
def test_bytes_that_were_never_sealed_are_refused(sealed: bytes) -> None:
    with pytest.raises(Tampered):
        VAULT.open_bytes(sealed, bound_to=PLACE)


def test_equal_bytes_are_sealed_differently_and_open_with_an_older_key() -> None:
    vault = Vault(KeyRing([OLD]))
    assert len({vault.seal_bytes(b"x", bound_to=PLACE) for _ in range(100)}) == 100
    sealed = vault.seal_bytes(b"x", bound_to=PLACE)
    assert Vault(KeyRing([NEW, OLD])).open_bytes(sealed, bound_to=PLACE) == b"x"
    with pytest.raises(KeyUnavailable):
        Vault(KeyRing([NEW])).open_bytes(sealed, bound_to=PLACE)
