"""Samples are taken from where they are kept, and changed only where they have something."""

from __future__ import annotations

import pytest

from wirepost.webhooks.samples import sample_file, sample_type, unknown_type, with_fields


def test_a_field_is_set_where_its_path_leads() -> None:
    body = {"event": {"text": "Hello", "files": [{"id": "F1"}]}}
    changed = with_fields(body, {"event.text": "Bye", "event.files.0.id": "F2", "event.user": "U1"})
    assert changed == {"event": {"text": "Bye", "files": [{"id": "F2"}], "user": "U1"}}


def test_an_entry_of_a_batch_is_set_by_its_number() -> None:
    assert with_fields([1, 2], {"1": 3}) == [1, 3]


@pytest.mark.parametrize("path", ["event.nothing.text", "event.text.more", "files.7", "7"])
def test_a_path_that_leads_nowhere_is_named(path: str) -> None:
    with pytest.raises(ValueError, match=f"there is no {path}"):
        with_fields({"event": {"text": "Hello"}, "files": [1]} if path != "7" else [1], {path: 1})


def test_an_unknown_type_is_answered_with_those_there_are() -> None:
    error = unknown_type("message.sung", ["message.posted", "file.shared", "file.shared"])
    assert str(error) == "there is no sample of message.sung; there are file.shared, message.posted"


def test_a_sample_is_found_by_either_name() -> None:
    types = {"charge.refunded": "payment.refunded", "refund.updated": "payment.refunded"}
    assert sample_type("refund.updated", ["charge.refunded", "refund.updated"], types) == "refund.updated"
    assert sample_type("payment.refunded", ["charge.refunded", "refund.updated"], types) == "charge.refunded"
    with pytest.raises(ValueError, match=r"no sample of payment\.lost; there are charge\.refunded"):
        sample_type("payment.lost", ["charge.refunded"], types)


def test_a_sample_that_is_not_there_is_an_error() -> None:
    with pytest.raises(FileNotFoundError):
        sample_file("wirepost.webhooks", "none.json")
