"""`Fault`: one way in which a vendor's answer goes wrong, on demand."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from fnmatch import fnmatchcase
from typing import Any, Literal, get_args

Kind = Literal["status", "slow", "refused", "cut", "lost_answer", "malformed", "html"]
KINDS: tuple[str, ...] = get_args(Kind)
EXAMPLE = "429;retry-after=2;times=3;match=POST /v1/refunds"


class BadFault(ValueError):
    """A description of a fault that cannot be read; says what is possible."""


@dataclass
class Fault:
    """What goes wrong, for which requests, how often.

    - `status`: an error answer of the vendor; nothing is done, unless `is_applied`
    - `slow`: the right answer after `delay_s`
    - `refused`: no connection
    - `cut`: the connection ends before the request is processed
    - `lost_answer`: the request is processed, then the connection ends
    - `malformed`: the request is processed, half of the answer arrives
    - `html`: a proxy's page instead of the vendor's answer; nothing is done, unless `is_applied`
    """

    kind: Kind
    match: str = "*"
    """`METHOD /path` or `/path`, both with `*`."""
    times: int | None = 1
    """How many requests are hit; `None` is every one."""
    status: int = 502
    retry_after: str | None = None
    delay_s: float = 0.0
    is_applied: bool = False

    @classmethod
    def parse(cls, text: str) -> Fault:
        """Read `429;retry-after=2;times=3;match=POST /v1/refunds` or `lost_answer;match=POST *`."""
        head, *options = [part.strip() for part in text.split(";")]
        fault = cls(kind="status", status=int(head)) if head.isdecimal() else _named(head)
        for option in options:
            name, _, value = option.partition("=")
            _set(fault, name.strip(), value.strip())
        if not 400 <= fault.status <= 599 and not (fault.kind == "html" and fault.status == 200):  # noqa: PLR2004
            msg = f"{fault.status} is no error status"
            raise BadFault(msg)
        return fault

    def hits(self, method: str, path: str) -> bool:
        """Is this request meant?"""
        verb, _, glob = self.match.rpartition(" ")
        return fnmatchcase(path, glob) and fnmatchcase(method, verb.strip().upper() or "*")

    def shown(self) -> dict[str, Any]:
        """The fault as JSON."""
        return asdict(self)


def _named(head: str) -> Fault:
    name, _, value = head.partition("=")
    kind = "slow" if name == "delay" else name
    if kind not in KINDS:
        possible = ", ".join(KINDS)
        msg = f"unknown fault {name!r}: a status such as 429, or one of {possible}; for example {EXAMPLE!r}"
        raise BadFault(msg)
    fault = Fault(kind=kind)  # type: ignore[arg-type] # checked above
    if value:
        _set(fault, "delay" if kind == "slow" else "status", value)
    return fault


def _set(fault: Fault, name: str, value: str) -> None:
    read = _OPTIONS.get(name)
    if read is None:
        msg = f"unknown option {name!r}: {', '.join(_OPTIONS)}"
        raise BadFault(msg)
    field, convert = read
    try:
        setattr(fault, field, convert(value))
    except ValueError:
        msg = f"{name}={value!r} is no number"
        raise BadFault(msg) from None


_OPTIONS: dict[str, tuple[str, Callable[[str], Any]]] = {
    "retry-after": ("retry_after", str),
    "times": ("times", lambda value: None if value == "always" else int(value)),
    "match": ("match", str),
    "status": ("status", int),
    "delay": ("delay_s", float),
    "applied": ("is_applied", lambda _: True),
}
