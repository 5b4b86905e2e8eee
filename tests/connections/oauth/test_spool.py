"""New tokens that the database did not take."""

from __future__ import annotations

import pytest

from wirepost.connections.accounts import Account, Tokens
from wirepost.connections.oauth.spool import Spool
from wirepost.secrets.vault import KeyRing, Vault

ACCOUNT = Account(
    "crm", "anna", id="acc_1", scopes_granted=("a", "b"), tokens=Tokens("an-access-token", "r"), generation=7
)


@pytest.fixture
def spool(tmp_path):
    return Spool(tmp_path / "unsaved", Vault(KeyRing([b"k" * 32])))


def test_what_is_kept_comes_back_whole_and_once(spool, tmp_path) -> None:
    assert spool.kept() == []
    spool.keep(ACCOUNT)
    spool.keep(ACCOUNT)
    assert spool.kept() == [ACCOUNT]
    (file,) = (tmp_path / "unsaved").iterdir()
    assert "an-access-token" not in file.read_text()
    assert file.stat().st_mode & 0o077 == 0
    assert file.parent.stat().st_mode & 0o077 == 0
    spool.drop(ACCOUNT)
    spool.drop(ACCOUNT)
    assert spool.kept() == []


def test_accounts_do_not_share_a_file(spool) -> None:
    other = Account("crm", "berta")
    spool.keep(ACCOUNT)
    spool.keep(other)
    assert sorted(spool.kept(), key=lambda each: each.owner) == [ACCOUNT, other]


def test_what_cannot_be_opened_stays_and_stops_nobody(spool, tmp_path, caplog) -> None:
    spool.keep(ACCOUNT)
    Spool(tmp_path / "unsaved", Vault(KeyRing([b"x" * 32]))).keep(Account("other"))
    (tmp_path / "unsaved" / "cut.sealed").write_text("v1.half")
    (tmp_path / "unsaved" / "odd.sealed").write_bytes(b"\xff")
    assert spool.kept() == [ACCOUNT]
    assert caplog.text.count("kept tokens cannot be read") == 3
    assert len(list((tmp_path / "unsaved").iterdir())) == 4
