"""SNS: the certificate is fetched from Amazon only, and every signed field counts."""

from __future__ import annotations

import base64
import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, padding
from cryptography.hazmat.primitives.hashes import SHA1, SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from support.keys import rsa_key
from support.signatures import NOW, incoming, terms_with, vector, verdict, verified
from wirepost.core.errors import Unavailable
from wirepost.webhooks.schemes.sns import Sns, is_sns_url
from wirepost.webhooks.verdict import Verified

PAIR, ISSUER = rsa_key(), rsa_key("issuer")
CERTIFICATE_URL = "https://sns.eu-west-1.amazonaws.com/SimpleNotificationService-0123abc.pem"
TOPIC = "arn:aws:sns:eu-west-1:123456789012:orders"
NOTE = {
    "Type": "Notification",
    "MessageId": "m-1",
    "TopicArn": TOPIC,
    "Subject": "s",
    "Message": "line\nä",
    "Timestamp": "2025-11-25T09:00:00.000Z",
}
CONFIRMATION = {
    **NOTE,
    "Type": "SubscriptionConfirmation",
    "Token": "t",
    "SubscribeURL": f"https://sns.eu-west-1.amazonaws.com/?Action=ConfirmSubscription&TopicArn={TOPIC}&Token=t",
}


def certificate(key: Any = PAIR, name: str = "sns.amazonaws.com", by: Any = None, days: int = 30) -> str:
    """Of that key for that host, issued by another key or by itself."""
    owner, start = (
        x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]),
        datetime.fromtimestamp(NOW, UTC),
    )
    issuer = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "issuer")]) if by else owner
    builder = x509.CertificateBuilder(
        issuer, owner, key.public_key(), 7, start - timedelta(1), start + timedelta(days)
    )
    named = builder.add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
    return named.sign(by or key, SHA256()).public_bytes(Encoding.PEM).decode()


def issuer() -> str:
    return certificate(ISSUER, "issuer")


def body(message: dict[str, Any], *, version: str = "2", url: str = CERTIFICATE_URL, **changed: Any) -> bytes:
    """Signed by hand as the developer guide says; `changed` after that."""
    names = ["Message", "MessageId", "Subject", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type"]
    if message["Type"] != "Notification":
        names.remove("Subject")
    lines = "".join(f"{name}\n{message[name]}\n" for name in names if name in message)
    signature = PAIR.sign(lines.encode(), padding.PKCS1v15(), SHA1() if version == "1" else SHA256())  # noqa: S303
    about = {
        "SignatureVersion": version,
        "Signature": base64.b64encode(signature).decode(),
        "SigningCertURL": url,
    }
    said = {**message, **about, **changed}
    return json.dumps({name: value for name, value in said.items() if value is not ...}).encode()


def terms(pem: str | None = None, **settings: Any):
    return terms_with(documents={CERTIFICATE_URL: pem or certificate()}, **settings)


@pytest.mark.parametrize("message", [NOTE, CONFIRMATION, {**CONFIRMATION, "Type": "UnsubscribeConfirmation"}])
@pytest.mark.parametrize("version", ["1", "2"])
async def test_each_type_of_message_is_genuine_in_both_versions(
    message: dict[str, Any], version: str
) -> None:
    found = await verified(Sns(), incoming(body(message, version=version)), terms())
    assert found == Verified("signature", f"sns-v{version}", is_id_signed=True)


@pytest.mark.parametrize("name", ["Message", "MessageId", "Subject", "Timestamp", "TopicArn"])
async def test_each_signed_field_counts(name: str) -> None:
    request = incoming(body(NOTE, **{name: "other"}))
    assert await verdict(Sns(), request, terms()) == "invalid:signature_mismatch"


@pytest.mark.parametrize("name", ["SubscribeURL", "Token"])
async def test_what_confirms_a_subscription_is_signed(name: str) -> None:
    request = incoming(body(CONFIRMATION, **{name: CONFIRMATION["SubscribeURL"] + "x"}))
    assert await verdict(Sns(), request, terms()) == "invalid:signature_mismatch"


async def test_a_message_is_signed_without_a_subject_too() -> None:
    plain = {name: value for name, value in NOTE.items() if name != "Subject"}
    assert await verdict(Sns(), incoming(body(plain)), terms()) == "valid"
    assert await verdict(Sns(), incoming(body(plain, Subject=None)), terms()) == "valid"
    assert (
        await verdict(Sns(), incoming(body(plain, Subject="added")), terms()) == "invalid:signature_mismatch"
    )


@pytest.mark.parametrize(
    "url",
    [
        "http://sns.eu-west-1.amazonaws.com/a.pem",
        "https://sns.eu-west-1.amazonaws.com.evil.example/a.pem",
        "https://sns.eu-west-1.amazonaws.com:8443/a.pem",
        "https://user@sns.eu-west-1.amazonaws.com/a.pem",
        "https://sns.eu-west-1.amazonaws.com@evil.example/a.pem",
        "https://evil.example/sns.eu-west-1.amazonaws.com/a.pem",
        "https://sns.amazonaws.com/a.pem",
        "https://s3.eu-west-1.amazonaws.com/bucket/a.pem",
        "https://sns.eu-west-1.amazonaws.com/a.pem?x=.pem",
        "https://sns.eu-west-1.amazonaws.com/../a.pem",
        "https://sns.eu-west-1.amazonaws.com/a/b.pem",
        "https://sns.eu-west-1.amazonaws.com/a.pem#",
        "https://sns.eu-west-1.amazonaws.com/a.pem\n",
        "https://sns.eu-west-1.amazonaws.com/a.txt",
        "https://sns.eu-wеst-1.amazonaws.com/a.pem",
        "HTTPS://SNS.EU-WEST-1.AMAZONAWS.COM/a.pem",
        "file:///etc/a.pem",
        "",
    ],
)
async def test_no_certificate_is_fetched_from_elsewhere(url: str) -> None:
    async def fetch(url: str) -> bytes:
        raise AssertionError(url)

    request = incoming(body(NOTE, SigningCertURL=url))
    assert await verdict(Sns(), request, replace(terms(), fetch=fetch)) == "invalid:untrusted_cert_url"


@pytest.mark.parametrize(
    "url",
    [
        "https://sns.us-gov-west-1.amazonaws.com/SimpleNotificationService-1.pem",
        "https://sns.cn-north-1.amazonaws.com.cn/SimpleNotificationService-1.pem",
        "https://sns.ap-southeast-4.amazonaws.com/SimpleNotificationService-1.pem",
    ],
)
async def test_each_region_has_its_host(url: str) -> None:
    answering = terms_with(documents={url: certificate()})
    assert await verdict(Sns(), incoming(body(NOTE, url=url)), answering) == "valid"


async def test_a_certificate_is_fetched_once() -> None:
    asked: list[str] = []

    async def fetch(url: str) -> bytes:
        asked.append(url)
        return certificate().encode()

    scheme = Sns()
    for _ in range(3):
        assert await verdict(scheme, incoming(body(NOTE)), replace(terms(), fetch=fetch)) == "valid"
    assert asked == [CERTIFICATE_URL]


@pytest.mark.parametrize(
    "pem",
    [
        certificate(name="evil.example"),
        certificate(name="xsns.amazonaws.com"),
        certificate(days=0),  # ended at this second
        certificate() + issuer(),  # has not issued it
        certificate(by=PAIR) + issuer(),  # claims to have been issued by it
        "no certificate",
        "",
    ],
    ids=["other owner", "similar owner", "ended", "other chain", "forged chain", "text", "nothing"],
)
async def test_a_certificate_must_be_one_of_sns_and_valid_now(pem: str) -> None:
    request = incoming(body(NOTE), now=NOW + 1)
    assert (
        await verdict(Sns(), request, terms_with(documents={CERTIFICATE_URL: pem}))
        == "invalid:untrusted_cert_url"
    )


async def test_a_chain_is_followed() -> None:
    pem = certificate(by=ISSUER) + issuer()
    assert await verdict(Sns(), incoming(body(NOTE)), terms(pem)) == "valid"


async def test_a_certificate_without_other_names_has_the_one_of_its_subject() -> None:
    """As in the collection, which was made without them."""
    assert await verdict(*vector("aws_sns-019")) == "valid"


async def test_a_key_of_another_kind_signs_nothing() -> None:
    pem = certificate(ec.generate_private_key(ec.SECP256R1()))
    assert await verdict(Sns(), incoming(body(NOTE)), terms(pem)) == "invalid:signature_mismatch"


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"SignatureVersion": "3"}, "unsupported_version"),
        ({"SignatureVersion": 2}, "malformed_body"),
        ({"SigningCertURL": ...}, "malformed_body"),
        ({"MessageId": ...}, "malformed_body"),
        ({"Message": {"a": 1}}, "malformed_body"),
        ({"Type": "Other"}, "malformed_body"),
        ({"Type": []}, "malformed_body"),
        ({"Signature": "é"}, "signature_mismatch"),
    ],
)
async def test_a_message_of_another_form_is_refused(changed: dict[str, Any], said: str) -> None:
    assert await verdict(Sns(), incoming(body(NOTE, **changed)), terms()) == f"invalid:{said}"


@pytest.mark.parametrize("raw", [b"", b"[]", b"null", b"\xff", b'{"Type":"Notification"}'])
async def test_a_body_that_is_no_message_is_malformed(raw: bytes) -> None:
    assert await verdict(Sns(), incoming(raw), terms()) == "invalid:malformed_body"


async def test_raw_delivery_is_refused_since_nothing_of_it_is_signed() -> None:
    request = incoming(body(NOTE), {"x-amz-sns-rawdelivery": "true"})
    assert await verdict(Sns(), request, terms()) == "invalid:no_supported_scheme"


async def test_only_topics_of_the_endpoint_are_taken() -> None:
    assert await verdict(Sns(), incoming(body(NOTE)), terms(accounts=["arn:other", TOPIC])) == "valid"
    request = incoming(body(NOTE))
    assert await verdict(Sns(), request, terms(accounts=["arn:other"])) == "invalid:untrusted_topic"


async def test_a_subscription_is_confirmed_at_amazon_only_whoever_signed() -> None:
    elsewhere = {**CONFIRMATION, "SubscribeURL": "https://evil.example/?Action=ConfirmSubscription"}
    assert await verdict(Sns(), incoming(body(elsewhere)), terms()) == "invalid:untrusted_subscribe_url"


@pytest.mark.parametrize(
    ("url", "is_amazon"),
    [
        ("https://sns.eu-west-1.amazonaws.com/?Action=ConfirmSubscription&Token=1", True),
        ("https://sns.eu-west-1.amazonaws.com?Action=ConfirmSubscription", True),
        ("http://sns.eu-west-1.amazonaws.com/?Action=ConfirmSubscription", False),
        ("https://sns.eu-west-1.amazonaws.com/other?Action=ConfirmSubscription", False),
        ("https://sns.eu-west-1.amazonaws.com.evil.example/?Action=ConfirmSubscription", False),
        ("https://sns.eu-west-1.amazonaws.com/?a b", False),
        ("https://sns.eu-west-1.amazonaws.com/?a\r\nHost: x", False),
    ],
)
def test_where_a_subscription_may_be_confirmed(url: str, is_amazon) -> None:
    assert is_sns_url(url) is is_amazon


async def test_while_no_certificate_can_be_fetched_the_sender_shall_try_again() -> None:
    async def fetch(url: str) -> bytes:
        raise Unavailable("timeout", "No answer")

    with pytest.raises(Unavailable):
        await Sns().verify(incoming(body(NOTE)), replace(terms(), fetch=fetch))
