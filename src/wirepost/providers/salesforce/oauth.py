"""Salesforce's OAuth: an app that people allow to act for them, in a browser or with a code on a device.

https://help.salesforce.com/s/articleView?id=xcloud.remoteaccess_oauth_web_server_flow.htm
https://help.salesforce.com/s/articleView?id=xcloud.remoteaccess_oauth_device_flow.htm
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from wirepost.contracts.auth import OAuth2, Revocation

TOKEN = "https://{host}/services/oauth2/token"  # noqa: S105 - an address, not a token

UNAPPROVED = "unapproved"
"""Our word for an app that an administrator must allow to act for the user, which no new consent mends."""


def refusal_of(answer: Mapping[str, Any]) -> str | None:
    """Salesforce's word, but for one refusal that is told apart by its description alone.

    https://help.salesforce.com/s/articleView?id=xcloud.remoteaccess_oauth_jwt_flow.htm
    """
    word = answer.get("error")
    if word == "invalid_grant" and "approved this consumer" in str(answer.get("error_description")):
        return UNAPPROVED
    return str(word) if word else None


OAUTH = OAuth2(
    authorize_url="https://{host}/services/oauth2/authorize",
    token_url=TOKEN,
    device_url=TOKEN,
    device_start={"response_type": "device_code"},
    device_grant="device",
    device_parameter="code",
    revocation=Revocation("https://{host}/services/oauth2/revoke"),
    host_pattern=r"(login|test)\.salesforce\.com|[a-z0-9][a-z0-9-]{0,80}(\.[a-z0-9-]{1,30})?\.my\.salesforce\.com",
    default_hosts={"production": "login.salesforce.com", "test": "test.salesforce.com"},
    help="Create an External Client App in the set-up of Salesforce with this callback address",
    scopes=("api", "refresh_token", "openid"),
    address_at="instance_url",
    # An answer tells no lifetime: it is the organisation's session timeout, two hours unless changed.
    # https://help.salesforce.com/s/articleView?id=xcloud.admin_sessions.htm
    lifetime_s=7200,
    # Rotation is a setting of the app, and may be on.
    rotates=True,
    idle_days=30,
    own_callback=True,
    # https://help.salesforce.com/s/articleView?id=xcloud.remoteaccess_oauth_flow_errors.htm
    refusals={
        UNAPPROVED: "config",
        "inactive_user": "reauth",
        "inactive_org": "config",
        "rate_limit_exceeded": "retry",
        "invalid_client_id": "config",
        "invalid_client_credentials": "config",
        "invalid_app_access": "config",
        "unsupported_response_type": "config",
    },
    refusal_of=refusal_of,
)
