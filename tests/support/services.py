"""Tests that need more than Python: run where the programs are found, named where they are not."""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from support.browser import find_chromium
from support.clients import find_python
from support.node import find_node
from support.postgres import find_postgres
from support.redis import find_redis

REQUIRED = "WIREPOST_TEST_SERVICES"
"""Set to `all`, a missing program is a failure instead of a skip."""

FINDERS: dict[str, Callable[[], Path | str | None]] = {
    "chromium": find_chromium,
    "django-oauth": partial(find_python, "django-oauth"),
    "node": find_node,
    "moto": partial(find_python, "moto"),
    "openai-agents": partial(find_python, "openai-agents"),
    "openbao": partial(find_python, "openbao"),
    "postgres": find_postgres,
    "redis": find_redis,
    "signatures": partial(find_python, "signatures"),
    "sops": partial(find_python, "sops"),
    "standard-webhooks": partial(find_python, "standard-webhooks"),
    "stripe": partial(find_python, "stripe"),
}
"""What `@pytest.mark.services("…")` may name, and how it is found."""


BRINGS = (
    "run scripts/install_clients; PostgreSQL must run where WIREPOST_TEST_POSTGRES says; "
    "redis-server must be on the PATH"
)


def check_services(item: pytest.Item) -> None:
    """Skip a test whose programs are missing, or fail it where all of them must be there."""
    for marker in item.iter_markers("services"):
        absent = ", ".join(name for name in marker.args if FINDERS[name]() is None)
        if absent and os.environ.get(REQUIRED) == "all":
            pytest.fail(f"needs {absent} ({BRINGS}), and {REQUIRED}=all", pytrace=False)
        if absent:
            pytest.skip(f"needs {absent}: {BRINGS}")
