"""`wirepost demo`: the tour ends by itself and keeps its promises."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from wirepost.cli import demo

pytestmark = pytest.mark.slow


def test_the_tour_ends_well_and_leaves_nothing_behind(home: Path, tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setenv("WIREPOST__READ_ONLY", "true")
    result = subprocess.run(
        [sys.executable, "-m", "wirepost", "demo"], check=False, capture_output=True, text=True, timeout=30
    )
    assert result.returncode == 0, result.stdout + result.stderr
    for text in (
        "confirmation",
        "replayed: re_",
        "exactly one refund",
        "proven by its signature",
        "not offered again",
        "records, whole",
    ):
        assert text in result.stdout
    assert not list(tmp_path.glob("wirepost-demo-*"))
    assert not (home / ".local").exists(), "a person's own data directory is not touched"


def test_a_server_that_cannot_start_fails_the_tour_in_words(tmp_path: Path) -> None:
    (tmp_path / "store").write_text("in the way of the data directory")
    command = [sys.executable, "-m", "wirepost", "demo", "--keep", str(tmp_path)]
    result = subprocess.run(command, check=False, capture_output=True, text=True, timeout=30)
    assert result.returncode == 1
    assert "the data directory cannot be used" in result.stderr
    assert "This should not have happened" in result.stderr
    assert "Traceback" not in result.stderr


def test_the_tour_chooses_a_payment_that_can_be_refunded() -> None:
    whole = {
        "status": "succeeded",
        "amount_refunded_minor": 0,
        "is_disputed": False,
        "currency": "eur",
        "amount_minor": 5000,
    }
    assert demo.is_refundable(whole)
    for change in (
        {"status": "canceled"},
        {"amount_refunded_minor": 1},
        {"is_disputed": True},
        {"currency": "jpy"},
    ):
        assert not demo.is_refundable({**whole, **change})
