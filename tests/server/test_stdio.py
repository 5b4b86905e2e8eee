"""One connection served in this process (as a program: `cli/test_in_process.py`)."""

from __future__ import annotations

import json
import socket
import threading

from support.raw import call
from support.running import settings_for
from wirepost.server.stdio import run_in_process
from wirepost.store.owner import DataDirectory


def test_it_serves_until_the_other_end_closes_and_then_gives_the_data_back(tmp_path):
    inside, outside = socket.socketpair()
    settings = settings_for(tmp_path)
    ready = threading.Event()
    answers = []

    def talk() -> None:
        ready.wait(10)
        outside.sendall(json.dumps(call(1, "connection_list")).encode() + b"\n")
        outside.shutdown(socket.SHUT_WR)
        answers.extend(json.loads(line) for line in outside.makefile("rb"))

    client = threading.Thread(target=talk)
    client.start()
    run_in_process(settings, inside, on_ready=ready.set)
    client.join(10)
    outside.close()
    assert [answer["id"] for answer in answers] == [1]
    assert DataDirectory(settings.data_dir).find_owner() is None
