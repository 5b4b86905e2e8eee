"""Secrets in files that the program SOPS decrypts (https://getsops.io/docs/)."""

from __future__ import annotations

import asyncio
from asyncio.subprocess import DEVNULL, PIPE
from typing import TYPE_CHECKING

import orjson

from wirepost.core.errors import ConfigError
from wirepost.core.redact import SECRETS
from wirepost.core.text import clean_line, cut
from wirepost.secrets.answers import Unreachable

if TYPE_CHECKING:
    from wirepost.core.secret_refs import SecretRef

PROGRAM = "sops"
RUN_S = 30.0
"""It may have to ask a cloud for the key of the file."""
_MAX_WORDS = 200


async def read(reference: SecretRef, program: str = PROGRAM, run_s: float = RUN_S) -> str:
    """The value at the reference's dotted path; raises `ConfigError`.

    Keys come from where SOPS looks for them: SOPS_AGE_KEY_FILE and the like in the server's environment.
    """
    command = (program, "decrypt", "--extract", _path(reference.field or ""), str(reference.path))
    try:
        process = await asyncio.create_subprocess_exec(*command, stdin=DEVNULL, stdout=PIPE, stderr=PIPE)
    except OSError as error:
        raise ConfigError(
            f"{reference.title} cannot be read: {program} does not start ({error.strerror})",
            hint="install SOPS: https://github.com/getsops/sops/releases",
        ) from None
    try:
        async with asyncio.timeout(run_s):
            value, complaints = await process.communicate()
    except TimeoutError:
        raise Unreachable(f"{reference.title} cannot be read: {program} takes too long") from None
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    if process.returncode != 0:
        words = cut(SECRETS.text(clean_line(complaints.decode(errors="replace"))), _MAX_WORDS)
        raise ConfigError(
            f"{reference.title} cannot be read: {words}", hint=f"try: {program} decrypt {reference.path}"
        )
    return value.decode(errors="replace").removesuffix("\n")


def _path(field: str) -> str:
    """`a.0.b` as SOPS writes it: `["a"][0]["b"]`."""
    steps = (step if step.isdecimal() else orjson.dumps(step).decode() for step in field.split("."))
    return "".join(f"[{step}]" for step in steps)
