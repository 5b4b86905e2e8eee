"""Signatures are those that AWS publishes for its own signing libraries.

https://github.com/awslabs/aws-c-auth/tree/main/tests/aws-signing-test-suite/v4
"""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime, timedelta, timezone

import pytest

from wirepost.upstream.sigv4 import AwsKey, Signable, signed

HOST = "https://example.amazonaws.com"
AT = datetime(2015, 8, 30, 12, 36, tzinfo=UTC)
BUCKET = "https://examplebucket.s3.amazonaws.com"
SECRET = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
KEY = AwsKey("AKIDEXAMPLE", SECRET, "us-east-1", "service")
UNRESERVED = "-._~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
FORM = b"Param1=value1"
FORM_HEADERS = {
    "Content-Type": "application/x-www-form-urlencoded",
    "Content-Length": "13",
    "X-Amz-Content-Sha256": "9095672bbd1f56dfc5b65f3e153adc8731a4a654192329106275f4c7b24d0b6e",
}


@pytest.mark.parametrize(
    ("request_", "signature"),
    [
        pytest.param(
            Signable("GET", HOST),
            "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31",
            id="get-vanilla",
        ),
        pytest.param(
            Signable("GET", HOST, headers={"My-Header1": " value1", "My-Header2": ' "a   b   c"'}),
            "acc3ed3afb60bb290fc8d2dd0098b9911fcaa05412b367055dee359757a9c736",
            id="get-header-value-trim",
        ),
        pytest.param(
            Signable("GET", f"{HOST}/{UNRESERVED}"),
            "07ef7494c76fa4850883e2b006601f940f8a34d404d0cfa977f52a65bbf5f24f",
            id="get-unreserved",
        ),
        pytest.param(
            Signable("GET", f"{HOST}/ሴ"),
            "8318018e0b0f223aa2bbf98705b62bb787dc9c0e678f255a891fd03141be5d85",
            id="get-utf8",
        ),
        pytest.param(
            Signable("GET", f"{HOST}/example space/"),
            "652487583200325589f1fba4c7e578f72c47cb61beeca81406b39ddec1366741",
            id="get-space",
        ),
        pytest.param(
            Signable("GET", f"{HOST}//example//"),
            "87cca117541a147f6df867677d98a7d80dff226d2bfca9e4ffa899665623c7e5",
            id="get-slashes-unnormalized",
        ),
        pytest.param(
            Signable("GET", HOST, [(UNRESERVED, UNRESERVED)]),
            "9c3e54bfcdf0b19771a7f523ee5669cdf59bc7cc0884027167c21bb143a40197",
            id="get-vanilla-query-unreserved",
        ),
        pytest.param(
            Signable("GET", HOST, [("ሴ", "bar")]),
            "2cdec8eed098649ff3a119c94853b13c643bcf08f8b0a1d91e12c9027818dd04",
            id="get-vanilla-utf8-query",
        ),
        pytest.param(
            Signable("GET", HOST, [("Param2", "value2"), ("Param1", "value1")]),
            "b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500",
            id="get-vanilla-query-order-key-case",
        ),
        pytest.param(
            Signable("GET", HOST, [("Param-3", "Value3"), ("Param", "Value2"), ("ሴ", "Value1")]),
            "371d3713e185cc334048618a97f809c9ffe339c62934c032af5a0e595648fcac",
            id="get-vanilla-query-order-encoded",
        ),
        pytest.param(
            Signable("POST", HOST, headers={"My-Header1": "VALUE1"}),
            "cdbc9802e29d2942e5e10b5bccfdd67c5f22c7c4e8ae67b53629efa58b974b7d",
            id="post-header-value-case",
        ),
        pytest.param(
            Signable("POST", HOST, headers=FORM_HEADERS, content=FORM),
            "d3875051da38690788ef43de4db0d8f280229d82040bfac253562e56c3f20e0b",
            id="post-x-www-form-urlencoded",
        ),
    ],
)
def test_a_signature_is_the_published_one(request_: Signable, signature: str) -> None:
    headers = signed(request_, KEY, AT)
    assert headers["Authorization"].rpartition("Signature=")[2] == signature


def test_a_temporary_key_sends_its_token_signed() -> None:
    token = "6e86291e8372ff2a2260956d9b8aae1d763fbf315fa00fa31553b73ebf194267"
    key = AwsKey("AKIDEXAMPLE", SECRET, "us-east-1", "service", token)
    assert signed(Signable("GET", HOST), key, AT) == {
        "X-Amz-Date": "20150830T123600Z",
        "X-Amz-Security-Token": token,
        "Authorization": "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, "
        "SignedHeaders=host;x-amz-date;x-amz-security-token, "
        "Signature=07ec1639c89043aa0e3e2de82b96708f198cceab042d4a97044c66dd9f74e7f8",
    }
    assert token not in repr(key)
    assert SECRET not in repr(key)


def test_the_time_zone_of_the_clock_does_not_matter() -> None:
    elsewhere = AT.astimezone(timezone(timedelta(hours=13)))
    assert signed(Signable("GET", HOST), KEY, elsewhere) == signed(Signable("GET", HOST), KEY, AT)


@pytest.mark.parametrize(
    ("request_", "signature"),
    [
        pytest.param(
            Signable("GET", f"{BUCKET}/test.txt", headers={"Range": "bytes=0-9"}, service="s3"),
            "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41",
            id="get-object",
        ),
        pytest.param(
            Signable(
                "PUT",
                f"{BUCKET}/test%24file.text",
                headers={
                    "Date": "Fri, 24 May 2013 00:00:00 GMT",
                    "X-Amz-Storage-Class": "REDUCED_REDUNDANCY",
                },
                content=b"Welcome to Amazon S3.",
                service="s3",
            ),
            "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd",
            id="put-object",
        ),
        pytest.param(
            Signable("GET", BUCKET, [("lifecycle", "")], service="s3"),
            "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543",
            id="get-lifecycle",
        ),
        pytest.param(
            Signable("GET", BUCKET, [("max-keys", "2"), ("prefix", "J")], service="s3"),
            "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7",
            id="list-objects",
        ),
    ],
)
def test_a_signature_for_s3_is_the_published_one(request_: Signable, signature: str) -> None:
    """https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html."""
    secret = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
    key = AwsKey("AKIAIOSFODNN7EXAMPLE", secret, "us-east-1", "bedrock")
    headers = signed(request_, key, datetime(2013, 5, 24, tzinfo=UTC))
    assert headers["Authorization"].rpartition("Signature=")[2] == signature
    assert headers["X-Amz-Content-Sha256"] == hashlib.sha256(request_.content).hexdigest()
