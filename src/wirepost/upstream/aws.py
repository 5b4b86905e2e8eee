"""`AwsClient`: services of AWS in one region, asked with signed requests, and what their refusals mean."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar
from urllib.parse import urlencode

from wirepost.core.errors import CallError, NotConnected, Rejected, Unavailable
from wirepost.core.text import clean_line
from wirepost.upstream import faults, parts
from wirepost.upstream.client import Answer, Ask, Client
from wirepost.upstream.faults import safe_words
from wirepost.upstream.limits import Limits

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

FORM = "application/x-www-form-urlencoded; charset=utf-8"
SANDBOX = "sandbox"
SANDBOX_REGION = "us-east-1"
TIMED_OUT, SERVER_ERROR = 408, 500
LIMITS = {
    "production": Limits(requests_per_s=10, burst=20, concurrency=20),
    "test": Limits(requests_per_s=10, burst=20, concurrency=20),
    "sandbox": Limits(requests_per_s=1000, burst=1000, concurrency=100),
}
"""By environment; quotas are an account's own and differ by model and endpoint."""

_BUSY = frozenset(
    {
        *("Throttling", "ThrottlingException", "ThrottledException", "TooManyRequestsException"),
        *("RequestLimitExceeded", "SlowDown"),
    }
)
_BAD_KEY = frozenset(
    {
        *("ExpiredToken", "ExpiredTokenException", "UnrecognizedClientException", "RequestTimeTooSkewed"),
        *("InvalidSignatureException", "SignatureDoesNotMatch", "InvalidAccessKeyId", "InvalidClientTokenId"),
        *("IncompleteSignature", "MissingAuthenticationToken", "MissingAuthenticationTokenException"),
    }
)
_MEANINGS: Mapping[frozenset[str], tuple[type[CallError], str, str]] = {
    _BUSY: (Unavailable, "rate_limited", "AWS limits the rate of requests"),
    _BAD_KEY: (NotConnected, "auth_expired", "AWS refused the access key of this connection"),
    frozenset({"AccessDenied", "AccessDeniedException"}): (
        NotConnected,
        "missing_scope",
        "The access key may not do this",
    ),
    frozenset({"ResourceNotFoundException", "NoSuchKey", "NoSuchBucket"}): (
        Rejected,
        "not_found",
        "AWS has no such object",
    ),
    frozenset({"ModelNotReadyException"}): (Unavailable, "upstream_unavailable", "The model is starting"),
    frozenset({"ModelError", "ModelErrorException"}): (Rejected, "upstream_rejected", "The model failed"),
    frozenset({"ServiceQuotaExceededException"}): (
        Unavailable,
        "quota_exhausted",
        "A quota of the account is used up",
    ),
    frozenset({"ConflictException"}): (Rejected, "conflict", "AWS reports a conflict"),
}


@dataclass(frozen=True)
class Party:
    """One service of AWS: the name of its hosts, and that in signatures."""

    host: str
    signed_for: str


S3 = Party("s3", "s3")
STS = Party("sts", "sts")


@dataclass(frozen=True)
class Bucket:
    """Where jobs read and write."""

    name: str
    prefix: str
    role: str | None
    """ARN of the role that others read and write it with."""


@dataclass(frozen=True)
class Identity:
    """Whose access key signs."""

    arn: str
    account: str


SANDBOX_BUCKET = Bucket("wirepost-sandbox", "wirepost", "arn:aws:iam::123456789012:role/wirepost-sandbox")


class AwsClient(Client):
    """One account in one region for the time of one call. With a `base_url` all services are there."""

    answers_json: ClassVar[bool] = False

    @property
    def region(self) -> str:
        """Such as `eu-central-1`."""
        given = self.options.sigv4
        return str(given.region) if given else SANDBOX_REGION

    @property
    def bucket(self) -> Bucket:
        """Where jobs read and write; raises `NotConnected` where the connection names none."""
        given = self.options.bucket
        if given is not None:
            return Bucket(given.name, given.prefix, given.role)
        if self.options.environment == SANDBOX:
            return SANDBOX_BUCKET
        raise NotConnected(
            "not_connected",
            f"The connection {self.upstream.name} has no bucket, which jobs need",
            hint="An operator names one as `bucket` of the connection",
            detail={"connection": self.upstream.name},
        )

    async def ask(self, party: Party, method: str, path: str, **more: Any) -> Answer:
        """Ask one of the services; `more` is what an `Ask` has besides."""
        return await self.send(
            Ask(method, path, origin=self._origin(party), signed_for=party.signed_for, **more)
        )

    async def read(self, party: Party, method: str, path: str, **more: Any) -> dict[str, Any]:
        """The same where the answer is a JSON object."""
        answer = await self.ask(party, method, path, **more)
        try:
            found = answer.json()
        except ValueError:
            found = None
        if not isinstance(found, dict):
            raise faults.unreadable(
                self.upstream.name, Ask(method, path, is_write=more.get("is_write", False))
            )
        return found

    async def identity(self) -> Identity:
        """Whose access key it is, which needs no permission.

        https://docs.aws.amazon.com/STS/latest/APIReference/API_GetCallerIdentity.html
        """
        content = urlencode({"Action": "GetCallerIdentity", "Version": "2011-06-15"}).encode()
        answer = await self.ask(STS, "POST", "/", content=content, content_type=FORM)
        root = parsed_xml(answer.body)
        if root is None:
            raise faults.not_understood(self.upstream.name)
        return Identity(text_in(root, "Arn"), text_in(root, "Account"))

    def request_id(self, headers: Any) -> str | None:
        """AWS's id of a request."""
        found: str | None = headers.get("x-amzn-requestid") or headers.get("x-amz-request-id")
        return found

    def knows_origin(self, origin: str) -> bool:
        """Hosts of AWS in the region of the connection."""
        return origin.startswith("https://") and origin.endswith(f".{self._domain}")

    def may_retry(self, ask: Ask, answer: Answer) -> bool | None:
        """Some services refuse for the rate with status 400."""
        del ask
        return True if kind_of(answer) in _BUSY else None

    def error(self, ask: Ask, answer: Answer) -> CallError:
        """What a refusal means, by its kind.

        https://docs.aws.amazon.com/bedrock/latest/APIReference/CommonErrors.html, for S3
        https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html
        """
        kind = kind_of(answer)
        error = self._by_kind(kind, answer) or faults.refused(self.upstream.name, ask, answer)
        error.provider_code = clean_line(kind, 100) or None
        return error

    def _by_kind(self, kind: str, answer: Answer) -> CallError | None:
        words = words_of(answer)
        said = f": {words}" if words else ""
        meaning = next((meaning for kinds, meaning in _MEANINGS.items() if kind in kinds), None)
        if meaning is not None:
            family, code, message = meaning
            return family(code, message + said)
        if kind and answer.status < SERVER_ERROR and answer.status != TIMED_OUT:
            return Rejected("upstream_rejected", f"AWS refused{said or f': {kind}'}")
        return None

    @property
    def _domain(self) -> str:
        suffix = "amazonaws.com.cn" if self.region.startswith("cn-") else "amazonaws.com"
        return f"{self.region}.{suffix}"

    def _origin(self, party: Party) -> str | None:
        return None if self.options.base_url else f"https://{party.host}.{self._domain}"


def kind_of(answer: Answer) -> str:
    """AWS's name for what is wrong: from a header, a JSON body or XML; empty where there is none."""
    said = answer.headers.get("x-amzn-errortype") or parts.words(_body(answer).get("__type"))
    if said:
        return said.partition(":")[0].rpartition("#")[2]
    root = None if answer.is_success else parsed_xml(answer.body)
    return "" if root is None else text_in(root, "Code")


def words_of(answer: Answer) -> str:
    """AWS's words for what is wrong, safe to show."""
    body = _body(answer)
    words = parts.words(body.get("message")) or parts.words(body.get("Message"))
    root = None if words else parsed_xml(answer.body)
    return words or ("" if root is None else safe_words(text_in(root, "Message")))


def parsed_xml(body: bytes) -> Element | None:
    """XML without entities of its own; `None` for anything else."""
    from xml.etree.ElementTree import ParseError

    from defusedxml import DefusedXmlException
    from defusedxml.ElementTree import fromstring

    try:
        root: Element = fromstring(body, forbid_dtd=True)
    except (DefusedXmlException, ParseError, ValueError, LookupError):
        return None
    return root


def text_in(element: Element, name: str) -> str:
    """The text of the first element of this name, in any namespace; empty where there is none."""
    found = element.find(f".//{{*}}{name}")
    return "" if found is None else (found.text or "").strip()


def _body(answer: Answer) -> dict[str, Any]:
    try:
        found = answer.json()
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}
