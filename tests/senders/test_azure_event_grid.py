"""Event Grid in both of its schemas; only topics that are taken are validated."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from support.handshakes import handshakes
from support.payloads import instant, items, only, payload, reading
from support.signatures import incoming, terms_with
from wirepost.senders.azure_event_grid import WEBHOOK
from wirepost.webhooks.webhook import Unreadable

VALIDATION = handshakes()["azure_event_grid: SubscriptionValidationEvent"].request
# The members that the Event Grid documentation describes.
EVENT: dict[str, Any] = {
    "topic": "/subscriptions/s/resourceGroups/rg/providers/Microsoft.Storage/storageAccounts/a",
    "subject": "/blobServices/default/containers/c/blobs/f.txt",
    "eventType": "Microsoft.Storage.BlobCreated",
    "eventTime": "2017-06-26T18:41:00.9584103Z",
    "id": "831e1650-001e-001b-66ab-eeb76e069631",
    "data": {"api": "PutBlockList", "contentLength": 524288, "storageDiagnostics": {"batchId": "b"}},
    "dataVersion": "",
    "metadataVersion": "1",
}


def test_a_cloud_event_is_read() -> None:
    item = only("azure_event_grid", payload("azure_event_grid/cloudevent.blob_created.json"))
    assert item.type == "azure_event_grid.microsoft.storage.blobcreated"
    assert item.provider_type == "Microsoft.Storage.BlobCreated"
    assert item.subject == "blobServices/default/containers/{container}/blobs/{file}"
    assert item.time == instant("2019-11-18T15:13:39.458925Z")
    assert item.key == "9aeb0fdf-c01e-0131-0922-9eb54906e209"
    assert item.account is not None
    assert item.account.endswith("/providers/Microsoft.Storage/storageAccounts/{account}")
    assert item.data["contentLength"] == 671144


def test_the_own_schema_is_read() -> None:
    first, second = items("azure_event_grid", [EVENT, {**EVENT, "id": "2", "subject": "alone"}])
    assert first.type == "azure_event_grid.microsoft.storage.blobcreated"
    assert first.subject == "blobServices/default/containers/c/blobs/f.txt"
    assert first.time == instant("2017-06-26T18:41:00.958410Z")
    assert (first.key, first.account) == (EVENT["id"], EVENT["topic"])
    assert first.data == {"api": "PutBlockList", "contentLength": 524288}
    assert second.subject == "subject/alone"
    assert reading("azure_event_grid", [{}, EVENT]).items[0] == Unreadable("has no eventType", 0)


@pytest.mark.parametrize(
    ("body", "accounts", "status"),
    [
        (VALIDATION.body, [], 200),
        (VALIDATION.body, [orjson.loads(VALIDATION.body)[0]["topic"]], 200),
        (VALIDATION.body, ["/subscriptions/other"], 403),
        (b"[]", [], 403),
        (b"{", [], 403),
        (b'[{"data":{"validationCode":7}}]', [], 403),
    ],
)
async def test_topics_that_are_taken_are_validated(body: bytes, accounts: list[str], status: int) -> None:
    assert WEBHOOK.greet is not None
    request = incoming(body, VALIDATION.headers)
    reply = await WEBHOOK.greet(request, terms_with(accounts=accounts))
    assert reply is not None
    assert reply.status == status


async def test_an_event_is_no_handshake() -> None:
    assert WEBHOOK.greet is not None
    request = incoming(orjson.dumps([EVENT]), {"aeg-event-type": "Notification"})
    assert await WEBHOOK.greet(request, terms_with()) is None
