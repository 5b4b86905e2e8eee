"""The organisation and its objects: who asks, what is left, what there is."""

from __future__ import annotations

from datetime import UTC, timedelta
from email.utils import format_datetime, parsedate_to_datetime
from hashlib import blake2b

from wirepost.providers.salesforce.sandbox.calls import Call, Reply, Route
from wirepost.providers.salesforce.sandbox.definitions import kinds
from wirepost.providers.salesforce.sandbox.describing import MASTER, choices_of, description_of, summary_of
from wirepost.providers.salesforce.sandbox.errors import Body, not_found
from wirepost.providers.salesforce.sandbox.keys import ORGANIZATION
from wirepost.providers.salesforce.sandbox.rows import ME

MOST_SIZE = 200


def who_asks(call: Call) -> Reply:
    """Who the token acts as (https://help.salesforce.com/s/articleView?id=sf.remoteaccess_using_userinfo_endpoint.htm)."""
    user = call.state.table("User")[ME].values
    address = "https://nordlicht.my.salesforce.com"
    return Reply(
        200,
        {
            "sub": f"https://login.salesforce.com/id/{ORGANIZATION}/{ME}",
            "user_id": ME,
            "organization_id": ORGANIZATION,
            "preferred_username": user["Username"],
            "nickname": user["Alias"],
            "name": user["Name"],
            "given_name": user["FirstName"],
            "family_name": user["LastName"],
            "email": user["Email"],
            "email_verified": True,
            "zoneinfo": "Europe/Berlin",
            "locale": "en_US",
            "language": "en_US",
            "utcOffset": 3_600_000,
            "user_type": "STANDARD",
            "active": True,
            "is_app_installed": True,
            "updated_at": user["LastModifiedDate"].strftime("%Y-%m-%dT%H:%M:%SZ"),
            "urls": {
                "rest": f"{address}/services/data/v{{version}}/",
                "sobjects": f"{address}/services/data/v{{version}}/sobjects/",
                "query": f"{address}/services/data/v{{version}}/query/",
                "custom_domain": address,
            },
        },
    )


def _limits(call: Call) -> Reply:
    settings = call.settings
    left = max(0, settings.daily_limit - settings.used)
    return Reply(
        200,
        {
            "DailyApiRequests": {"Max": settings.daily_limit, "Remaining": left},
            "DailyBulkV2QueryJobs": {"Max": 10_000, "Remaining": 10_000},
            "DataStorageMB": {"Max": 10_240, "Remaining": 10_000},
        },
    )


def _objects(call: Call) -> Reply:
    shown = [summary_of(kind, call.base) for _, kind in sorted(kinds().items())]
    return Reply(200, {"encoding": "UTF-8", "maxBatchSize": MOST_SIZE, "sobjects": shown})


def _describe(call: Call) -> Reply:
    """Described objects do not change, so who has a description already gets none."""
    body = description_of(call.kind, call.base)
    changed_at = (call.state.world.now - timedelta(days=600)).astimezone(UTC)
    etag = f'"{blake2b(call.kind.name.encode(), digest_size=8).hexdigest()}"'
    headers = {"Last-Modified": format_datetime(changed_at, usegmt=True), "ETag": etag}
    since, known = call.headers.get("if-modified-since"), call.headers.get("if-none-match")
    is_known = known == etag if known else since is not None and parsedate_to_datetime(since) >= changed_at
    return Reply(304, None, headers) if is_known else Reply(200, body, headers)


def _choices(call: Call) -> Reply:
    """Values of all picklists for a record type."""
    if call.path["type"] not in {MASTER, MASTER[:15]}:
        raise not_found()
    kind = call.kind
    url = f"{call.base}/ui-api/object-info/{kind.name}/picklist-values/{MASTER}"
    fields: Body = {
        field.name: {
            "controllerValues": {},
            "defaultValue": None,
            "eTag": blake2b(field.name.encode(), digest_size=8).hexdigest(),
            "url": f"{url}/{field.name}",
            "values": [
                {"attributes": None, "label": one["label"], "validFor": [], "value": one["value"]}
                for one in choices_of(field)
            ],
        }
        for field in kind.fields.values()
        if field.choices is not None
    }
    etag = blake2b(kind.name.encode(), digest_size=8).hexdigest()
    return Reply(200, {"eTag": etag, "picklistFieldValues": fields})


ROUTES = [
    Route("GET", r"/limits", _limits),
    Route("GET", r"/sobjects", _objects),
    Route("GET", r"/sobjects/(?P<object>\w+)/describe", _describe),
    Route("GET", r"/ui-api/object-info/(?P<object>\w+)/picklist-values/(?P<type>\w+)", _choices),
]
