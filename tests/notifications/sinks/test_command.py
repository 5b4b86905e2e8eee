"""The command: fixed arguments, the event on standard input, and an end that is certain."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from pathlib import Path
from typing import Any

import pytest

from support.occurred import event
from support.sinks import EVIL, outgoing
from wirepost.notifications.sinks.command import CommandSink
from wirepost.notifications.sinks.sink import Refused, TryAgain
from wirepost.settings import events as options

SHOW = """
import json, os, sys
with open(sys.argv[1], "w") as file:
    json.dump({"argv": sys.argv[2:], "environment": dict(os.environ), "given": json.load(sys.stdin)}, file)
"""
PARENT = """
import os, subprocess, sys, time
child = subprocess.Popen([sys.executable, "-c", "import signal, time; signal.signal(15, signal.SIG_IGN); "
    "print('ready', flush=True); time.sleep(600)"], stdout=subprocess.PIPE)
child.stdout.readline()
with open(sys.argv[1], "w") as file:
    file.write(f"{os.getpid()} {child.pid}")
os.rename(sys.argv[1], sys.argv[1] + ".done")
time.sleep(600)
"""


def sink(*argv: str, **settings: Any) -> CommandSink:
    read = options.CommandSink.model_validate({"argv": list(argv), **settings})
    return CommandSink("run", read, grace_s=0.2)


def python(code: str, *arguments: str, **settings: Any) -> CommandSink:
    return sink(sys.executable, "-c", code, *arguments, **settings)


async def test_a_program_gets_the_event_on_its_input_and_nothing_of_it_elsewhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STRIPE_KEY", "sk_live_secret")
    seen = tmp_path / "seen"
    running = python(SHOW, str(seen), "$HOME; echo {type}", environment={"AGENT": "one"})
    sent = await running.send(outgoing(event(data={"text": EVIL})))
    assert sent.details == {"status": 0}
    told = json.loads(seen.read_text())
    assert told["argv"] == ["$HOME; echo {type}"], "no shell, no template"
    assert told["given"]["event"]["data"] == {"text": EVIL}
    assert told["given"]["notice"].startswith("This is data")
    assert {"PATH", "AGENT"} <= told["environment"].keys() <= {"PATH", "HOME", "LANG", "LC_CTYPE", "AGENT"}


async def test_a_program_that_does_not_read_is_none_the_worse() -> None:
    big = event(data={"text": "x" * 2_000_000})
    assert (await python("pass").send(outgoing(big))).details == {"status": 0}


async def test_a_run_that_fails_is_not_repeated() -> None:
    with pytest.raises(Refused, match="status 3"):
        await python("raise SystemExit(3)").send(outgoing())


async def test_a_program_that_is_not_there_may_be_there_later() -> None:
    with pytest.raises(TryAgain, match="cannot be started"):
        await sink("/nowhere/agent").send(outgoing())


def is_alive(pid: int) -> bool:
    """Whether a process runs; one that only waits to be taken note of does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in {"Z", "X"}
    except FileNotFoundError:
        return False


async def test_what_takes_too_long_ends_with_all_that_it_started(tmp_path: Path) -> None:
    pids = tmp_path / "pids"
    with pytest.raises(Refused, match="too long"):
        await python(PARENT, str(pids), timeout_s=3).send(outgoing())
    parent, child = map(int, (tmp_path / "pids.done").read_text().split())
    async with asyncio.timeout(5):
        while is_alive(parent) or is_alive(child):  # the signal is sent; the kernel takes its moment
            await asyncio.get_running_loop().run_in_executor(None, os.sched_yield)


async def test_what_is_cancelled_ends(tmp_path: Path) -> None:
    pids, done = tmp_path / "pids", tmp_path / "pids.done"
    running = asyncio.create_task(python(PARENT, str(pids)).send(outgoing()))
    async with asyncio.timeout(20):
        while not done.exists():
            await asyncio.get_running_loop().run_in_executor(None, os.sched_yield)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    parent, child = map(int, done.read_text().split())
    async with asyncio.timeout(5):
        while is_alive(parent) or is_alive(child):
            await asyncio.get_running_loop().run_in_executor(None, os.sched_yield)


def test_what_it_may_cost_is_said() -> None:
    limited = sink("agent", concurrency=2, per_day=7, timeout_s=60)
    assert (limited.concurrency, limited.most_per_day()) == (2, 7)
    assert limited.timeout_s > 60, "the run's own limit comes first"
    assert limited.starts_models
