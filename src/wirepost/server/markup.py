"""HTML that cannot be written unescaped: elements, whole pages, and the headers every page has."""

from __future__ import annotations

import html
from collections.abc import Iterable
from typing import TypeAlias

from starlette.responses import HTMLResponse, Response

from wirepost.core.errors import CallError, ConfigError

_VOID = frozenset({"input", "link", "meta", "br"})


class Markup(str):
    """Text that is HTML already; only `tag` and `join` make it."""

    __slots__ = ()


Child: TypeAlias = str | None
"""Text, which is escaped, or markup; `None` is nothing."""


def tag(name: str, /, *children: Child, **attributes: str | bool | None) -> Markup:
    """One element; a plain string inside it is text, whatever it contains.

    An attribute that is a word of Python ends in `_`; `_` inside a name stands for `-`. `True` is an
    attribute without a value, `None` and `False` leave it out.
    """
    shown = "".join(
        f" {key}" if value is True else f' {key}="{html.escape(value)}"'
        for key, value in ((key.rstrip("_").replace("_", "-"), each) for key, each in attributes.items())
        if value is not None and value is not False
    )
    opening = f"<{name}{shown}>"
    return Markup(opening if name in _VOID else f"{opening}{join(children)}</{name}>")


def join(children: Iterable[Child]) -> Markup:
    """Several children in a row."""
    return Markup(
        "".join(child if isinstance(child, Markup) else html.escape(child) for child in children if child)
    )


def field(name: str, value: str) -> Markup:
    """A value that a form sends along."""
    return tag("input", type="hidden", name=name, value=value)


def form(action: str, label: str, *inside: Child, kind: str = "primary", about: str | None = None) -> Markup:
    """A form that is one button; `about` tells those who hear it what the button acts on."""
    button = tag("button", label, type="submit", class_=kind, aria_label=about)
    return tag("form", *inside, button, method="post", action=action)


def page(title: str, *body: Child, status: int = 200, leads_away: bool = False) -> Response:
    """A whole page; `leads_away`: its form ends at another site."""
    head = tag(
        "head",
        tag("meta", charset="utf-8"),
        tag("meta", name="viewport", content="width=device-width, initial-scale=1"),
        tag("meta", name="color-scheme", content="light dark"),
        tag("title", f"{title} · Wirepost"),
        tag("link", rel="stylesheet", href="/style.css"),
    )
    main = tag("main", tag("h1", title), *body)
    whole = tag("html", head, tag("body", tag("header", tag("p", "Wirepost")), main), lang="en")
    return HTMLResponse(f"<!doctype html>{whole}", status, guarded(leads_away=leads_away))


def problem(title: str, error: CallError | ConfigError, status: int = 400) -> Response:
    """A page about what went wrong, and what to do about it."""
    hint = tag("p", error.hint) if error.hint else None
    body = tag("div", tag("p", error.message), hint, class_="problem", role="alert")
    return page(title, body, status=status)


def guarded(*, leads_away: bool = False) -> dict[str, str]:
    """The headers of a page that a person sees.

    Forms on it need the header `Origin`, which browsers send as `null` under `no-referrer`
    (https://fetch.spec.whatwg.org/#append-a-request-origin-header); `same-origin` tells others as little.
    Browsers hold each redirect after a form against `form-action`
    (https://www.w3.org/TR/CSP3/#directive-form-action), and where providers lead a person nobody knows.
    """
    policy = "default-src 'none'; style-src 'self'; base-uri 'none'; frame-ancestors 'none'"
    return {
        "Cache-Control": "no-store",
        "Content-Security-Policy": policy if leads_away else f"{policy}; form-action 'self'",
        "Referrer-Policy": "same-origin",
        "X-Content-Type-Options": "nosniff",
        "X-Frame-Options": "DENY",
        "Cross-Origin-Opener-Policy": "same-origin",
    }


STYLE = """\
:root { color-scheme: light dark; --text: #1b1f24; --back: #ffffff; --soft: #57606a; --line: #d0d7de;
  --act: #0550ae; --on-act: #ffffff; --warn: #82071e; }
@media (prefers-color-scheme: dark) {
  :root { --text: #e6edf3; --back: #0d1117; --soft: #9da7b3; --line: #3d444d;
    --act: #79c0ff; --on-act: #0d1117; --warn: #ffb3ad; }
}
* { box-sizing: border-box; }
body { margin: 0; padding: 1rem; color: var(--text); background: var(--back);
  font: 1rem/1.5 system-ui, sans-serif; overflow-wrap: anywhere; }
header, main { max-width: 42rem; margin: 0 auto; }
header p { margin: 0; color: var(--soft); font-weight: 600; }
h1 { font-size: 1.5rem; line-height: 1.25; margin: .5rem 0 1rem; }
h2 { font-size: 1.15rem; margin: 0; }
section { border: 1px solid var(--line); border-radius: .5rem; padding: 1rem; margin: 1rem 0; }
dl { margin: .75rem 0; }
dt { color: var(--soft); }
dd { margin: 0 0 .5rem; }
pre { margin: 0; white-space: pre-wrap; }
ul { margin: 0; padding-left: 1.25rem; }
code { font-size: .95em; }
form { display: inline-block; margin: .25rem .5rem .25rem 0; }
button { font: inherit; padding: .6rem 1rem; min-height: 2.75rem; border-radius: .375rem; cursor: pointer;
  border: 1px solid var(--act); color: var(--on-act); background: var(--act); }
button.quiet { color: var(--act); background: transparent; }
button.grave { color: var(--warn); background: transparent; border-color: var(--warn); }
a { color: var(--act); }
a:focus-visible, button:focus-visible, summary:focus-visible {
  outline: 3px solid var(--act); outline-offset: 2px; }
summary { cursor: pointer; padding: .6rem 0; }
.problem { border-left: .25rem solid var(--warn); padding-left: .75rem; }
"""
