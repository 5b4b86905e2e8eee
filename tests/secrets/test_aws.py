"""Secrets come out of AWS Secrets Manager, as moto plays it: whole or one value of JSON, by stage."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import orjson
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from support.clock import ManualClock
from support.secret_stores import AWS_KEY
from support.serving import served
from wirepost.core.clock import Clock
from wirepost.core.errors import CallError, ConfigError
from wirepost.core.secret_refs import SecretRef
from wirepost.secrets.answers import Unreachable
from wirepost.secrets.resolve import Secrets
from wirepost.settings import SecretSettings
from wirepost.upstream.ask import Ask
from wirepost.upstream.client import Client
from wirepost.upstream.limits import Limits
from wirepost.upstream.scope import Scope
from wirepost.upstream.sigv4 import AwsKey, Signable, signed
from wirepost.upstream.upstream import Upstream

CRM = SecretRef("aws-sm:prod/crm#client_secret")


@pytest.fixture(autouse=True)
def key(monkeypatch: pytest.MonkeyPatch) -> None:
    """The access key, where AWS's own programs look for it."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", AWS_KEY[0])
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", AWS_KEY[1])


def secrets_at(url: str | None, **settings: Any) -> Secrets:
    aws = {"region": "eu-central-1", "endpoint": url, **settings}
    return Secrets(SecretSettings.model_validate({"aws": aws}), ManualClock())


async def administer(url: str, operation: str, **body: Any) -> dict[str, Any]:
    """An operation of the service that Wirepost has no use for."""
    clock = Clock()

    async def nothing() -> str:
        return ""

    upstream = Upstream("moto", base_url=url, credential=nothing, limits=Limits(), clock=clock)
    content, target = orjson.dumps(body), {"X-Amz-Target": f"secretsmanager.{operation}"}
    named = AwsKey(*AWS_KEY, "eu-central-1", "secretsmanager")
    signature = signed(Signable("POST", f"{url}/", headers=target, content=content), named, clock.now())
    ask = Ask("POST", "/", content=content, headers={**target, **signature})
    try:
        answer = await Client(upstream, Scope(clock.monotonic() + 30), None).send(ask)
    finally:
        await upstream.close()
    return dict(answer.json())


@pytest.mark.services("moto")
class TestAgainstMoto:
    """The service as boto3's users test against it."""

    @pytest.fixture
    async def aws(self, aws: str) -> str:
        try:
            await administer(
                aws, "CreateSecret", Name="prod/crm", SecretString='{"client_secret": "old one"}'
            )
            await administer(
                aws, "PutSecretValue", SecretId="prod/crm", SecretString='{"client_secret": "new one"}'
            )
            await administer(aws, "CreateSecret", Name="prod/plain", SecretString="not JSON at all")
            await administer(aws, "CreateSecret", Name="prod/binary", SecretBinary="YmluYXJ5")
        except CallError as error:
            assert "already exists" in error.message  # noqa: PT017 - made by the test before
        return aws

    @pytest.mark.parametrize(
        ("reference", "value"),
        [
            ("aws-sm:prod/crm#client_secret", "new one"),
            ("aws-sm:prod/crm#client_secret?stage=AWSPREVIOUS", "old one"),
            ("aws-sm:prod/crm", '{"client_secret": "new one"}'),
            ("aws-sm:prod/plain", "not JSON at all"),
            ("aws-sm:prod/binary", "binary"),
        ],
    )
    async def test_a_secret_is_read_whole_or_in_part(self, aws: str, reference: str, value: str) -> None:
        secrets = secrets_at(aws)
        assert await secrets.resolve(SecretRef(reference)) == value
        await secrets.close()

    async def test_a_secret_is_found_by_its_arn(self, aws: str) -> None:
        arn = (await administer(aws, "DescribeSecret", SecretId="prod/plain"))["ARN"]
        secrets = secrets_at(aws)
        assert await secrets.resolve(SecretRef(f"aws-sm:{arn}")) == "not JSON at all"
        await secrets.close()

    @pytest.mark.parametrize(
        ("reference", "says"),
        [
            ("aws-sm:prod/none", "there is no such secret or version"),
            ("aws-sm:prod/plain?stage=NONE", "there is no such secret or version"),
            ("aws-sm:prod/crm#other", "has no text under that name .there is: client_secret"),
            ("aws-sm:prod/plain#key", "is not JSON"),
        ],
    )
    async def test_what_is_not_there_is_named(self, aws: str, reference: str, says: str) -> None:
        secrets = secrets_at(aws)
        with pytest.raises(ConfigError, match=says) as caught:
            await secrets.resolve(SecretRef(reference))
        assert reference in str(caught.value)
        assert "not JSON at all" not in str(caught.value)
        await secrets.close()


class Refusing:
    """A service that answers as it is told, and remembers what it was sent."""

    def __init__(self) -> None:
        self.answers: list[Response] = []
        self.seen: list[Request] = []

    async def answer(self, request: Request) -> Response:
        await request.body()
        self.seen.append(request)
        return self.answers.pop(0)


@pytest.fixture
async def refusing() -> AsyncIterator[tuple[str, Refusing]]:
    """The service, and where it is."""
    service = Refusing()
    async with served(Starlette(routes=[Route("/", service.answer, methods=["POST"])])) as url:
        yield url, service


def refusal(kind: str, message: str = "no", status: int = 400) -> Response:
    return JSONResponse({"__type": kind, "message": message}, status)


async def test_a_key_that_was_replaced_is_looked_up_again(
    refusing: tuple[str, Refusing], monkeypatch: pytest.MonkeyPatch
) -> None:
    url, service = refusing
    monkeypatch.setenv("AWS_SESSION_TOKEN", "the first token of the key")
    secrets = secrets_at(url, session_token="env:AWS_SESSION_TOKEN")
    service.answers = [JSONResponse({"SecretString": "one"})]
    await secrets.resolve(SecretRef("aws-sm:one"))
    monkeypatch.setenv("AWS_SESSION_TOKEN", "the second token of the key")
    service.answers = [refusal("ExpiredTokenException"), JSONResponse({"SecretString": "two"})]
    assert await secrets.resolve(SecretRef("aws-sm:two")) == "two"
    tokens = [request.headers["x-amz-security-token"] for request in service.seen]
    assert tokens == ["the first token of the key"] * 2 + ["the second token of the key"]
    await secrets.close()


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        (refusal("UnrecognizedClientException"), "AWS refused the access key: no"),
        (
            refusal("com.amazonaws#AccessDeniedException", "not authorized to perform"),
            "AWS refused: not auth",
        ),
        (refusal("ValidationException"), "AWS refused: no"),
        (PlainTextResponse("a proxy says no", 400), "refused with status 400"),
        (JSONResponse(["odd"], 400), "refused with status 400"),
    ],
)
async def test_a_refusal_is_told_with_the_name_of_the_secret(
    refusing: tuple[str, Refusing], answer: Response, says: str
) -> None:
    url, service = refusing
    service.answers = [answer]
    secrets = secrets_at(url)
    with pytest.raises(
        ConfigError, match=f"aws-sm:prod/crm#client_secret cannot be read: .*{says}"
    ) as caught:
        await secrets.resolve(CRM)
    assert AWS_KEY[1] not in f"{caught.value}{caught.value.hint}"
    assert len(service.seen) == 1
    await secrets.close()


async def test_a_service_that_fails_is_told_from_one_that_refuses(refusing: tuple[str, Refusing]) -> None:
    url, service = refusing
    service.answers = [refusal("InternalServiceError", status=500)] * 20
    secrets = secrets_at(url)
    with pytest.raises(Unreachable, match="is failing at the moment"):
        await secrets.resolve(CRM)
    await secrets.close()


@pytest.mark.parametrize(
    ("region", "host"),
    [
        ("eu-central-1", "https://secretsmanager.eu-central-1.amazonaws.com"),
        ("cn-north-1", "https://secretsmanager.cn-north-1.amazonaws.com.cn"),
    ],
)
async def test_each_region_has_its_address(region: str, host: str) -> None:
    """https://docs.aws.amazon.com/general/latest/gr/asm.html."""
    secrets = secrets_at(None, region=region)
    assert secrets._aws._upstream.address == host  # noqa: SLF001 - no test speaks to AWS
