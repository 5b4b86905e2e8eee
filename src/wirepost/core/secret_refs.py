"""References to secrets: where a secret is kept, never what it is."""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from wirepost.core.errors import ConfigError
from wirepost.core.redact import redact

if TYPE_CHECKING:
    from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
    from pydantic.json_schema import JsonSchemaValue
    from pydantic_core import CoreSchema

_FORM = "must be env:NAME or file:/absolute/path"
_ENV_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*", re.ASCII)
_MAX_BYTES = 64 * 1024
_RANDOM = re.compile(r"(?=[^\s]*\d)(?=[^\s]*[A-Za-z])[\w+/=.~-]{24,}", re.ASCII)


def has_known_secret(text: str) -> bool:
    """Whether a text contains something shaped like a vendor's secret."""
    return redact(text) != text


def looks_secret(text: str) -> bool:
    """Whether a whole value is a vendor's secret or a long random string."""
    return has_known_secret(text) or _RANDOM.fullmatch(text) is not None


def _is_absolute(name: str) -> bool:
    return (name.startswith("~/") or Path(name).is_absolute()) and "\0" not in name


class SecretRef:
    """`env:NAME` or `file:/absolute/path`; resolved anew each time, so that a rotated secret is seen."""

    __slots__ = ("kind", "name")

    kind: Literal["env", "file"]
    name: str

    def __init__(self, text: str) -> None:
        kind, _, name = text.strip().partition(":")
        if kind == "env" and _ENV_NAME.fullmatch(name) and not has_known_secret(name):
            self.kind = "env"
        elif kind == "file" and _is_absolute(name):
            self.kind = "file"
        elif looks_secret(text.strip()) or has_known_secret(text):
            raise ValueError(
                "a secret must not stand here; keep it elsewhere and write env:NAME or file:/absolute/path"
            )
        else:
            raise ValueError(_FORM)
        self.name = name

    def __str__(self) -> str:
        return f"{self.kind}:{self.name}"

    def __repr__(self) -> str:
        return f"SecretRef({str(self)!r})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, SecretRef) and str(self) == str(other)

    def __hash__(self) -> int:
        return hash(str(self))

    def resolve(self, environ: Mapping[str, str] | None = None, *, may_have_lines: bool = False) -> str:
        """The secret itself; raises `ConfigError` naming the variable or file.

        Only a key that is never sent, such as one in PEM form, may have several lines.
        """
        value = (
            self._read_variable(os.environ if environ is None else environ)
            if self.kind == "env"
            else self._read_file()
        )
        if not value:
            raise ConfigError(f"{self._title} is empty", hint="put the secret there")
        if not (value.replace("\n", "").replace("\r", "") if may_have_lines else value).isprintable():
            # Such a value would break or extend a header.
            raise ConfigError(
                f"{self._title} holds a line break or a control character", hint="keep the secret on one line"
            )
        return value

    def is_world_readable(self) -> bool:
        """Whether any account of this machine may read the file; always false for variables."""
        if self.kind == "env" or os.name == "nt":
            return False
        try:
            return bool(self.path.stat().st_mode & stat.S_IROTH)
        except OSError:
            return False

    @property
    def path(self) -> Path:
        """The file of a `file:` reference."""
        return Path(self.name).expanduser()

    @property
    def _title(self) -> str:
        return (
            f"the environment variable {self.name}" if self.kind == "env" else f"the secret file {self.path}"
        )

    def _read_variable(self, environ: Mapping[str, str]) -> str:
        value = environ.get(self.name)
        if value is None:
            raise ConfigError(
                f"{self._title} is not set", hint=f"export {self.name}=… before starting wirepost"
            )
        return value.strip()

    def _read_file(self) -> str:
        try:
            with self.path.open("rb") as file:
                raw = file.read(_MAX_BYTES + 1)
        except FileNotFoundError:
            raise ConfigError(f"{self._title} does not exist", hint="create it with mode 600") from None
        except OSError as error:
            raise ConfigError(
                f"{self._title} cannot be read: {error.strerror}", hint="check its owner and mode"
            ) from None
        if len(raw) > _MAX_BYTES:
            raise ConfigError(f"{self._title} is larger than {_MAX_BYTES // 1024} KiB")
        try:
            return raw.decode().strip()
        except UnicodeDecodeError:
            raise ConfigError(f"{self._title} is not text in UTF-8") from None

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        """A string in files and environment, this class in settings."""
        from pydantic_core import core_schema

        def read(value: Any) -> SecretRef:
            if isinstance(value, SecretRef):
                return value
            if not isinstance(value, str):
                raise ValueError(_FORM)  # noqa: TRY004 - pydantic reports ValueError with the place, TypeError escapes
            return cls(value)

        return core_schema.no_info_plain_validator_function(
            read, serialization=core_schema.plain_serializer_function_ser_schema(str)
        )

    @classmethod
    def __get_pydantic_json_schema__(
        cls, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        """What editors accept."""
        return {"type": "string", "pattern": "^(env:[A-Za-z_][A-Za-z0-9_]*|file:[/~].*)$"}
