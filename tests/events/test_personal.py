"""Numbers of cards and accounts, keys and passwords are never kept; the rest as a source asks.

Card numbers are those that networks publish for tests; IBANs are the examples of the SWIFT registry.
"""

from __future__ import annotations

import pytest

from wirepost.events.personal import Personal
from wirepost.settings.webhooks import RedactSettings

NEVER = Personal()


def hidden(value, **asked):
    return Personal(RedactSettings(**asked), b"key").hide(value)


@pytest.mark.parametrize(
    "number",
    [
        "4242424242424242",
        "4242 4242 4242 4242",
        "5555-5555-5555-4444",
        "378282246310005",
        "6011111111111117",
        "30569309025904",
        "3566002020360505",
    ],
)
def test_card_numbers_go_from_texts(number):
    assert NEVER.text(f"my card {number}, please") == "my card [redacted], please"
    assert hidden({"note": number})["note"] == "[redacted]"


def test_a_card_number_as_a_number_goes_and_ids_stay():
    assert hidden({"card": 4242424242424242}) == {"card": "[redacted]"}
    assert hidden({"id": "4242424242424242", "order_id": 4242424242424242}) == {
        "id": "4242424242424242",
        "order_id": 4242424242424242,
    }


@pytest.mark.parametrize(
    "number", ["4242424242424241", "820982911946154508", "1732527600000", "123456789012"]
)
def test_other_numbers_stay(number):
    assert NEVER.text(f"number {number}") == f"number {number}"


@pytest.mark.parametrize(
    "iban", ["GB29NWBK60161331926819", "DE89 3704 0044 0532 0130 00", "FR1420041010050500013M02606"]
)
def test_bank_accounts_go(iban):
    assert NEVER.text(f"pay to {iban}") == "pay to [redacted]"
    assert hidden({"account_number": "12345678", "sortCode": "10-20-30"}) == {
        "account_number": "[redacted]",
        "sortCode": "[redacted]",
    }
    assert NEVER.text("DE88 3704 0044 0532 0130 00") == "DE88 3704 0044 0532 0130 00"


def test_keys_and_passwords_go_by_name_and_by_form():
    given = {"password": "hunter2", "note": "use sk_live_4eC39HqLyjWDarjtT1zdp7dc", "api_key": "abc"}
    assert hidden(given) == {"password": "[redacted]", "note": "use [redacted]", "api_key": "[redacted]"}


@pytest.mark.parametrize(
    ("how", "expected"),
    [
        ("keep", {"to": "jane@example.com", "note": "ask jane@example.com"}),
        ("drop", {"note": "ask [email]"}),
        ("mask", {"to": "j***@example.com", "note": "ask j***@example.com"}),
    ],
)
def test_addresses_of_mail_are_hidden_as_asked(how, expected):
    assert hidden({"to": "jane@example.com", "note": "ask jane@example.com"}, email=how) == expected


def test_a_hash_lasts_and_depends_on_the_key():
    one = hidden({"to": "Jane@example.com"}, email="hash")["to"]
    assert one == hidden({"to": "jane@example.com"}, email="hash")["to"]
    assert one != Personal(RedactSettings(email="hash"), b"other").hide({"to": "jane@example.com"})["to"]
    assert "jane" not in one


def test_phones_and_postal_addresses_are_hidden_as_asked():
    given = {
        "phone": "0170 1234567",
        "note": "call +49 170 1234567",
        "address": {"line1": "Main St 1", "city": "Berlin", "country": "DE"},
        "email_address": "jane@example.com",
        "ip_address": "192.0.2.1",
    }
    kept = {"email_address": "jane@example.com", "ip_address": "192.0.2.1"}
    assert hidden(given, phone="drop", address="drop") == {"note": "call [phone]", **kept}
    assert hidden(given, phone="mask", address="mask") == {
        "phone": "***67", "note": "call ***67", "address": {"city": "Berlin", "country": "DE"}, **kept
    }  # fmt: skip


def test_numbers_that_other_programs_get_wrong_become_texts():
    assert hidden({"id": 2**53 + 1, "n": 2**53}) == {"id": "9007199254740993", "n": 2**53}


@pytest.mark.parametrize(
    "written",
    [
        b'{"n":"4242 4242 4242 4242"}',
        b'{"password":"x"}',
        b'{"t":"GB29NWBK60161331926819"}',
        b'{"account_number":"1"}',
    ],
)
def test_what_must_be_hidden_is_noticed(written):
    assert NEVER.may_be_in(written)


@pytest.mark.parametrize(
    "written",
    [b'{"id":"evt_1NG8Du2eZvKYlo2CUI79vXWy"}', b'{"at":1732527600000}', b'{"id":820982911946154508}'],
)
def test_harmless_data_is_not_looked_at_closely(written):
    assert not NEVER.may_be_in(written)
