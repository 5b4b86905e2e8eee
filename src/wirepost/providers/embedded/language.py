"""The language of a text, by the package py3langid (97 languages, ISO 639-1), which ships its model."""

from __future__ import annotations

from functools import cache
from typing import Any

from wirepost.providers.embedded.engine import missing


def recognise(text: str) -> tuple[str, float] | None:
    """The language and how sure that is (0 to 1); `None` for a text without a word. Runs in a thread."""
    if not any(letter.isalpha() for letter in text):
        return None
    name, share = _identifier().classify(text)
    return str(name), round(float(share), 3)


@cache
def _identifier() -> Any:
    try:
        from py3langid.langid import MODEL_FILE, LanguageIdentifier
    except ImportError:
        raise missing() from None
    return LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
