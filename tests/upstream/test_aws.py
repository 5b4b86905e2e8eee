"""What refusals of AWS mean, in each of the forms its services have."""

from __future__ import annotations

import orjson
import pytest

from support.aws import far_account, recording_account, sandbox_account
from support.scripted import Said, Vendor, upstream_to
from support.secret_stores import AWS_KEY, secrets_manager
from wirepost.core.errors import CallError, Rejected
from wirepost.upstream import s3
from wirepost.upstream.ask import Answer, Ask
from wirepost.upstream.aws import S3, kind_of, parsed_xml, words_of
from wirepost.upstream.s3 import Place
from wirepost.upstream.scope import Scope

ASK = Ask("GET", "/")


def scripted(clock, body, status=200):
    """A client whose next answer is this."""
    client = sandbox_account("bedrock").client()
    upstream = upstream_to(Vendor(Said(status, body)), clock)
    return type(client)(upstream, Scope(clock.monotonic() + 45), client.options)


def refusal(status, kind, message="why"):
    """As services with JSON in their REST name it: in a header."""
    headers = {"x-amzn-errortype": f"{kind}:http://internal.amazon.com/coral/com.amazon.bedrock/"}
    return Answer(status, headers, orjson.dumps({"message": message}))


@pytest.mark.parametrize(
    ("status", "kind", "code"),
    [
        (400, "ThrottlingException", "rate_limited"),
        (429, "ThrottlingException", "rate_limited"),
        (503, "SlowDown", "rate_limited"),
        (403, "ExpiredTokenException", "auth_expired"),
        (403, "UnrecognizedClientException", "auth_expired"),
        (403, "SignatureDoesNotMatch", "auth_expired"),
        (403, "AccessDeniedException", "missing_scope"),
        (404, "ResourceNotFoundException", "not_found"),
        (429, "ModelNotReadyException", "upstream_unavailable"),
        (424, "ModelErrorException", "upstream_rejected"),
        (424, "ModelError", "upstream_rejected"),
        (400, "ServiceQuotaExceededException", "quota_exhausted"),
        (400, "ConflictException", "conflict"),
        (400, "ValidationException", "upstream_rejected"),
        (408, "ModelTimeoutException", "upstream_unavailable"),
        (500, "InternalServerException", "upstream_unavailable"),
        (503, "ServiceUnavailableException", "upstream_unavailable"),
    ],
)
def test_each_kind_of_refusal_has_a_meaning(status, kind, code):
    error = sandbox_account("bedrock").client().error(ASK, refusal(status, kind))
    assert (error.code, error.provider_code) == (code, kind)


def test_a_refusal_for_the_rate_may_be_repeated_whatever_its_status():
    client = sandbox_account("bedrock").client()
    assert client.may_retry(ASK, refusal(400, "ThrottlingException")) is True
    assert client.may_retry(ASK, refusal(400, "ValidationException")) is None


@pytest.mark.parametrize(
    "answer",
    [
        Answer(400, {}, b'{"__type": "com.amazon.coral#ThrottlingException", "Message": "too fast"}'),
        Answer(400, {"x-amzn-errortype": "ThrottlingException"}, b'{"message": "too fast"}'),
        Answer(
            400,
            {},
            b'<ErrorResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><Error><Type>Sender</Type>'
            b"<Code>ThrottlingException</Code><Message>too fast</Message></Error></ErrorResponse>",
        ),
    ],
)
def test_kind_and_words_are_found_in_every_form(answer):
    assert (kind_of(answer), words_of(answer)) == ("ThrottlingException", "too fast")


@pytest.mark.parametrize("body", [b"", b"<html>", b"[]", b'<!DOCTYPE a [<!ENTITY x "y">]><a>&x;</a>'])
def test_what_has_no_form_is_judged_by_its_status(body):
    answer = Answer(502, {}, body)
    assert (kind_of(answer), words_of(answer)) == ("", "")
    assert sandbox_account("bedrock").client().error(ASK, answer).code == "upstream_unavailable"


def test_xml_with_entities_of_its_own_is_not_read():
    assert parsed_xml(b'<!DOCTYPE a [<!ENTITY x "y">]><a>&x;</a>') is None


async def test_a_success_that_is_no_json_object_is_not_understood(monkeypatch):
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", AWS_KEY[0])
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", AWS_KEY[1])
    with pytest.raises(CallError) as failed:
        await recording_account("bedrock", ["no object"]).client().models()
    assert failed.value.code == "upstream_unavailable"


@pytest.mark.parametrize(
    ("region", "host"),
    [("eu-central-1", "s3.eu-central-1.amazonaws.com"), ("cn-north-1", "s3.cn-north-1.amazonaws.com.cn")],
)
def test_hosts_are_those_of_the_region(region, host):
    key = {"region": region, "access_key_id": "env:A", "secret_access_key": "env:B"}
    client = far_account("sagemaker", sigv4=key).client()
    assert client.knows_origin(f"https://{host}")
    assert not client.knows_origin(f"http://{host}")
    assert not client.knows_origin("https://s3.us-east-1.amazonaws.com")


@pytest.mark.services("moto")
async def test_whose_key_it_is_moto_tells(monkeypatch):
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", AWS_KEY[0])
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", AWS_KEY[1])
    with secrets_manager() as url:
        account = far_account("bedrock", base_url=url)
        who = await account.client().identity()
        await account.connection.close()
    assert (who.account, who.arn.startswith("arn:aws:sts::123456789012:")) == ("123456789012", True)


@pytest.mark.parametrize("body", [b"no json", b"[]", b""])
async def test_an_answer_without_a_json_object_is_not_taken_for_one(clock, body):
    with pytest.raises(CallError):
        await scripted(clock, body).read(S3, "GET", "/")


async def test_an_identity_in_no_form_is_not_understood(clock):
    with pytest.raises(CallError):
        await scripted(clock, b"<html>").identity()


async def test_a_list_of_objects_in_no_form_is_not_understood(clock):
    with pytest.raises(CallError):
        await s3.listed(scripted(clock, b"no xml"), Place("bucket", "a"))


async def test_whether_an_object_is_there_is_not_guessed(clock):
    with pytest.raises(Rejected) as refused:
        await s3.find(scripted(clock, b"", status=400), Place("bucket", "a"))
    assert refused.value.code == "upstream_rejected"
