"""Amazon SNS signs chosen fields of its message with a key whose certificate the message names."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import orjson

from wirepost.webhooks.incoming import Incoming
from wirepost.webhooks.schemes.checks import from_base64
from wirepost.webhooks.schemes.published import Published
from wirepost.webhooks.verdict import Rejected, Verified
from wirepost.webhooks.webhook import Terms

if TYPE_CHECKING:
    from cryptography.x509 import Certificate

_HOST = r"https://sns\.(?:[a-z]{2,12}-){2,3}[0-9]{1,2}\.amazonaws\.com(?:\.cn)?"
_CERTIFICATE = re.compile(_HOST + r"/[A-Za-z0-9_-]{1,200}\.pem")
_SUBSCRIBE = re.compile(_HOST + r"/?\?[!-~]{1,4000}")
_OWNER = re.compile(r"sns\.(?:[a-z0-9-]{1,40}\.)?amazonaws\.com(?:\.cn)?")
_OPTIONAL = "Subject"
_CONFIRMATION = ("Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type")
_SIGNED: Mapping[str, tuple[str, ...]] = {
    "Notification": ("Message", "MessageId", _OPTIONAL, "Timestamp", "TopicArn", "Type"),
    "SubscriptionConfirmation": _CONFIRMATION,
    "UnsubscribeConfirmation": _CONFIRMATION,
}
"""Type of message → the fields that are signed, in order."""


def is_sns_url(url: str) -> bool:
    """Whether an address to confirm a subscription at is one of Amazon's."""
    return _SUBSCRIBE.fullmatch(url) is not None


@dataclass(frozen=True)
class Sns:
    """RSA over names and values; the certificate counts because Amazon's own host hands it out."""

    name: str = "sns"
    certificates: Published[Certificate] = field(
        default_factory=lambda: Published(_read_certificate, "untrusted_cert_url"), compare=False, repr=False
    )

    async def verify(self, request: Incoming, terms: Terms) -> Verified:
        """What makes it genuine; raises `Rejected`, and `Unavailable` while no certificate can be fetched."""
        if (request.header("x-amz-sns-rawdelivery") or "").lower() == "true":
            raise Rejected("no_supported_scheme", "raw delivery is not signed")
        message = _read_message(request.body)
        version, url = message["SignatureVersion"], message["SigningCertURL"]
        if version not in {"1", "2"}:
            raise Rejected("unsupported_version", "SignatureVersion")
        if not _CERTIFICATE.fullmatch(url):
            raise Rejected("untrusted_cert_url")
        certificate = await self.certificates.get(url, terms, request.now)
        moment = datetime.fromtimestamp(request.now, UTC)
        if not certificate.not_valid_before_utc <= moment <= certificate.not_valid_after_utc:
            raise Rejected("untrusted_cert_url", "the certificate is not valid now")
        if not _is_signed(certificate, message, version):
            raise Rejected("signature_mismatch")
        if terms.settings.accounts and message["TopicArn"] not in terms.settings.accounts:
            raise Rejected("untrusted_topic")
        if "SubscribeURL" in message and not is_sns_url(message["SubscribeURL"]):
            raise Rejected("untrusted_subscribe_url")
        return Verified("signature", f"sns-v{version}", is_id_signed=True)


def _read_message(body: bytes) -> dict[str, str]:
    """The signed fields, and those about the signature; raises `Rejected`."""
    try:
        said: Any = orjson.loads(body)
        names = _SIGNED[said["Type"]]
        wanted = [*names, "SignatureVersion", "SigningCertURL", "Signature"]
        found = {name: said[name] for name in wanted if name != _OPTIONAL or said.get(name) is not None}
    except (ValueError, LookupError, TypeError, AttributeError):
        raise Rejected("malformed_body") from None
    if not all(isinstance(value, str) for value in found.values()):
        raise Rejected("malformed_body")
    return found


def _is_signed(certificate: Certificate, message: Mapping[str, str], version: str) -> bool:
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
    from cryptography.hazmat.primitives.hashes import SHA1, SHA256

    lines = "".join(f"{name}\n{message[name]}\n" for name in _SIGNED[message["Type"]] if name in message)
    key, signature = certificate.public_key(), from_base64(message["Signature"])
    if signature is None or not isinstance(key, RSAPublicKey):
        return False
    try:
        algorithm = SHA1() if version == "1" else SHA256()  # noqa: S303 - version 1 is what topics sign with until they are told otherwise
        key.verify(signature, lines.encode(), PKCS1v15(), algorithm)
    except InvalidSignature:
        return False
    return True


def _read_certificate(raw: bytes) -> Certificate:
    """The signer's certificate; those behind it must have issued each other. Raises `ValueError`."""
    from cryptography.exceptions import InvalidSignature
    from cryptography.x509 import load_pem_x509_certificates

    chain = load_pem_x509_certificates(raw)
    try:
        for issued, issuer in pairwise(chain):
            issued.verify_directly_issued_by(issuer)
    except (InvalidSignature, TypeError):
        raise ValueError("the certificates do not belong together") from None
    if not any(_OWNER.fullmatch(name) for name in _names(chain[0])):
        raise ValueError("it is not a certificate of SNS")
    return chain[0]


def _names(certificate: Certificate) -> list[str]:
    from cryptography.x509 import DNSName, DuplicateExtension, ExtensionNotFound, SubjectAlternativeName
    from cryptography.x509.oid import NameOID

    try:
        extension = certificate.extensions.get_extension_for_class(SubjectAlternativeName)
        return extension.value.get_values_for_type(DNSName)
    except DuplicateExtension:
        return []
    except ExtensionNotFound:
        return [str(each.value) for each in certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)]


SNS = Sns()
