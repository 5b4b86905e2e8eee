"""OpenAI's events name what is finished, no more."""

from __future__ import annotations

import pytest

from support.payloads import instant, only, payload

HEADERS = {"webhook-id": "wh_685c059ae39c8190af8c71ed1022a24d", "webhook-signature": "v1,x"}


@pytest.mark.parametrize(
    ("name", "subject", "event_id"),
    [
        ("batch.completed", "batch/batch_abc123", "evt_72172f870a2ba2a2312fcc5d"),
        ("fine_tuning.job.failed", "fine_tuning.job/ftjob_abc123", "evt_e5d394711354b3173b8a61ac"),
        ("realtime.call.incoming", "realtime.call/rtc_479a275623b54bdb9b6fbae2f7cbd408", "evt_abc123"),
        ("response.completed", "response/resp_abc123", "evt_5191855f6439c6eedb71e886"),
        ("response.failed", "response/resp_abc124", "evt_3c23a7620fff93e745dfc2e5"),
    ],
)
def test_an_event_is_read(name: str, subject: str, event_id: str) -> None:
    item = only("openai", payload(f"openai/{name}.json"), HEADERS)
    assert (item.type, item.provider_type) == (f"openai.{name}", name)
    assert (item.subject, item.event_id) == (subject, event_id)
    assert item.time == instant("2024-06-23T18:40:00Z")
    assert item.key == "wh_685c059ae39c8190af8c71ed1022a24d"
    assert list(item.data.values()) == [subject.partition("/")[2]]
