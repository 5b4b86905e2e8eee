"""Options of a webhook that would let anyone in are refused when they are read."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from wirepost.settings.webhooks import HmacSettings, JwtSettings, WebhookSettings


@pytest.mark.parametrize(
    "described",
    [
        {},
        {"signed": "{timestamp}.{body}", "timestamp_header": "X-Time"},
        {"signed": "{timestamp},{body}", "format": "t=,v1="},
        {"signed": "{method}{url}{body}{timestamp}", "timestamp_header": "X-Time"},
        {"signed": "{body}{header:Date}"},
        {"signed": "{header:x-TIME}{body}", "timestamp_header": "X-Time"},
    ],
)
def test_a_signature_can_be_described(described: dict[str, Any]) -> None:
    assert HmacSettings(header="X-Signature", **described).header == "X-Signature"


@pytest.mark.parametrize(
    ("described", "problem"),
    [
        ({"signed": "{timestamp}", "timestamp_header": "X-Time"}, "must contain {body}"),
        ({"signed": ""}, "must contain {body}"),
        ({"signed": "{Body}"}, "{Body}"),
        ({"signed": "{body}{secret}"}, "{secret}"),
        ({"signed": "{body}{header:}"}, "{header:}"),
        ({"signed": "{timestamp}{body}"}, "exactly where"),
        ({"signed": "{body}", "timestamp_header": "X-Time"}, "exactly where"),
        ({"signed": "{body}", "format": "t=,v1="}, "exactly where"),
        (
            {"signed": "{timestamp}{body}", "format": "t=,v1=", "timestamp_header": "X-Time"},
            "timestamp_header",
        ),
        ({"algorithm": "md5"}, "algorithm"),
    ],
)
def test_a_signature_that_proves_too_little_is_refused(described: dict[str, Any], problem: str) -> None:
    with pytest.raises(ValidationError) as caught:
        HmacSettings(header="X-Signature", **described)
    assert problem in str(caught.value)


@pytest.mark.parametrize(
    "described",
    [
        {"algorithms": []},
        {"algorithms": ["none"]},
        {"algorithms": ["HS256", "RS256"]},
        {"algorithms": ["HS256"], "jwks_url": "https://login.example.com/jwks.json"},
        {"algorithms": ["RS256"], "leeway_s": 61},
    ],
)
def test_a_token_that_could_be_forged_is_refused(described: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        JwtSettings(**described)


@pytest.mark.parametrize(
    "given",
    [
        {"secrets": ["literal-secret-000000000000"]},
        {"secrets": [{"secret": "env:S", "not_after": "2026-11-25T09:00:00"}]},  # of which clock?
        {"allow_from": ["192.0.2.0/33"]},
        {"allow_from": ["example.com"]},
        {"id_pointer": "id"},
        {"max_bytes": 100},
        {"tolerance_s": 0},
        {"unknown": 1},
    ],
)
def test_a_wrong_option_is_refused(given: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        WebhookSettings(**given)


def test_usual_options_are_taken() -> None:
    settings = WebhookSettings(
        secrets=["env:NEW", {"secret": "env:OLD", "not_after": "2026-11-25T09:00:00Z", "label": "2026-10"}],
        allow_from=["published", "192.0.2.0/24", "2001:db8::/32"],
    )
    assert settings.verify
    assert len(settings.secrets) == 2
