"""What outsiders wrote goes to a model in blocks of its own, from which it cannot get out."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from wirepost.core.text import clean

if TYPE_CHECKING:
    from wirepost.contracts.generation import Prompt

_TAG = re.compile(r"[<＜﹤‹](?=\s*/?\s*data)", re.IGNORECASE)  # noqa: RUF001 - letters that look like the bracket
_NO_BRACKET = "("


def blocks(prompt: Prompt) -> list[str]:
    """The task, then one block for each datum; each is sent as a part of its own."""
    return [prompt.text, *(_block(number, text) for number, text in enumerate(prompt.data, 1))]


def _block(number: int, text: str) -> str:
    """The text without what nobody can see, and without anything that could pass for the block's own tags."""
    return f'<data index="{number}">\n{_TAG.sub(_NO_BRACKET, clean(text))}\n</data>'
