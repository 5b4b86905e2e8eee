"""Findings about the machine."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from support.clock import ManualClock
from support.postgres import address_in
from wirepost.cli.findings.finding import Finding
from wirepost.cli.findings.machine import (
    data_directory,
    file_system,
    file_system_of,
    programs,
    room,
    shared_database,
)
from wirepost.settings import Settings, StoreSettings
from wirepost.store.database import Database
from wirepost.store.postgres.server import Server

MOUNTS = """\
/dev/root / ext4 rw 0 0
server:/export /home nfs4 rw 0 0
tmpfs /ram tmpfs rw 0 0
/dev/sdb /mnt/my\\040disk xfs rw 0 0
broken
"""


def look(path: Path, clock: object = None) -> dict[str, Finding]:
    found = data_directory(path, clock or ManualClock(), lambda _: None)  # type: ignore[arg-type]
    return {finding.status: finding for finding in found}


def test_the_programs_here_are_fine() -> None:
    assert [finding.status for finding in programs()] == ["ok", "ok", "ok"]


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/var/lib", "ext4"),
        ("/home/me", "nfs4"),
        ("/homework", "ext4"),
        ("/mnt/my disk/a", "xfs"),
        ("/ram", "tmpfs"),
    ],
)
def test_the_file_system_below_a_path_is_found(path: str, kind: str) -> None:
    assert file_system_of(Path(path), MOUNTS) == kind
    assert file_system_of(Path(path), "") is None


@pytest.mark.parametrize(
    ("path", "statuses"), [("/home/me", ["error"]), ("/ram/x", ["warning"]), ("/var", [])]
)
def test_a_disk_that_is_no_local_disk_is_told(path: str, statuses: list[str]) -> None:
    assert [each.status for each in file_system(Path(path), MOUNTS)] == statuses


@pytest.mark.parametrize(
    ("free", "status"), [(10 * 2**20, "error"), (500 * 2**20, "warning"), (5 * 2**30, "ok")]
)
def test_a_disk_needs_room(free: int, status: str) -> None:
    assert room(free, Path("/")).status == status


def test_an_old_library_is_an_error() -> None:
    found = list(programs("3.40.1"))[-1]
    assert (found.status, found.fix) == ("error", "pip install --force-reinstall apsw")


def test_a_private_directory_is_fine(tmp_path: Path) -> None:
    tmp_path.chmod(0o700)
    found = look(tmp_path)
    assert set(found) <= {"ok", "warning"}
    assert "a durable write takes" in " ".join(
        each.what for each in data_directory(tmp_path, ManualClock(), lambda _: None)
    )


def test_an_open_directory_is_to_be_closed(tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    finding = look(tmp_path)["warning"]
    assert finding.fix == f"chmod 700 {tmp_path}"


def test_a_directory_that_is_not_there_will_be_made(tmp_path: Path) -> None:
    found = look(tmp_path / "a" / "b")
    assert found["ok"].what.endswith("will be made at the first start")
    assert not (tmp_path / "a").exists(), "looking makes nothing"


def test_a_file_in_its_place_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("x")
    assert look(tmp_path / "a")["error"].what.endswith("is no directory")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_directory_that_cannot_be_written_is_an_error(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    assert look(tmp_path)["error"].fix == f"chmod 700 {tmp_path}"
    assert "cannot be made" in look(tmp_path / "a")["error"].what


def test_a_slow_disk_is_a_warning_and_is_not_measured_for_ever(tmp_path: Path) -> None:
    class SlowDisk(ManualClock):
        def monotonic(self) -> float:
            self.advance(0.02)
            return super().monotonic()

    tmp_path.chmod(0o700)
    found = [each for each in data_directory(tmp_path, SlowDisk(), lambda _: None) if "durable" in each.what]
    assert found[0].status == "warning"
    assert "takes 20.00 ms" in found[0].what
    assert "worst of 200" not in found[0].what


def test_a_database_of_another_version_is_an_error(tmp_path: Path) -> None:
    tmp_path.chmod(0o700)
    (tmp_path / "wirepost.db").write_bytes(b"no database" * 1000)
    assert "the database cannot be used" in look(tmp_path)["error"].what


async def test_without_postgresql_nothing_is_said_of_it(tmp_path: Path) -> None:
    assert await shared_database(Settings(data_dir=tmp_path)) == []


async def test_a_postgresql_that_cannot_be_reached_is_an_error(tmp_path: Path) -> None:
    store = StoreSettings(url="postgresql://nobody@127.0.0.1:1/nowhere")
    (finding,) = await shared_database(Settings(data_dir=tmp_path, store=store))
    assert (finding.section, finding.status) == ("PostgreSQL", "error")
    assert "it cannot be reached" in finding.what
    assert finding.fix == "Start it, or correct store.url; it is connected again by itself"


@pytest.mark.services("postgres")
async def test_a_postgresql_with_the_tables_is_fine(
    tmp_path: Path, schema: str, shared_place: Server, clock: ManualClock
) -> None:
    await (await Database.open(shared_place, clock)).close()
    settings = Settings(data_dir=tmp_path, store=StoreSettings(url=address_in(schema)))
    assert [finding.status for finding in await shared_database(settings)] == ["ok"]
