"""Desks of callers on each database."""

from __future__ import annotations

import pytest

from support.event_desk import Desks


@pytest.fixture
def desks(database, clock):
    """Everything around the tools."""
    return Desks(database, clock)
