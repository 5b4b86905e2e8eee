"""`VertexClient`: requests to a project's models, and to its objects in Cloud Storage."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar
from urllib.parse import quote

from wirepost.core.errors import InvalidCall
from wirepost.upstream.google import GoogleClient, Json

if TYPE_CHECKING:
    from wirepost.settings import ConnectionSettings

API_VERSION = "v1"
LISTS = "v1beta1"
"""Models are listed in this version only."""
SANDBOX_PROJECT = "nordlicht-sandbox"
_PUBLISHER = "publishers/google/models"
STORAGE = "storage.googleapis.com"
"""https://docs.cloud.google.com/storage/docs/json_api"""


@dataclass(frozen=True)
class Bucket:
    """Where batches are read from and written to."""

    name: str
    prefix: str


SANDBOX_BUCKET = Bucket("wirepost-sandbox", "wirepost")


class VertexClient(GoogleClient):
    """One connection to Vertex AI for the time of one call."""

    version: ClassVar[str] = API_VERSION
    other_hosts: ClassVar[frozenset[str]] = frozenset({STORAGE})

    @property
    def project(self) -> str:
        """Whose account it is on."""
        settings: ConnectionSettings | None = self.options
        return settings.vertex.project if settings and settings.vertex else SANDBOX_PROJECT

    @property
    def parent(self) -> str:
        """The project in its location."""
        settings: ConnectionSettings | None = self.options
        location = settings.vertex.location if settings and settings.vertex else "global"
        return f"projects/{self.project}/locations/{location}"

    @property
    def bucket(self) -> Bucket:
        """Where batches are; raises `InvalidCall` where the connection names none."""
        settings: ConnectionSettings | None = self.options
        if settings and settings.bucket:
            return Bucket(settings.bucket.name, settings.bucket.prefix)
        if settings and settings.environment == "sandbox":
            return SANDBOX_BUCKET
        raise InvalidCall(
            "unsupported_by_provider",
            f"The connection {self.upstream.name} has no bucket, which batches of Vertex AI need",
            hint="An operator names a bucket of Cloud Storage as `bucket` of the connection",
        )

    @property
    def storage(self) -> str | None:
        """The origin of Cloud Storage; with a `base_url` it is there, too."""
        settings: ConnectionSettings | None = self.options
        return None if settings and settings.base_url else f"https://{STORAGE}"

    async def ask_model(self, model: str, method: str, body: Json) -> Json:
        """Have a model of Google's answer."""
        return await self.ask(f"{self.parent}/{model_name(model)}:{method}", body)

    async def list_page(self, *, size: int, token: str | None = None) -> Json:
        """A page of Google's models."""
        more = {} if token is None else {"pageToken": token}
        return await self.get(_PUBLISHER, version=LISTS, pageSize=str(size), **more)


def model_name(model: str) -> str:
    """A model of Google's as Vertex AI names it."""
    return f"{_PUBLISHER}/{quote(model.removeprefix(f'{_PUBLISHER}/'), safe='')}"
