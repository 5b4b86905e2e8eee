"""HTML that cannot be written unescaped, and pages that allow nothing they do not need."""

from __future__ import annotations

from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wirepost.server.markup import STYLE, Markup, form, join, page, tag

EVIL = """<script>alert('1')</script>"><img src=x onerror=alert(1)>&amp;"""


class Seen(HTMLParser):
    def __init__(self, text):
        super().__init__(convert_charrefs=True)
        self.tags, self.attributes, self.text = [], [], ""
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += attrs

    def handle_data(self, data):
        self.text += data


@given(
    st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"]), max_size=40),
    st.text("<>&\"' a", max_size=20),
)
def test_text_and_attributes_come_out_as_they_went_in(text, value) -> None:
    seen = Seen(tag("p", text, title=value))
    assert seen.tags == ["p"]
    assert seen.text == text
    assert seen.attributes == [("title", value)]


def test_elements_nest_and_nothing_else_is_trusted() -> None:
    assert tag("p", tag("b", "1 < 2"), " & ", None) == "<p><b>1 &lt; 2</b> &amp; </p>"
    assert tag("input", name="c", required=True, value=None, checked=False) == '<input name="c" required>'
    assert tag("label", "x", for_="f", aria_label="y") == '<label for="f" aria-label="y">x</label>'
    assert isinstance(join(["<b>"]), Markup)
    assert join(["<b>"]) == "&lt;b&gt;"


def test_a_page_has_a_language_a_heading_and_room_for_small_screens() -> None:
    text = bytes(page(EVIL, tag("p", EVIL), form("/go", EVIL)).body).decode()
    seen = Seen(text)
    assert ("lang", "en") in seen.attributes
    assert ("content", "width=device-width, initial-scale=1") in seen.attributes
    assert seen.tags.count("h1") == 1
    assert {"script", "img", "style"}.isdisjoint(seen.tags)
    assert text.startswith("<!doctype html>")


@pytest.mark.parametrize("leads_away", [True, False])
def test_a_page_allows_nothing_that_it_does_not_need(leads_away) -> None:
    answer = page("Hello", leads_away=leads_away, status=403)
    policy = dict(part.strip().split(" ", 1) for part in answer.headers["content-security-policy"].split(";"))
    assert policy["default-src"] == "'none'"
    assert policy["style-src"] == "'self'"
    assert policy["frame-ancestors"] == "'none'"
    assert policy["base-uri"] == "'none'"
    assert ("form-action" in policy) is not leads_away
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["referrer-policy"] == "same-origin"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.status_code == 403


def test_the_style_sheet_asks_nobody_and_knows_the_dark() -> None:
    assert "url(" not in STYLE
    assert "@import" not in STYLE
    assert "prefers-color-scheme: dark" in STYLE
