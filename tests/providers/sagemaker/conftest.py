"""SageMaker in memory."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from support.aws import Account, sandbox_account


@pytest.fixture
async def sagemaker() -> AsyncIterator[Account]:
    account = sandbox_account("sagemaker")
    yield account
    await account.connection.close()
