"""References to secrets: where a secret is kept, never what it is."""

from __future__ import annotations

import json
import os
import re
import stat
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from wirepost.core.errors import ConfigError
from wirepost.core.redact import redact

if TYPE_CHECKING:
    from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
    from pydantic.json_schema import JsonSchemaValue
    from pydantic_core import CoreSchema

_FORM = (
    "must be env:NAME or file:/absolute/path, or a place in another store: keyring:service/user, "
    "vault:path#field, vault-transit:key#ciphertext, aws-sm:name#key or sops:/absolute/path#key"
)
_PART = r"[^#?\s\x00-\x20]+"
_FORMS = {
    "env": re.compile(r"(?P<name>[A-Za-z_][A-Za-z0-9_]*)", re.ASCII),
    "file": re.compile(r"(?P<name>[^\0]+?)(?:#(?P<field>/[^#\0]*))?"),
    "keyring": re.compile(rf"(?P<name>{_PART}?/{_PART})"),
    "vault": re.compile(
        rf"(?P<name>{_PART})#(?P<field>{_PART})(?:\?version=(?P<option>\d{{1,9}}))?", re.ASCII
    ),
    "vault-transit": re.compile(r"(?P<name>[\w/-]+)#(?P<field>vault:v\d+:[A-Za-z0-9+/=]+)", re.ASCII),
    "aws-sm": re.compile(rf"(?P<name>{_PART})(?:#(?P<field>{_PART}))?(?:\?stage=(?P<option>[\w/+=.@-]+))?"),
    "sops": re.compile(rf"(?P<name>[^#\0]+)#(?P<field>{_PART})"),
}
"""Kind → what stands behind it; a kind that is not here does not exist."""
_OTHERS = "|".join(kind for kind in _FORMS if kind not in {"env", "file"})
_MAX_BYTES = 64 * 1024
_RANDOM = re.compile(r"(?=[^\s]*\d)(?=[^\s]*[A-Za-z])[\w+/=.~-]{24,}", re.ASCII)


def has_known_secret(text: str) -> bool:
    """Whether a text contains something shaped like a vendor's secret."""
    return redact(text) != text


def looks_secret(text: str) -> bool:
    """Whether a whole value is a vendor's secret or a long random string."""
    return has_known_secret(text) or _RANDOM.fullmatch(text) is not None


def _is_placed(kind: str, found: re.Match[str]) -> bool:
    """Whether a file is named from the root or the home, not from wherever the server happens to start."""
    name = found["name"]
    return kind not in {"file", "sops"} or name.startswith("~/") or Path(name).is_absolute()


class SecretRef:
    """Where a secret is kept, such as `env:NAME`; names it and, where that needs nobody else, reads it.

    | Form | Kept in |
    |---|---|
    | `env:NAME` | a variable of the environment |
    | `file:/path`, `file:/path.json#/pointer` | a file, or one value of a file in JSON (RFC 6901) |
    | `keyring:service/user` | the keyring of the operating system |
    | `vault:mount/data/path#field?version=3` | OpenBao or HashiCorp Vault, by the path of its API |
    | `vault-transit:key#vault:v1:…` | here, encrypted with a key of its Transit engine |
    | `aws-sm:name#key?stage=AWSPREVIOUS` | AWS Secrets Manager |
    | `sops:/path.yaml#a.b` | a file that the program SOPS decrypts |
    """

    __slots__ = ("_text", "field", "kind", "name", "option")

    kind: str
    name: str
    field: str | None
    """What is taken from there, if not all."""
    option: str | None
    """Version or stage."""

    def __init__(self, text: str) -> None:
        self._text = text.strip()
        kind, _, rest = self._text.partition(":")
        form = _FORMS.get(kind)
        found = form.fullmatch(rest) if form else None
        if found is None or (kind == "env" and has_known_secret(rest)) or not _is_placed(kind, found):
            raise ValueError(
                "a secret must not stand here; keep it elsewhere and write env:NAME or file:/absolute/path"
                if looks_secret(self._text)
                else _FORM
            )
        parts = found.groupdict()
        self.kind, self.name = kind, parts["name"]
        self.field, self.option = parts.get("field"), parts.get("option")

    def __str__(self) -> str:
        return self._text

    def __repr__(self) -> str:
        return f"SecretRef({str(self)!r})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, SecretRef) and str(self) == str(other)

    def __hash__(self) -> int:
        return hash(str(self))

    @property
    def is_local(self) -> bool:
        """Whether it can be read at once, asking nobody."""
        return self.kind in {"env", "file"}

    @property
    def path(self) -> Path:
        """The file of a `file:` or `sops:` reference."""
        return Path(self.name).expanduser()

    @property
    def title(self) -> str:
        """What a person calls the place."""
        if self.kind == "env":
            return f"the environment variable {self.name}"
        return f"the secret file {self.path}" if self.kind == "file" else f"the secret {self}"

    def resolve(self, environ: Mapping[str, str] | None = None, *, may_have_lines: bool = False) -> str:
        """The secret of a variable or a file, read anew each time; raises `ConfigError` naming the place."""
        if not self.is_local:
            raise ConfigError(
                f"{self.title} cannot be had here", hint="write env:NAME or file:/absolute/path in this place"
            )
        read = self._read_variable(os.environ if environ is None else environ) if self.kind == "env" else None
        return self.checked(self._read_file() if read is None else read, may_have_lines=may_have_lines)

    def peek(self, *, may_have_lines: bool = False) -> str | None:
        """The same, and `None` where another store would have to be asked."""
        return self.resolve(may_have_lines=may_have_lines) if self.is_local else None

    def checked(self, value: str, *, may_have_lines: bool = False) -> str:
        """The value, if it can be a secret; raises `ConfigError` naming the place.

        Only a key that is never sent, such as one in PEM form, may have several lines.
        """
        if not value:
            raise ConfigError(f"{self.title} is empty", hint="put the secret there")
        if not (value.replace("\n", "").replace("\r", "") if may_have_lines else value).isprintable():
            # Such a value would break or extend a header.
            raise ConfigError(
                f"{self.title} holds a line break or a control character", hint="keep the secret on one line"
            )
        return value

    def is_world_readable(self) -> bool:
        """Whether any account of this machine may read the file; always false for other places."""
        if self.kind != "file":
            return False
        try:
            return bool(self.path.stat().st_mode & stat.S_IROTH)
        except OSError:
            return False

    def _read_variable(self, environ: Mapping[str, str]) -> str:
        value = environ.get(self.name)
        if value is None:
            raise ConfigError(
                f"{self.title} is not set", hint=f"export {self.name}=… before starting wirepost"
            )
        return value.strip()

    def _read_file(self) -> str:
        try:
            with self.path.open("rb") as file:
                self._check_mode(os.fstat(file.fileno()))
                raw = file.read(_MAX_BYTES + 1)
        except FileNotFoundError:
            raise ConfigError(f"{self.title} does not exist", hint="create it with mode 600") from None
        except OSError as error:
            raise ConfigError(
                f"{self.title} cannot be read: {error.strerror}", hint="check its owner and mode"
            ) from None
        if len(raw) > _MAX_BYTES:
            raise ConfigError(f"{self.title} is larger than {_MAX_BYTES // 1024} KiB")
        try:
            text = raw.decode()
        except UnicodeDecodeError:
            raise ConfigError(f"{self.title} is not text in UTF-8") from None
        return text.strip() if self.field is None else self._pointed_at(text)

    def _check_mode(self, about: os.stat_result) -> None:
        """Refuse what others may read, where this account could prevent it.

        Files of another owner pass: containers mount secrets as root's, for a server that is not root.
        """
        if about.st_uid == os.geteuid() and about.st_mode & (stat.S_IRWXG | stat.S_IRWXO):
            raise ConfigError(
                f"{self.title} is open to other accounts",
                hint=f"chmod 600 {self.path}; where a container mounts it, let it have mode 0400",
            )

    def _pointed_at(self, text: str) -> str:
        """RFC 6901, 4: the string that the pointer leads to."""
        try:
            value = json.loads(text)
        except ValueError:  # its message may quote the text
            raise ConfigError(f"{self.title} is not JSON", hint="leave out what follows #") from None
        for step in (self.field or "").split("/")[1:]:
            key = step.replace("~1", "/").replace("~0", "~")
            if isinstance(value, dict):
                value = value.get(key)
            else:
                is_there = isinstance(value, list) and key.isdecimal() and int(key) < len(value)
                value = value[int(key)] if is_there else None
        if not isinstance(value, str):
            raise ConfigError(f"{self.title} has no text at {self.field}", hint="check the pointer")
        return value

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
        return {"type": "string", "pattern": f"^(env:[A-Za-z_][A-Za-z0-9_]*|file:[/~].*|({_OTHERS}):.+)$"}
