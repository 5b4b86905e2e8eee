"""The server inside the client's own program: nothing but messages on its standard output."""

from __future__ import annotations

import asyncio
import json
import signal

import pytest

from support.programs import PATIENCE_S, serving, start
from support.raw import call

pytestmark = pytest.mark.slow

NOISE = """
import atexit, os, subprocess, sys

def tell(event, arguments):
    if event == "import" and arguments[0] in ("mcp_types", "apsw"):
        print("printed while importing")
        sys.stdout.write("half a line")
        os.write(1, b"written to the descriptor")
        subprocess.run(["echo", "printed by a child"])
        assert sys.stdin.read() == "", "nobody else may read the client's messages"

sys.addaudithook(tell)
atexit.register(print, "printed at the end")
"""


async def test_whatever_prints_only_messages_reach_the_client(tmp_path):
    (tmp_path / "sitecustomize.py").write_text(NOISE)
    process = await start("mcp", "--in-process", "--data-dir", str(tmp_path / "d"), PYTHONPATH=str(tmp_path))
    sent = b"".join(json.dumps(call(n, "connection_list")).encode() + b"\n" for n in (1, 2))
    async with asyncio.timeout(PATIENCE_S):
        out, said = await process.communicate(sent)
    assert process.returncode == 0, said.decode()
    assert sorted(json.loads(line)["id"] for line in out.splitlines()) == [1, 2]
    for noise in (b"printed while importing", b"half a line", b"written to", b"by a child", b"at the end"):
        assert noise in said


async def test_it_refuses_a_directory_that_a_server_uses(tmp_path):
    async with serving(tmp_path) as server:
        process = await start("mcp", "--in-process", "--data-dir", str(tmp_path))
        async with asyncio.timeout(PATIENCE_S):
            out, said = await process.communicate(json.dumps(call(1, "connection_list")).encode() + b"\n")
        assert process.returncode == 2
        assert f"process {server.process.pid}" in said.decode()
        assert f"process {server.process.pid}" in json.loads(out)["error"]["message"]


async def test_a_signal_ends_it_normally_with_its_data_in_order(tmp_path):
    process = await start("mcp", "--in-process", "--data-dir", str(tmp_path))
    process.stdin.write(json.dumps(call(1, "connection_list")).encode() + b"\n")
    async with asyncio.timeout(PATIENCE_S):
        await process.stdout.readline()
        process.send_signal(signal.SIGTERM)
        assert await process.wait() == 0
    left = [path.name for path in tmp_path.glob("wirepost.db*")]
    assert left == ["wirepost.db"], "the database was closed"
