"""Google says in headers alone that something changed."""

from __future__ import annotations

import pytest

from support.payloads import only, reading
from support.signatures import incoming, terms_with
from wirepost.senders.google_push import WEBHOOK
from wirepost.webhooks.webhook import Unmapped

# As Google's documentation of Drive push notifications shows it.
HEADERS = {
    "X-Goog-Channel-ID": "4ba78bf0-6a47-11e2-bcfd-0800200c9a66",
    "X-Goog-Channel-Token": "398348u3tu83ut8uu38",
    "X-Goog-Resource-ID": "ret08u3rv24htgh289g",
    "X-Goog-Resource-State": "update",
    "X-Goog-Changed": "content,properties",
    "X-Goog-Message-Number": "10",
}


def test_a_change_is_read() -> None:
    item = only("google_push", b"", HEADERS)
    assert (item.type, item.provider_type) == ("google_push.update", "update")
    assert item.subject == "resource/ret08u3rv24htgh289g"
    assert item.key == "4ba78bf0-6a47-11e2-bcfd-0800200c9a66:10"
    assert item.data["changed"] == "content,properties"
    assert item.time is None
    assert "398348u3tu83ut8uu38" not in str(item)


@pytest.mark.parametrize(
    "name", ["X-Goog-Channel-ID", "X-Goog-Resource-ID", "X-Goog-Resource-State", "X-Goog-Message-Number"]
)
def test_without_one_of_the_headers_it_is_unmapped(name: str) -> None:
    with pytest.raises(Unmapped, match=name.lower()):
        reading("google_push", b"", {each: value for each, value in HEADERS.items() if each != name})


async def test_a_change_is_no_handshake() -> None:
    assert WEBHOOK.reply is not None
    assert await WEBHOOK.reply(incoming(b"", HEADERS), terms_with()) is None
