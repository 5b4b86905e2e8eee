"""Jobs of a service that only the configuration describes (provider http)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import Field, StringConstraints, model_validator

from wirepost.settings.section import Section

Path = Annotated[str, StringConstraints(pattern=r"^/[\x21-\x7e]{0,500}$")]
PathOfJob = Annotated[str, StringConstraints(pattern=r"^/[\x21-\x7e]{0,400}\{id\}[\x21-\x7e]{0,100}$")]
"""With {id} for the id of a job."""
Place = Annotated[str, StringConstraints(pattern=r"^[^.\x00-\x20]+(\.[^.\x00-\x20]+){0,9}$", max_length=1000)]
"""Where a value stands in JSON: names, and numbers of items, with dots between them."""
Status = Literal[
    "queued",
    "running",
    "waiting_input",
    "succeeded",
    "partial",
    "failed",
    "cancelling",
    "cancelled",
    "expired",
]


class SubmitSettings(Section):
    """The request that starts a job; its body is the JSON that the caller gives."""

    method: Literal["POST", "PUT"] = Field(default="POST", description="Method of the request")
    path: Path = Field(description="Path of the request", examples=["/v1/exports"])
    key_header: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9-]{1,64}$")] | None = Field(
        default=None,
        description="Header in which the service takes a key, by which it carries out a repeated request "
        "once; without it a request whose answer was lost is not repeated",
        examples=["Idempotency-Key"],
    )


class CancelSettings(Section):
    """The request that ends a job."""

    method: Literal["POST", "PUT", "DELETE"] = Field(default="POST", description="Method of the request")
    path: PathOfJob = Field(description="Path of the request", examples=["/v1/exports/{id}/cancel"])


class HttpJobSettings(Section):
    """How jobs of one sort are started, followed and read."""

    submit: SubmitSettings = Field(description="The request that starts one")
    id: Place = Field(
        default="id", description="Where its id stands in the answer", examples=["data.export.id"]
    )
    status: PathOfJob = Field(description="Path that tells how it stands", examples=["/v1/exports/{id}"])
    state: Place = Field(default="status", description="Where its state stands in that answer")
    states: Mapping[str, Status] = Field(
        description="What the service's states mean; any other one means that it goes on",
        examples=[{"done": "succeeded", "error": "failed"}],
    )
    done: Place | None = Field(default=None, description="Where it says how many parts are done")
    total: Place | None = Field(default=None, description="Where it says how many parts there are")
    error: Place | None = Field(default=None, description="Where it says why it failed")
    result: PathOfJob | None = Field(
        default=None,
        description="Path of its result: JSON, JSON lines, CSV or text; without it the answer about its "
        "state",
        examples=["/v1/exports/{id}/rows"],
    )
    rows: Place | None = Field(
        default=None, description="Where the rows stand in a result that is JSON", examples=["data.items"]
    )
    cancel: CancelSettings | None = Field(default=None, description="The request that ends one")

    @model_validator(mode="after")
    def _check_states(self) -> HttpJobSettings:
        if not {"succeeded", "partial"} & set(self.states.values()):
            raise ValueError("has no state that means succeeded, so that no job would ever end well")
        return self
