"""`FaultSettings`: a fault of the sandbox as people describe it, on one line or option by option."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import Field, model_validator

from wirepost.settings.section import Number, Section, Whole

if TYPE_CHECKING:
    from pydantic import GetJsonSchemaHandler
    from pydantic.json_schema import JsonSchemaValue
    from pydantic_core import CoreSchema

FaultKind = Literal["status", "slow", "refused", "cut", "lost_answer", "malformed", "html"]
PAGE_STATUS = 200
"""A proxy's page may come with this, too: some say in words only that they failed."""

_SHORT = {"delay": "delay_s", "applied": "is_applied"}


class FaultSettings(Section):
    """A fault the sandbox shows from the start, on one line such as `429;times=3` or option by option.

    `wirepost sandbox faults` takes the same line; it adds and removes faults later.
    """

    kind: FaultKind = Field(
        description="status: an error answer; slow: the right one, late; refused: no connection; "
        "cut: it ends before anything is done; lost_answer: it ends after the request was carried out; "
        "malformed: half of the answer; html: a proxy's page"
    )
    match: str = Field(
        default="*", description="Method and path, with * for any text", examples=["POST /v1/refunds"]
    )
    times: Annotated[Whole, Field(ge=1)] | None = Field(
        default=1, description="How many requests it concerns; empty, or always on the line: every one"
    )
    status: Whole = Field(
        default=502, description="Error status, for kinds status and html; html may also have 200"
    )
    retry_after: str | None = Field(default=None, description="Value of the Retry-After header")
    delay_s: Annotated[Number, Field(ge=0)] = Field(
        default=0, description="Seconds before the answer, for kind slow"
    )
    is_applied: bool = Field(
        default=False, description="The request is carried out all the same, for kinds status and html"
    )

    @model_validator(mode="before")
    @classmethod
    def _read_line(cls, value: Any) -> Any:
        is_line = isinstance(value, str | int) and not isinstance(value, bool)  # YAML reads 429 as a number
        return _options_on(str(value)) if is_line else value

    @model_validator(mode="after")
    def _check_status(self) -> FaultSettings:
        if not 400 <= self.status <= 599 and (self.kind, self.status) != ("html", PAGE_STATUS):  # noqa: PLR2004
            raise ValueError("the status must be an error, 400 to 599; html may also have 200")
        return self

    @classmethod
    def __get_pydantic_json_schema__(
        cls, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        """What editors accept: the line as well."""
        return {"anyOf": [{"type": ["string", "integer"]}, handler(schema)]}


def _options_on(line: str) -> dict[str, Any]:
    """`429;retry-after=2;match=POST /v1/refunds` or `slow=3;times=always` as options, not yet checked."""
    head, *rest = [part.strip() for part in line.split(";")]
    options: dict[str, Any] = {}
    if head.isdecimal():
        options["kind"], options["status"] = "status", head
    else:
        kind, is_given, value = head.partition("=")
        options["kind"] = "slow" if kind == "delay" else kind
        if is_given:
            options["delay_s" if options["kind"] == "slow" else "status"] = value
    for part in rest:
        name, is_given, value = (each.strip() for each in part.partition("="))
        option = _SHORT.get(name, name.replace("-", "_"))
        options[option] = value if is_given else True
    if options.get("times") == "always":
        options["times"] = None
    return options
