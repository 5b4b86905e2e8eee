"""CRM tools over a CRM on paper."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from support.clock import ManualClock
from support.crm_desk import CrmDesk, crm_desk, on_paper
from support.paper_crm import PaperBook
from support.paper_shop import empty_book, shop, shop_book


@pytest.fixture
def book(clock: ManualClock) -> PaperBook:
    """Everything the shop knows."""
    return shop_book(clock)


@pytest.fixture
def blank(clock: ManualClock) -> PaperBook:
    """Forms without a single sheet."""
    return empty_book(clock)


@pytest.fixture
async def desk(tmp_path: Path, clock: ManualClock, book: PaperBook) -> AsyncIterator[CrmDesk]:
    """The call path over the shop's book."""
    async with crm_desk(tmp_path, clock, on_paper(book), shop()) as opened:
        yield opened
