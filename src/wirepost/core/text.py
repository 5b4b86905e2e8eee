"""Text from outside made safe to show, cut to length, and counted in tokens."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from typing import Any

import orjson

CHARACTERS_PER_TOKEN = 4
MAX_HTML = 200_000
"""Longer HTML is cut before it is read: nobody reads so much text, and parsing takes time."""

# Characters that take no part in what a person sees: controls, surrogates, bidirectional controls and what
# Unicode calls default ignorable (https://www.unicode.org/Public/UCD/latest/ucd/DerivedCoreProperties.txt).
# A model reads them all the same, so they can hide instructions or reorder what is shown.
_UNSEEN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e"
    "\u2060-\u206f\u3164\ud800-\udfff\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb\U0001bca0-\U0001bca3"
    "\U0001d173-\U0001d17a\U000e0000-\U000e0fff]"
)
_LINE_ENDS = re.compile("\r\n?|[\u2028\u2029\x0b\x0c\x85]")
_SPACES = re.compile(r"[ \t]+")
_AROUND_LINES = re.compile(r" *\n *")
_BLANK_LINES = re.compile(r"\n{3,}")
_LOOKS_LIKE_HTML = re.compile(r"<[a-zA-Z!/?]|&[a-zA-Z#]")

_HIDDEN = frozenset({"script", "style", "template", "head"})
_BLOCKS = frozenset(
    {
        *("address", "article", "aside", "blockquote", "br", "dd", "div", "dl", "dt", "fieldset", "figure"),
        *(
            "footer",
            "form",
            "h1",
            "h2",
            "h3",
            "h4",
            "h5",
            "h6",
            "header",
            "hr",
            "li",
            "main",
            "nav",
            "ol",
            "p",
        ),
        *("pre", "section", "table", "td", "th", "tr", "ul"),
    }
)


def clean(text: str, limit: int | None = None) -> str:
    """The text without what cannot be seen, at most `limit` characters; cleaning twice changes nothing."""
    visible = _UNSEEN.sub("", _LINE_ENDS.sub("\n", text))
    return visible if limit is None else cut(visible, limit)


def clean_line(text: str, limit: int | None = None) -> str:
    """The same on one line, for messages."""
    line = " ".join(clean(text).split())
    return line if limit is None else cut(line, limit)


def cut(text: str, limit: int) -> str:
    """At most `limit` characters; an ellipsis shows that something is missing."""
    return text if len(text) <= limit else text[: max(limit - 1, 0)] + "…"


def strip_html(text: str) -> str:
    """HTML reduced to the text a reader would see; text without markup stays as it is."""
    if not _LOOKS_LIKE_HTML.search(text):
        return text
    reader = _Reader()
    reader.feed(cut(text, MAX_HTML))
    reader.close()
    lines = _AROUND_LINES.sub("\n", _SPACES.sub(" ", "".join(reader.parts)))
    return _BLANK_LINES.sub("\n\n", lines).strip()


def tokens(value: Any) -> int:
    """What a JSON value costs a model, estimated from its compact form."""
    size = len(orjson.dumps(value, default=str).decode())
    return -(-size // CHARACTERS_PER_TOKEN)


class _Reader(HTMLParser):
    """Collects visible text and line breaks."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.parts: list[str] = []
        self._hidden: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Break the line at blocks; start skipping at what is never shown."""
        del attrs
        if tag in _HIDDEN:
            self._hidden.append(tag)
        elif tag in _BLOCKS:
            self.parts.append("\n")

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """`<br/>` and the like have no content to skip."""
        del attrs
        if tag in _BLOCKS:
            self.parts.append("\n")

    def handle_endtag(self, tag: str) -> None:
        """Break the line after blocks; stop skipping."""
        if tag in self._hidden:
            del self._hidden[self._hidden.index(tag) :]
        elif tag in _BLOCKS:
            self.parts.append("\n")

    def handle_data(self, data: str) -> None:
        """Keep what is shown."""
        if not self._hidden:
            self.parts.append(data)
