"""Files keep rows in their order, in parts, for one caller and for a while."""

from __future__ import annotations

import hashlib

import orjson
import pytest

from wirepost.core.errors import InvalidCall, Rejected
from wirepost.jobs.files import Files

ROWS = [{"id": number, "text": "größer\r\n\u2028" * 3} for number in range(40)]


async def each(rows):
    for row in rows:
        if isinstance(row, Exception):
            raise row
        yield row


@pytest.fixture(params=[1, 200, 10**6])
def roomy(request, database, clock):
    return Files(database, clock, max_mb=1, keep_days=2, part_bytes=request.param)


async def test_any_page_can_be_read_wherever_parts_end(roomy):
    file = (await roomy.write("anna", "n", each(ROWS))).file
    for first in (0, 1, 7, 39, 40, 99):
        assert await roomy.page(file, first, 5) == ROWS[first : first + 5]
    assert [row async for row in roomy.rows(file)] == ROWS
    assert [row async for row in roomy.rows_of(file.id, "anna")] == ROWS


async def test_size_and_hash_are_those_of_the_lines(roomy):
    file = (await roomy.write("anna", "n", each(ROWS))).file
    content = b"".join([chunk async for chunk in roomy.chunks(file)])
    assert [orjson.loads(line) for line in content.split(b"\n")[:-1]] == ROWS
    assert (file.rows, file.size, file.sha256) == (40, len(content), hashlib.sha256(content).hexdigest())


async def test_rows_that_are_no_objects_become_such(roomy):
    file = (await roomy.write("anna", "n", each(["a", None, [1]]))).file
    assert await roomy.page(file, 0, 9) == [{"value": "a"}, {"value": None}, {"value": [1]}]


async def test_an_empty_file_is_a_file(roomy):
    file = (await roomy.write("anna", "n", each([]))).file
    assert (file.rows, await roomy.page(file, 0, 9)) == (0, [])


async def test_what_has_no_room_is_left_out_from_there_on(database, clock):
    small = Files(database, clock, max_mb=0.0001)
    written = await small.write("anna", "n", each([{"a": "x" * 40}, {"a": "x" * 60}, {"a": "x"}]))
    assert (written.is_cut, written.file.rows) == (True, 1)


async def test_nobody_reads_the_files_of_others(roomy):
    file = (await roomy.write("anna", "n", each(ROWS))).file
    with pytest.raises(InvalidCall, match="There is no file"):
        await roomy.get(file.id, "bert")
    assert await roomy.get(file.id, "anna") == file


async def test_nobody_reads_what_was_not_written_to_its_end(roomy, database, clock):
    with pytest.raises(ValueError, match="odd"):
        await roomy.write("anna", "n", each([*ROWS, ValueError("odd")]))
    ((file_id,),) = await database.read("SELECT id FROM files LIMIT 2")
    with pytest.raises(InvalidCall):
        await roomy.get(file_id, "anna")
    clock.advance(86_401)
    await roomy.prune()
    assert await database.read("SELECT id FROM files LIMIT 2") == []


async def test_a_file_ends_with_its_time_and_leaves_nothing(roomy, database, clock):
    file = (await roomy.write("anna", "n", each(ROWS))).file
    clock.advance(2 * 86_400 + 1)
    with pytest.raises(InvalidCall, match="expired"):
        await roomy.get(file.id, "anna")
    await roomy.prune()
    assert await database.read("SELECT part FROM file_parts LIMIT 2") == []


async def test_what_is_deleted_cannot_be_read_any_more(roomy):
    file = (await roomy.write("anna", "n", each(ROWS))).file
    await roomy.delete(file.id)
    with pytest.raises(InvalidCall):
        await roomy.get(file.id, "anna")


async def test_a_row_too_deep_to_be_written_is_one_error(roomy):
    deep = []
    for _ in range(500):
        deep = [deep]
    with pytest.raises(Rejected, match="nested too deeply"):
        await roomy.write("anna", "n", each([{"a": deep}]))
