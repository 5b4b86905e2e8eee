"""Google: the account of a person, as far as they allow it."""

from __future__ import annotations

from wirepost.contracts.provider import Probe, Provider
from wirepost.core.text import clean_line
from wirepost.providers.google.client import USER_INFO, GoogleClient
from wirepost.providers.google.oauth import OAUTH
from wirepost.upstream.limits import Limits


async def probe(client: GoogleClient) -> Probe:
    """Read who the person is, which needs the scopes `openid` and `email`."""
    who = await client.get(USER_INFO)
    name = clean_line(str(who.get("email") or who.get("name") or "a person"), 200)
    subject = who.get("sub")
    return Probe(identity=name, account=name, account_id=str(subject) if subject else None)


PROVIDER = Provider(
    name="google",
    title="Google",
    base_url="https://www.googleapis.com",
    client=GoogleClient,
    auth=(OAUTH,),
    load_sandbox=None,
    # Quotas differ from API to API; a person's is mostly some hundred requests a minute.
    # https://developers.google.com/workspace/drive/api/guides/limits
    limits={
        "production": Limits(requests_per_s=5, burst=20, concurrency=10),
        "test": Limits(requests_per_s=5, burst=20, concurrency=10),
    },
    api_versions={},
    probe=probe,
)
