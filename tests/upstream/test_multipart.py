"""Forms with files are what another parser reads."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from starlette.datastructures import Headers
from starlette.formparsers import MultiPartParser

from wirepost.sandbox.vendor import Request
from wirepost.upstream.multipart import FilePart, multipart


@given(st.text(), st.binary())
async def test_fields_and_file_come_out_as_they_went_in(text: str, content: bytes) -> None:
    body, form = multipart({"importRequest": text}, FilePart("files", "records.csv", "text/csv", content))

    async def stream():
        yield body

    read = await MultiPartParser(Headers({"content-type": form}), stream()).parse()
    assert read["importRequest"] == text
    file = read["files"]
    assert (file.filename, file.content_type, await file.read()) == ("records.csv", "text/csv", content)
    await read.close()

    ours = Request("POST", "/", (), {"content-type": form}, body).parts
    assert ours == {"importRequest": ("", text.encode()), "files": ("records.csv", content)}
