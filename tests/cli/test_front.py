"""The stdio front: next to nothing in itself, and honest when something behind it fails."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket

import pytest

from support.programs import PATIENCE_S, end_owner, start
from support.raw import call, request
from wirepost.cli.front import connect, pump, run
from wirepost.store.owner import DataDirectory

INITIALIZE = {
    "jsonrpc": "2.0",
    "id": "first",
    "method": "initialize",
    "params": {
        "protocolVersion": "2025-11-25",
        "capabilities": {},
        "clientInfo": {"name": "t", "version": "1"},
    },
}


def lines(*messages) -> bytes:
    return b"".join(json.dumps(message).encode() + b"\n" for message in messages)


async def talk(process, sent: bytes):
    """Send everything, end the input; exit code, messages (every line must be one), and standard error."""
    async with asyncio.timeout(PATIENCE_S):
        out, said = await process.communicate(sent)
    return process.returncode, [json.loads(line) for line in out.splitlines()], said.decode()


@pytest.mark.slow
async def test_it_starts_a_server_and_delivers_every_answer_after_the_end_of_input(tmp_path):
    front = await start("mcp", "--data-dir", str(tmp_path))
    code, answers, said = await talk(front, lines(*(call(n, "connection_list") for n in range(1, 4))))
    assert (code, said) == (0, "")
    assert sorted(answer["id"] for answer in answers) == [1, 2, 3]
    owner = DataDirectory(tmp_path).find_owner()
    assert owner is not None
    assert os.getpgid(owner.pid) != os.getpgid(0), "a terminal's Ctrl-C must not reach it"
    assert (tmp_path / "wirepost.log").stat().st_mode & 0o777 == 0o600
    code, answers, _ = await talk(
        await start("mcp", f"--data-dir={tmp_path}"), lines(request(1, "tools/list"))
    )
    assert (code, len(answers)) == (0, 1)
    assert DataDirectory(tmp_path).find_owner().pid == owner.pid, "the second one joins the first server"
    await end_owner(tmp_path)


@pytest.mark.slow
async def test_when_the_server_is_killed_the_front_ends_with_a_message(tmp_path):
    front = await start("mcp", "--data-dir", str(tmp_path))
    front.stdin.write(lines(call(1, "connection_list")))
    async with asyncio.timeout(PATIENCE_S):
        assert json.loads(await front.stdout.readline())["id"] == 1
    os.kill(DataDirectory(tmp_path).find_owner().pid, signal.SIGKILL)
    async with asyncio.timeout(PATIENCE_S):
        said = (await front.stderr.read()).decode()
        assert await front.wait() == 1
    assert said == "wirepost: the server has ended; start this program again to start it\n"
    code, answers, _ = await talk(
        await start("mcp", "--data-dir", str(tmp_path)), lines(request(1, "tools/list"))
    )
    assert (code, len(answers)) == (0, 1), "the next one starts a new server over what the killed one left"
    await end_owner(tmp_path)


@pytest.mark.slow
async def test_a_server_that_nobody_uses_ends_by_itself(tmp_path):
    config = tmp_path / "wirepost.yaml"
    config.write_text("data_dir: here\nserver:\n  idle_exit_s: 0.2\n")
    code, answers, _ = await talk(
        await start("mcp", "--config", str(config)), lines(request(1, "tools/list"))
    )
    assert (code, len(answers)) == (0, 1)
    directory = DataDirectory(tmp_path / "here")
    assert (tmp_path / "here" / "wirepost.log").exists(), "data_dir counts from the configuration file"
    async with asyncio.timeout(PATIENCE_S):
        while directory.find_owner():
            await asyncio.to_thread(os.sched_yield)
    assert connect(directory.socket_path) is None


async def test_a_configuration_that_cannot_be_used_is_told_to_the_client_too(tmp_path):
    config = tmp_path / "wirepost.yaml"
    config.write_text("data_dir: here\nsorver: {}\n")
    code, answers, said = await talk(await start("mcp", "--config", str(config)), lines(INITIALIZE))
    assert code == 1
    assert "sorver" in said
    assert [answer["id"] for answer in answers] == ["first"]
    assert answers[0]["error"]["message"].startswith("Wirepost cannot start: ")
    assert "sorver" in answers[0]["error"]["message"]


@pytest.mark.slow
@pytest.mark.parametrize("way", [[], ["--in-process"]])
async def test_a_data_directory_that_is_a_file_is_told_to_the_client_too(tmp_path, way):
    (tmp_path / "file").touch()
    front = await start("mcp", "--data-dir", str(tmp_path / "file"), *way)
    code, answers, said = await talk(front, lines(INITIALIZE))
    assert code == 2
    assert "file: the data directory cannot be used: " in said
    assert "the data directory cannot be used" in answers[0]["error"]["message"]


@pytest.mark.parametrize("way", [[], ["--in-process"]])
async def test_a_missing_configuration_file_is_told_to_the_client_too(tmp_path, way):
    missing = str(tmp_path / "no.yaml")
    code, answers, said = await talk(await start("mcp", "--config", missing, *way), lines(INITIALIZE))
    assert code == 2
    assert "there is no such file" in said
    assert "there is no such file" in answers[0]["error"]["message"]


@pytest.mark.slow
async def test_a_terminated_front_leaves_the_server_to_others(tmp_path):
    front = await start("mcp", "--data-dir", str(tmp_path))
    front.stdin.write(lines(call(1, "connection_list")))
    async with asyncio.timeout(PATIENCE_S):
        await front.stdout.readline()
        front.terminate()
        assert await front.wait() == -signal.SIGTERM
    assert DataDirectory(tmp_path).find_owner() is not None
    await end_owner(tmp_path)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--what"], "unknown argument --what"),
        (["--config"], "--config needs a value"),
        (["--data-dir="], "--data-dir needs a value"),
        (["serve"], "unknown argument serve"),
    ],
)
def test_a_wrong_command_line_is_explained(capsys, arguments, said):
    assert run(arguments) == 2
    assert said in capsys.readouterr().err


def test_help_is_help(capsys):
    assert run(["--help"]) == 0
    assert "--in-process" in capsys.readouterr().out


def test_nobody_listens_where_there_is_no_socket(tmp_path):
    assert connect(str(tmp_path / "s")) is None


class Ends:
    """The four ends of a pump: what the client writes and reads, and the server's side of the socket."""

    def __init__(self) -> None:
        self.source, self.client_writes = os.pipe()
        self.client_reads, self.target = os.pipe()
        self.front, self.server = socket.socketpair()

    def pump(self) -> asyncio.Future[int]:
        loop = asyncio.get_running_loop()
        return loop.run_in_executor(None, pump, self.front, self.source, self.target)

    def close(self) -> None:
        for descriptor in (self.source, self.client_writes, self.client_reads, self.target):
            try:
                os.close(descriptor)
            except OSError:
                continue
        self.front.close()
        self.server.close()


@pytest.fixture
def ends():
    made = Ends()
    yield made
    made.close()


async def ended(pumping) -> int:
    async with asyncio.timeout(5):
        return await pumping


async def test_bytes_pass_both_ways_unchanged(ends):
    pumping = ends.pump()
    os.write(ends.client_writes, '{"ä": 1}\n'.encode())
    assert ends.server.recv(100).decode() == '{"ä": 1}\n'
    ends.server.sendall(b'{"a":')
    ends.server.sendall(b"1}\n{}\n")
    os.close(ends.client_writes)
    assert await asyncio.to_thread(ends.server.recv, 100) == b"", "the end of input is passed on"
    ends.server.close()
    assert await ended(pumping) == 0
    assert os.read(ends.client_reads, 100) == b'{"a":1}\n{}\n'


async def test_half_a_message_never_reaches_the_client(ends, capsys):
    pumping = ends.pump()
    ends.server.sendall(b'{"whole":1}\n{"half":')
    ends.server.close()
    assert await ended(pumping) == 1
    assert os.read(ends.client_reads, 100) == b'{"whole":1}\n'
    assert "the server has ended" in capsys.readouterr().err


async def test_a_message_larger_than_every_buffer_passes(ends):
    pumping = ends.pump()
    message = b'"' + b"x" * (3 * 2**20) + b'"\n'
    sending = asyncio.ensure_future(asyncio.to_thread(ends.server.sendall, message))
    received = b""
    async with asyncio.timeout(10):
        while len(received) < len(message):
            received += await asyncio.to_thread(os.read, ends.client_reads, 2**20)
        await sending
    assert received == message
    os.close(ends.client_writes)
    assert await asyncio.to_thread(ends.server.recv, 100) == b""
    ends.server.close()
    assert await ended(pumping) == 0


async def test_a_client_that_closed_its_side_ends_the_front_quietly(ends, capsys):
    pumping = ends.pump()
    os.close(ends.client_reads)
    ends.server.sendall(b"{}\n")
    assert await ended(pumping) == 0
    assert capsys.readouterr().err == ""
