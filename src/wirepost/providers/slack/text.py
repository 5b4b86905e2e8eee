"""Text to and from Slack: nothing that a caller writes becomes a control sequence we did not make.

Slack reads `<@U…>`, `<#C…>`, `<!…>` and `<https://…>` in a text as instructions
(https://docs.slack.dev/messaging/formatting-message-text): to call people, to link. So everything is escaped,
and only what this module made itself stays as it is.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

Format = Literal["markdown", "mrkdwn", "plain"]
Mentions = Literal["none", "users", "all"]

BROADCASTS = ("channel", "here", "everyone")
"""Names by which a message calls everybody."""

_ENTITIES = {"&": "&amp;", "<": "&lt;", ">": "&gt;"}
_SPECIAL = re.compile("[&<>]")
_ESCAPED = re.compile("&(amp|lt|gt);")
_CHARACTERS = {"amp": "&", "lt": "<", "gt": ">"}
_QUOTED = re.compile(r"^(?:[ \t]*>)+", re.MULTILINE)
"""Markers of quotations, which Markdown needs as they are; alone they make no control sequence."""

_LABEL = r"(?:\|[^<>]*)?>"
_BEFORE = r"(?<![\w@.#/&-])"
_PIECES = re.compile(
    rf"<@(?P<user>[UW][A-Z0-9]{{2,20}}){_LABEL}"
    rf"|<\#(?P<channel>[CG][A-Z0-9]{{2,20}}){_LABEL}"
    rf"|<!(?P<broadcast>channel|here|everyone){_LABEL}"
    rf"|<!subteam\^(?P<group>S[A-Z0-9]{{2,20}}){_LABEL}"
    r"|<(?P<url>https?://[^\s<>|\"\\^`{}]+)(?:\|(?P<label>[^<>\n]+))?>"
    rf"|{_BEFORE}@(?P<person>\w[\w.'-]*)"
    rf"|{_BEFORE}\#(?P<room>\w[\w-]*)"
)
_SEQUENCE = re.compile(r"<([^<>\s][^<>]*)>")


@dataclass(frozen=True)
class Wanted:
    """What a text names and Slack must be asked about: names in lower case, ids as they are."""

    people: frozenset[str] = frozenset()
    rooms: frozenset[str] = frozenset()
    user_ids: frozenset[str] = frozenset()
    channel_ids: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Known:
    """What was found of it: name → id, and ids that exist."""

    people: Mapping[str, str] = field(default_factory=dict)
    rooms: Mapping[str, str] = field(default_factory=dict)
    user_ids: frozenset[str] = frozenset()
    channel_ids: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Composed:
    """A text as Slack gets it."""

    text: str
    format: Format
    made: tuple[str, ...] = ()
    """The control sequences in it, all of them ours."""

    @property
    def calls(self) -> tuple[str, ...]:
        """Those that notify somebody."""
        return tuple(sequence for sequence in self.made if sequence.startswith(("<@", "<!")))


def wanted(text: str, mentions: Mentions) -> Wanted:
    """What must be looked up before `compose`; without leave to mention, no person."""
    found: dict[str, set[str]] = {"person": set(), "room": set(), "user": set(), "channel": set()}
    for piece in _PIECES.finditer(text):
        kind = piece.lastgroup or ""
        if kind in found:
            found[kind].add(_name(piece[kind]) if kind in {"person", "room"} else piece[kind])
    if mentions == "none":
        found["person"].clear()
        found["user"].clear()
    return Wanted(
        people=frozenset(found["person"]) - set(BROADCASTS),
        # `#1` is a number of something else; Slack's names of channels may be numbers, but nobody's are.
        rooms=frozenset(name for name in found["room"] if not name.isdigit()),
        user_ids=frozenset(found["user"]),
        channel_ids=frozenset(found["channel"]),
    )


def compose(text: str, form: Format, mentions: Mentions, known: Known) -> Composed:
    """The text with everything escaped but the mentions and links that are allowed and known."""
    quotes = _quotes(text) if form == "markdown" else frozenset()
    parts: list[str] = []
    made: list[str] = []
    at = 0
    for piece in _PIECES.finditer(text):
        sequence, rest = _made(piece, form, mentions, known)
        if sequence is None:
            continue
        parts += [_escaped(text, at, piece.start(), quotes), sequence, rest]
        made.append(sequence)
        at = piece.end()
    parts.append(_escaped(text, at, len(text), quotes))
    return Composed("".join(parts), form, tuple(made))


def escape(text: str) -> str:
    """The text with the three characters that Slack gives a meaning written as entities."""
    return _SPECIAL.sub(lambda found: _ENTITIES[found[0]], text)


def mentioned(text: object) -> set[str]:
    """Ids of the users whom a text from Slack mentions; what is no text mentions nobody."""
    bodies = _SEQUENCE.findall(text) if isinstance(text, str) else []
    return {body[1:].partition("|")[0] for body in bodies if re.match("@[UW][A-Z0-9]+", body)}


def rendered(text: object, names: Mapping[str, str]) -> str:
    """A text from Slack as people see it: `@name (U…)`, `#channel (C…)`, `label (address)`."""
    if not isinstance(text, str):
        return ""
    parts: list[str] = []
    at = 0
    for found in _SEQUENCE.finditer(text):
        parts += [_plain(text[at : found.start()]), _plain(_shown(found[1], names))]
        at = found.end()
    parts.append(_plain(text[at:]))
    return "".join(parts)


def _made(piece: re.Match[str], form: Format, mentions: Mentions, known: Known) -> tuple[str | None, str]:
    """The control sequence of one piece and the text behind it; `None` leaves the piece plain text."""
    if piece["url"]:
        return (_link(piece["url"], piece["label"]), "") if form == "mrkdwn" else (None, "")
    if piece["channel"] or piece["room"]:
        return _channel(piece, known)
    if mentions == "none":
        return None, ""
    if piece["user"]:
        return (f"<@{piece['user']}>" if piece["user"] in known.user_ids else None), ""
    if piece["person"] and _name(piece["person"]) in known.people:
        return f"<@{known.people[_name(piece['person'])]}>", _behind(piece["person"])
    return _broadcast(piece) if mentions == "all" else (None, "")


def _channel(piece: re.Match[str], known: Known) -> tuple[str | None, str]:
    if piece["channel"]:
        return (f"<#{piece['channel']}>" if piece["channel"] in known.channel_ids else None), ""
    found = known.rooms.get(_name(piece["room"]))
    return (f"<#{found}>" if found else None), _behind(piece["room"]) if found else ""


def _broadcast(piece: re.Match[str]) -> tuple[str | None, str]:
    if piece["group"]:
        return f"<!subteam^{piece['group']}>", ""
    if piece["broadcast"]:
        return f"<!{piece['broadcast']}>", ""
    person = piece["person"] or ""
    return (f"<!{_name(person)}>", _behind(person)) if _name(person) in BROADCASTS else (None, "")


def _link(url: str, label: str | None) -> str:
    return f"<{escape(url)}|{escape(label)}>" if label else f"<{escape(url)}>"


def _name(word: str) -> str:
    """A name without the punctuation of the sentence around it."""
    return word.rstrip(".'-").lower()


def _behind(word: str) -> str:
    return word[len(word.rstrip(".'-")) :]


def _quotes(text: str) -> frozenset[int]:
    return frozenset(
        at for found in _QUOTED.finditer(text) for at in range(found.start(), found.end()) if text[at] == ">"
    )


def _escaped(text: str, start: int, end: int, quotes: frozenset[int]) -> str:
    return _SPECIAL.sub(
        lambda found: found[0] if start + found.start() in quotes else _ENTITIES[found[0]], text[start:end]
    )


def _plain(text: str) -> str:
    return _ESCAPED.sub(lambda found: _CHARACTERS[found[1]], text)


def _shown(body: str, names: Mapping[str, str]) -> str:
    head, _, label = body.partition("|")
    sign, rest = head[:1], head[1:]
    if sign == "@":
        name = names.get(rest) or label.lstrip("@")
        return f"@{name} ({rest})" if name else f"@{rest}"
    if sign == "#":
        return f"#{label} ({rest})" if label else f"#{rest}"
    if sign == "!":
        return _special(rest, label)
    if not label or head in {label, f"mailto:{label}"}:
        return label or head
    return f"{label} ({head})"


def _special(head: str, label: str) -> str:
    kind, _, rest = head.partition("^")
    if kind == "subteam":
        return f"@{label.lstrip('@')} ({rest})" if label else f"@{rest}"
    return label or f"@{kind}"
