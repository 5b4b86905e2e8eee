"""`AwsSandbox`: what the services of AWS have in common: signed requests, refusals, a store of objects."""

from __future__ import annotations

import re
from abc import abstractmethod
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar
from urllib.parse import unquote
from xml.sax.saxutils import escape

import orjson

from wirepost.core.clock import Clock
from wirepost.sandbox.faults import Fault
from wirepost.sandbox.vendor import Request, Response, Sandbox
from wirepost.sandbox.world import SEED, World

ACCOUNT = "123456789012"
REGION = "us-east-1"
XML = "application/xml"
PAGE = 1000
_SIGNED = re.compile(
    r"AWS4-HMAC-SHA256 Credential=(?P<id>\w+)/\d{8}/[a-z0-9-]+/(?P<service>[a-z0-9-]+)/aws4_request, ?"
    r"SignedHeaders=(?P<headers>[a-z0-9;-]+), ?Signature=[0-9a-f]{64}"
)
_RANGE = re.compile(r"bytes=(\d+)-(\d+)")
_KINDS: Mapping[int, str] = {
    403: "AccessDeniedException",
    404: "ResourceNotFoundException",
    424: "ModelErrorException",
    429: "ThrottlingException",
    500: "InternalServerException",
    503: "ServiceUnavailableException",
}


class Refused(Exception):
    """A refusal by its kind."""

    def __init__(self, status: int, kind: str, message: str) -> None:
        super().__init__(message)
        self.status, self.kind, self.message = status, kind, message


@dataclass(frozen=True)
class Signer:
    """What an `Authorization` says."""

    key_id: str
    signed_for: str


class AwsSandbox(Sandbox):
    """An account in one region; a bucket is there as soon as something is put into it.

    With `hides_absent`, objects that are not there are refused as those that may not be read, as AWS does
    for keys without `s3:ListBucket`.
    """

    key: ClassVar[str] = "sandbox/secret/access/key"

    def __init__(
        self,
        world: World,
        clock: Clock,
        seed: int = SEED,
        *,
        accounts: Collection[str] = (),
        hides_absent: bool = False,
    ) -> None:
        super().__init__(world, clock, seed, accounts=accounts)
        self.hides_absent = hides_absent
        self.objects: dict[tuple[str, str], bytes] = {}
        """(bucket, key) → content."""
        self._numbered = 0
        self.forget()

    def forget(self) -> None:
        """Drop everything that requests made."""
        self.objects.clear()

    @abstractmethod
    def act(self, request: Request) -> Response | None:
        """Answer a request to the services that are imitated; `None` for one to another."""

    @abstractmethod
    def pass_time(self) -> None:
        """Let happen what should have happened by now."""

    async def respond(self, request: Request, fault: Fault | None) -> Response:
        """Check, process, answer."""
        if fault is not None and fault.kind == "slow":
            await self.clock.sleep(fault.delay_s)
        self._numbered += 1
        response = self._answer(request, fault)
        response.headers["x-amzn-RequestId"] = f"sandbox-{self._numbered:08}"
        return response

    def _answer(self, request: Request, fault: Fault | None) -> Response:
        try:
            signer = _signer(request)
        except Refused as refusal:
            return refused(refusal)
        is_store = signer.signed_for == "s3"
        try:
            return self._disturbed_or_done(request, signer, fault)
        except Refused as refusal:
            response = refused_by_store(refusal) if is_store else refused(refusal)
            if fault is not None and fault.retry_after is not None:
                response.headers["Retry-After"] = fault.retry_after
            return response

    def _disturbed_or_done(self, request: Request, signer: Signer, fault: Fault | None) -> Response:
        if fault is not None and fault.kind == "status":
            if fault.is_applied:
                self._processed(request, signer)
            raise Refused(fault.status, _KINDS.get(fault.status, "ValidationException"), "On demand")
        self._check_rate()
        return self._processed(request, signer)

    def _processed(self, request: Request, signer: Signer) -> Response:
        self.pass_time()
        if signer.signed_for == "s3":
            return self._stored(request)
        if signer.signed_for == "sts":
            return _identity()
        response = self.act(request)
        if response is None:
            raise Refused(404, "UnknownOperationException", "")
        return response

    def _check_rate(self) -> None:
        bucket = self.buckets.get("*")
        if bucket is not None and not bucket.take():
            raise Refused(429, "ThrottlingException", "Too many requests, please wait before trying again.")

    def _stored(self, request: Request) -> Response:
        bucket, _, key = unquote(request.path).lstrip("/").partition("/")
        if "x-amz-content-sha256" not in request.headers:
            raise Refused(400, "InvalidRequest", "Missing required header: x-amz-content-sha256")
        if not key:
            return self._listed(bucket, dict(request.query))
        if request.method == "PUT":
            self.objects[bucket, key] = request.body
            return Response(200, b"", content_type=XML)
        content = self.objects.get((bucket, key))
        if content is None:
            if self.hides_absent:
                raise Refused(403, "AccessDenied", "Access Denied")
            raise Refused(404, "NoSuchKey", "The specified key does not exist.")
        return _object(request, content)

    def _listed(self, bucket: str, query: Mapping[str, str]) -> Response:
        """ListObjectsV2; the token is the last name of the page before."""
        begin, after = query.get("prefix", ""), query.get("continuation-token", "")
        names = sorted(key for at, key in self.objects if at == bucket and key.startswith(begin))
        rest = [name for name in names if name > after]
        shown = rest[:PAGE]
        rows = "".join(
            f"<Contents><Key>{escape(name)}</Key><Size>{len(self.objects[bucket, name])}</Size></Contents>"
            for name in shown
        )
        is_cut = len(rest) > PAGE
        more = f"<NextContinuationToken>{escape(shown[-1])}</NextContinuationToken>" if is_cut else ""
        body = (
            '<?xml version="1.0" encoding="UTF-8"?><ListBucketResult '
            f'xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Name>{bucket}</Name>'
            f"<KeyCount>{len(shown)}</KeyCount><IsTruncated>{str(is_cut).lower()}</IsTruncated>{more}{rows}"
            "</ListBucketResult>"
        )
        return Response(200, body.encode(), content_type=XML)


def json_answer(body: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """An answer in JSON."""
    return Response(status, orjson.dumps(body), dict(headers or {}))


def json_of(request: Request) -> dict[str, Any]:
    """The body of a request; raises `Refused`."""
    try:
        found = orjson.loads(request.body)
    except orjson.JSONDecodeError:
        found = None
    if not isinstance(found, dict):
        raise Refused(400, "SerializationException", "The body is no JSON object")
    return found


def refused(refusal: Refused) -> Response:
    """A refusal in JSON."""
    return json_answer({"message": refusal.message}, refusal.status, {"x-amzn-ErrorType": refusal.kind})


def refused_by_store(refusal: Refused) -> Response:
    """A refusal as S3 writes it."""
    kind = "SlowDown" if refusal.kind == "ThrottlingException" else refusal.kind
    body = f"<Error><Code>{kind}</Code><Message>{escape(refusal.message)}</Message></Error>"
    return Response(503 if kind == "SlowDown" else refusal.status, body.encode(), content_type=XML)


def _signer(request: Request) -> Signer:
    found = _SIGNED.fullmatch(request.headers.get("authorization", ""))
    if found is None or "x-amz-date" not in request.headers:
        raise Refused(403, "MissingAuthenticationTokenException", "Missing Authentication Token")
    if not {"host", "x-amz-date"} <= set(found["headers"].split(";")):
        raise Refused(403, "InvalidSignatureException", "'Host' and 'X-Amz-Date' must be signed headers")
    return Signer(found["id"], found["service"])


def _object(request: Request, content: bytes) -> Response:
    kind = "application/octet-stream"
    if request.method == "HEAD":
        return Response(200, content, content_type=kind)
    part = _RANGE.fullmatch(request.headers.get("range", ""))
    if part is None:
        return Response(200, content, content_type=kind)
    start, end = int(part[1]), int(part[2])
    if start >= len(content):
        raise Refused(416, "InvalidRange", "The requested range is not satisfiable")
    shown = content[start : end + 1]
    told = {"Content-Range": f"bytes {start}-{start + len(shown) - 1}/{len(content)}"}
    return Response(206, shown, told, kind)


def _identity() -> Response:
    arn = f"arn:aws:sts::{ACCOUNT}:assumed-role/wirepost-sandbox/session"
    body = (
        '<GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/">'
        f"<GetCallerIdentityResult><Arn>{arn}</Arn><UserId>AROASANDBOX:session</UserId>"
        f"<Account>{ACCOUNT}</Account></GetCallerIdentityResult></GetCallerIdentityResponse>"
    )
    return Response(200, body.encode(), content_type="text/xml")
