"""Bedrock in memory."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from support.aws import Account, sandbox_account


@pytest.fixture
async def bedrock() -> AsyncIterator[Account]:
    account = sandbox_account("bedrock")
    yield account
    await account.connection.close()
