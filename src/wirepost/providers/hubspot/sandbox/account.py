"""Endpoints about the account: its details, its tokens, owners, properties, pipelines and own objects."""

from __future__ import annotations

from wirepost.providers.hubspot.sandbox.calls import Call, Reply, Route
from wirepost.providers.hubspot.sandbox.definitions import PIPELINES, PROPERTIES
from wirepost.providers.hubspot.sandbox.describing import MADE_AT
from wirepost.providers.hubspot.sandbox.errors import Body, HubSpotError
from wirepost.providers.hubspot.sandbox.own_objects import OWN_NAMES, OWN_OBJECTS, PORTAL
from wirepost.providers.hubspot.sandbox.records import permissions
from wirepost.providers.hubspot.sandbox.rows import id_of
from wirepost.providers.hubspot.sandbox.telling import APP

MOST = 500


def _details(call: Call) -> Reply:
    del call
    return Reply(
        200,
        {
            "portalId": PORTAL,
            "accountType": "DEVELOPER_TEST",
            "timeZone": "Europe/Berlin",
            "companyCurrency": "EUR",
            "additionalCurrencies": ["USD", "GBP", "JPY", "KWD"],
            "utcOffset": "+01:00",
            "utcOffsetMilliseconds": 3_600_000,
            "uiDomain": "app-eu1.hubspot.com",
            "dataHostingLocation": "eu1",
        },
    )


def _token(call: Call) -> Reply:
    if not str(call.body.get("tokenKey", "")).startswith("pat-"):
        raise HubSpotError("Invalid token", status=404, category="OBJECT_NOT_FOUND")
    return Reply(200, {"userId": 80_001, "hubId": PORTAL, "appId": APP, "scopes": sorted(call.scopes)})


def _owners(call: Call) -> Reply:
    limit, after = int(call.value("limit") or 100), int(call.value("after") or 0)
    if not 1 <= limit <= MOST:
        raise HubSpotError(f"limit must be between 1 and {MOST}")
    email, is_archived = (call.value("email") or "").casefold(), call.value("archived") == "true"
    fitting = [
        colleague
        for colleague in call.state.world.team
        if colleague.is_active is not is_archived and email in {"", colleague.email.casefold()}
    ]
    body: Body = {
        "results": [
            {
                "id": id_of(colleague.key),
                "email": colleague.email,
                "type": "PERSON",
                "firstName": colleague.first_name,
                "lastName": colleague.last_name,
                "userIdIncludingInactive": int(id_of(colleague.key)) + 10_000,
                **({"userId": int(id_of(colleague.key)) + 10_000} if colleague.is_active else {}),
                "createdAt": MADE_AT,
                "updatedAt": MADE_AT,
                "archived": is_archived,
            }
            for colleague in fitting[after : after + limit]
        ]
    }
    if after + limit < len(fitting):
        body["paging"] = {"next": {"after": str(after + limit)}}
    return Reply(200, body)


def _properties(call: Call) -> Reply:
    return Reply(200, {"results": list(PROPERTIES[call.kind].values())})


def _pipelines(call: Call) -> Reply:
    if call.kind not in PIPELINES:
        raise HubSpotError(f"Object type {call.kind} does not support pipelines")
    return Reply(200, {"results": PIPELINES[call.kind]})


def _schemas(call: Call) -> Reply:
    del call
    return Reply(200, {"results": [own.schema for own in OWN_OBJECTS]})


def _may_describe(call: Call) -> list[str]:
    stem = "custom" if call.kind in OWN_NAMES else call.kind
    return [*permissions(call, is_write=False), f"crm.schemas.{stem}.read"]


ROUTES = [
    Route("GET", "/account-info/2026-09/details", _details),
    Route("POST", "/oauth/v2/private-apps/get/access-token-info", _token),
    Route("GET", "/crm/owners/2026-09", _owners, lambda _: ["crm.objects.owners.read"]),
    Route("GET", r"/crm/properties/2026-09/(?P<kind>[^/]+)", _properties, _may_describe),
    Route("GET", r"/crm/pipelines/2026-09/(?P<kind>[^/]+)", _pipelines, _may_describe),
    Route(
        "GET",
        "/crm-object-schemas/2026-09/schemas",
        _schemas,
        lambda _: ["crm.schemas.custom.read", "crm.objects.custom.read"],
    ),
]
