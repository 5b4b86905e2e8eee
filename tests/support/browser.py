"""A headless Chromium that a test drives by keyboard, through `tests/clients/browser.mjs`."""

from __future__ import annotations

import asyncio
import json
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import cache
from pathlib import Path
from typing import Any

from support.node import CLIENTS, find_node, node_environment

WAIT_S = 40.0
MAX_LINE = 8 * 1024 * 1024


@cache
def find_chromium() -> Path | None:
    """The browser of the system, where Node can drive it."""
    found = shutil.which("chromium")
    return Path(found) if found and find_node() else None


class Browser:
    """One window."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process

    async def do(self, name: str, **rest: Any) -> Any:
        """Carry out one command of `browser.mjs`; fails with what the browser said."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps({"do": name, **rest}).encode() + b"\n")
        async with asyncio.timeout(WAIT_S):
            answer = json.loads(await self._process.stdout.readline())
        assert "error" not in answer, answer["error"]
        return answer["value"]

    async def tab_to(self, text: str, *, most: int = 30) -> dict[str, Any]:
        """Press Tab until something with this text (or name) has the focus."""
        for _ in range(most):
            await self.do("press", key="Tab")
            focused: dict[str, Any] = await self.do("focused")
            if text in {focused["name"], focused["text"].strip()}:
                return focused
        raise AssertionError(f"no Tab leads to {text!r}")


@asynccontextmanager
async def browser(directory: Path) -> AsyncIterator[Browser]:
    """A window with an empty profile."""
    node, chromium = find_node(), find_chromium()
    assert node is not None
    assert chromium is not None
    process = await asyncio.create_subprocess_exec(
        *(node, CLIENTS / "browser.mjs", chromium, directory / "profile"),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        env=node_environment(),
        limit=MAX_LINE,
    )
    try:
        yield Browser(process)
    finally:
        assert process.stdin is not None
        process.stdin.close()
        try:
            async with asyncio.timeout(WAIT_S):
                await process.wait()
        except TimeoutError:
            process.kill()
            await process.wait()
