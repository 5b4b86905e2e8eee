"""Text from outside made safe to show, cut to length, and counted in tokens."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import unescape
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
_NO_TAG = "\u2039"
"""A single quotation mark, which looks like the bracket that it stands for."""
_LINE_ENDS = re.compile("\r\n?|[\u2028\u2029\x0b\x0c\x85]")
_SPACES = re.compile(r"[ \t]+")
_AROUND_LINES = re.compile(r" *\n *")
_BLANK_LINES = re.compile(r"\n{3,}")

_MARKUP = re.compile(r"<(?:!--|[!?]|/?([a-zA-Z][a-zA-Z0-9:-]{0,30}))")
_TAG_END = re.compile(r"""(?:[^"'>]++|"[^"]*+"|'[^']*+')*+>""")
_ENTITY = re.compile(r"&(?:#[0-9]{1,7}|#[xX][0-9a-fA-F]{1,6}|[a-zA-Z][a-zA-Z0-9]{1,31});")
_HIDDEN = frozenset({"script", "style", "template", "head"})
_BLOCK = re.compile(
    "address|article|aside|blockquote|br|dd|div|dl|dt|fieldset|figure|footer|form|h[1-6]|header|hr|li|main|nav|"
    "ol|p|pre|section|table|td|th|tr|ul"
)


def clean(text: str, limit: int | None = None) -> str:
    """The text without what cannot be seen, at most `limit` characters; cleaning twice changes nothing."""
    visible = text if _is_plain(text) else _UNSEEN.sub("", _LINE_ENDS.sub("\n", text))
    return visible if limit is None else cut(visible, limit)


def clean_line(text: str, limit: int | None = None) -> str:
    """The same on one line, for messages."""
    line = " ".join(clean(text).split())
    return line if limit is None else cut(line, limit)


def cut(text: str, limit: int) -> str:
    """At most `limit` characters; an ellipsis shows that something is missing."""
    return text if len(text) <= limit else text[: max(limit - 1, 0)] + "…"


def without_tags(text: str) -> str:
    """The text, cleaned, with nothing in it that a model could take for the beginning of a tag."""
    return clean(text).replace("<", _NO_TAG)


def strip_html(text: str) -> str:
    """HTML reduced to the text a reader would see; text without markup stays as it is."""
    if not _MARKUP.search(text):
        return _unescaped(text)
    shown = "".join(_shown_parts(cut(text, MAX_HTML)))
    lines = _AROUND_LINES.sub("\n", _SPACES.sub(" ", shown))
    return _BLANK_LINES.sub("\n\n", lines).strip()


def tokens(value: Any) -> int:
    """What a JSON value costs a model, estimated from its compact form."""
    size = len(orjson.dumps(value, default=str).decode())
    return -(-size // CHARACTERS_PER_TOKEN)


def _is_plain(text: str) -> bool:
    """Most text is, and finding that out takes a tenth of the time of cleaning it."""
    return text.isascii() and text.replace("\n", "").replace("\t", "").isprintable()


def _unescaped(text: str) -> str:
    return _ENTITY.sub(lambda found: unescape(found[0]), text) if "&" in text else text


def _shown_parts(text: str) -> Iterator[str]:
    """Visible pieces of HTML and the line breaks between them.

    Every search either finds something behind which reading goes on, or is never made again: the time grows
    with the length of the text however it is malformed. The parser of the standard library takes the square.
    """
    ends = _Ends(text)
    at = 0
    while (mark := _MARKUP.search(text, at)) is not None:
        yield _unescaped(text[at : mark.start()])
        name = (mark[1] or "").lower()
        end = ends.of_markup(mark)
        if end is None:
            yield _unescaped(text[mark.start() :])
            return
        if name in _HIDDEN and text[mark.start() + 1] != "/":
            end = ends.of_hidden(name, end)
        elif _BLOCK.fullmatch(name):
            yield "\n"
        at = end
    yield _unescaped(text[at:])


class _Ends:
    """Where markup ends; remembers which ends do not exist."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._has_sound_quotes = True
        self._unclosed: set[str] = set()

    def of_markup(self, mark: re.Match[str]) -> int | None:
        """The place behind a comment or tag; `None` when it never ends and is just a text with `<` in it."""
        if mark[0] == "<!--":
            found = self._text.find("-->", mark.end())
            return len(self._text) if found < 0 else found + 3
        if self._has_sound_quotes:
            tag = _TAG_END.match(self._text, mark.end())
            if tag is not None:
                return tag.end()
            self._has_sound_quotes = False
        found = self._text.find(">", mark.end())
        return None if found < 0 else found + 1

    def of_hidden(self, name: str, start: int) -> int:
        """The place of the end tag; what never ends hides nothing but its tag, except for scripts."""
        if name not in self._unclosed:
            found = re.compile(f"</{name}", re.IGNORECASE).search(self._text, start)
            if found is not None:
                return found.start()
            self._unclosed.add(name)
        return len(self._text) if name in {"script", "style"} else start
