"""Any HTTP service: its address, its way in and its limits stand in the configuration."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from wirepost.contracts.auth import ANY, ApiKey, Certificate, OAuth2, Signature, TokenExchange
from wirepost.contracts.provider import Probe, Provider
from wirepost.providers.http.client import HttpClient
from wirepost.tools.tool import tools_in
from wirepost.upstream.limits import Limits

if TYPE_CHECKING:
    from wirepost.contracts.jobs import JobKind
    from wirepost.tools.tool import AnyTool


async def probe(client: HttpClient) -> Probe:
    """Read the path that `check` of the connection names; who the credential is cannot be known."""
    await client.get(client.options.check)
    host = urlsplit(client.upstream.address).hostname or ""
    return Probe(identity=f"{client.options.auth or PROVIDER.auth[0].name} at {host}", account=host)


def load_tools() -> tuple[AnyTool, ...]:
    """Its tools."""
    from wirepost.providers.http import tools

    return tools_in(tools)


def load_jobs() -> tuple[JobKind[Any], ...]:
    """The jobs that the connection describes."""
    from wirepost.providers.http.jobs import JOBS

    return JOBS


PROVIDER = Provider(
    name="http",
    title="The HTTP service",
    base_url="",
    client=HttpClient,
    auth=(
        ApiKey(
            environments={r"[\x20-\x7e]+": ANY},
            help="Set `header` and `form` of the connection as the service wants its key",
        ),
        OAuth2(
            authorize_url="",
            token_url="",
            help="Register a client with this redirect address, and name its endpoints under `oauth` here",
            own_callback=True,
        ),
        TokenExchange(
            path="",
            audience=lambda address: address,
            environment_of=lambda _: ANY,
            help="Name the token endpoint as `oauth.token_url` of the connection",
        ),
        Signature(help="Name region, service and key under `sigv4` of the connection"),
        Certificate(help="Name certificate and private key under `tls` of the connection"),
    ),
    load_tools=load_tools,
    load_sandbox=None,
    limits={
        "production": Limits(requests_per_s=5, burst=10, concurrency=5),
        "test": Limits(requests_per_s=5, burst=10, concurrency=5),
    },
    api_versions={},
    probe=probe,
    load_jobs=load_jobs,
)
