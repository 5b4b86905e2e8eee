"""What a store answers is told by the name of the reference, and never quotes a secret."""

from __future__ import annotations

import pytest

from wirepost.core.errors import CallError, ConfigError, Rejected, Unavailable
from wirepost.core.secret_refs import SecretRef
from wirepost.secrets.answers import Unreachable, text_at, unreadable

REFERENCE = SecretRef("vault:secret/data/crm#key")


def test_a_field_is_taken_by_its_name() -> None:
    assert text_at(REFERENCE, {"key": "the value", "other": "another"}) == "the value"


@pytest.mark.parametrize(
    ("found", "there"),
    [
        ({"other": "a value", "more": 1}, "more, other"),
        ({"key": 5}, "key"),
        (["a value"], "no fields at all"),
    ],
)
def test_a_field_that_is_not_there_is_told_by_those_that_are(found: object, there: str) -> None:
    with pytest.raises(ConfigError, match="the secret vault:secret/data/crm#key has no text") as caught:
        text_at(REFERENCE, found)
    assert caught.value.hint == f"there is: {there}"
    assert "a value" not in str(caught.value)


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (Unavailable("timeout", "no answer", hint="try again"), Unreachable),
        (Rejected("not_found", "no such thing", hint="try again"), ConfigError),
    ],
)
def test_silence_is_told_from_a_refusal(error: CallError, kind: type[ConfigError]) -> None:
    told = unreadable(REFERENCE, error)
    assert type(told) is kind
    assert str(told) == f"the secret {REFERENCE} cannot be read: {error.message} (try again)"
