"""Text: what becomes a control sequence, what never does, and what is shown of Slack's own."""

from __future__ import annotations

import html
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wirepost.providers.slack.text import Known, compose, escape, mentioned, rendered, wanted

KNOWN = Known(
    people={"frida": "U0TEAM001", "o'brien": "U0TEAM009"},
    rooms={"support": "C0SUPPORT"},
    user_ids=frozenset({"U0TEAM002"}),
    channel_ids=frozenset({"C0SALES"}),
)
FORMS = ("markdown", "mrkdwn", "plain")
FRAGMENTS = [
    *("<!channel>", "<!here|here>", "<!everyone>", "<!subteam^S0AAAAAAA|@team>", "<!date^1^{date}|x>"),
    *("<@U0TEAM001>", "<@U0TEAM002>", "<@U0TEAM002|frida>", "<@W0AAAAAA>", "<#C0SALES>", "<#C0OTHER|x>"),
    *("<https://example.com/a?b=1&c=2|here>", "<https://example.com>", "<mailto:a@example.com|a>"),
    *("<javascript:alert(1)|x>", "<http://a|<!channel>>", "<https://a|&lt;!here&gt;>", "<tel:1>"),
    *("@frida", "@channel", "@here", "@o'brien", "#support", "#1", "a@frida.example", "@nobody"),
    *(
        "&lt;!channel&gt;",
        "&#60;!here&#62;",
        "&amp;",
        "<",
        ">",
        "&",
        "|",
        "!",
        "@",
        "#",
        "\n> quote",
        "**b**",
    ),
    *("\u202e", "\u200b", "\x00", "`<!here>`", "<\n!channel>", "< !channel>", "<<!channel>>"),
]
hostile = st.lists(st.one_of(st.sampled_from(FRAGMENTS), st.text(max_size=8)), max_size=12).map("".join)


@given(text=hostile, form=st.sampled_from(FORMS), mentions=st.sampled_from(["none", "users", "all"]))
def test_every_sign_that_opens_a_control_sequence_opens_one_of_ours(text, form, mentions):
    """12.2.4e: no text makes a mention, a channel-wide mention or a link that was not allowed."""
    made = compose(text, form, mentions, KNOWN)
    # As Slack reads it: from `<` to the next `>`.
    found = re.findall(r"<[^>]*>?", made.text)
    assert found == list(made.made)
    allowed = r"<@(U0TEAM001|U0TEAM002|U0TEAM009)>|<#(C0SUPPORT|C0SALES)>"
    if form == "mrkdwn":
        allowed += r"|<https?://[^\s<>|]+(\|[^<>\n]+)?>"
    if mentions == "all":
        allowed += r"|<!(channel|here|everyone)>|<!subteam\^S0AAAAAAA>"
    for sequence in found:
        assert re.fullmatch(allowed, sequence), sequence
    if mentions == "none":
        assert made.calls == ()
        assert not re.search("<[@!]", made.text)


@given(text=hostile)
def test_text_without_mentions_comes_back_as_it_was(text):
    """What is escaped is shown again as the same characters."""
    made = compose(text, "plain", "none", Known())
    assert made.made == ()
    assert rendered(made.text, {}) == text
    assert html.unescape(escape(text)) == text


@pytest.mark.parametrize(
    ("text", "mentions", "expected"),
    [
        ("hi @frida.", "none", "hi @frida."),
        ("hi @frida.", "users", "hi <@U0TEAM001>."),
        ("hi @Frida's", "users", "hi @Frida's"),
        ("hi @O'Brien!", "users", "hi <@U0TEAM009>!"),
        ("mail a@frida.example", "users", "mail a@frida.example"),
        ("@nobody @frida", "users", "@nobody <@U0TEAM001>"),
        ("@channel", "users", "@channel"),
        ("@channel, @here", "all", "<!channel>, <!here>"),
        ("<!channel>", "none", "&lt;!channel&gt;"),
        ("<!channel>", "users", "&lt;!channel&gt;"),
        ("<!channel|x>", "all", "<!channel>"),
        ("<!subteam^S0AAAAAAA|@team>", "all", "<!subteam^S0AAAAAAA>"),
        ("<!subteam^S0AAAAAAA|@team>", "users", "&lt;!subteam^S0AAAAAAA|@team&gt;"),
        ("<@U0TEAM002>", "none", "&lt;@U0TEAM002&gt;"),
        ("<@U0TEAM002|x>", "users", "<@U0TEAM002>"),
        ("<@U0STRANGER>", "users", "&lt;@U0STRANGER&gt;"),
        ("see #support, #1 and #nowhere", "none", "see <#C0SUPPORT>, #1 and #nowhere"),
        ("see <#C0SALES|x> <#C0OTHER>", "none", "see <#C0SALES> &lt;#C0OTHER&gt;"),
        ("1 < 2 && 3 > 2", "none", "1 &lt; 2 &amp;&amp; 3 &gt; 2"),
        ("&lt;!channel&gt;", "all", "&amp;lt;!channel&amp;gt;"),
    ],
)
def test_names_and_signs(text, mentions, expected):
    assert compose(text, "mrkdwn", mentions, KNOWN).text == expected


@pytest.mark.parametrize(
    ("text", "form", "expected"),
    [
        ("<https://a.example/?b=1&c=2|the page>", "mrkdwn", "<https://a.example/?b=1&amp;c=2|the page>"),
        ("<https://a.example>", "mrkdwn", "<https://a.example>"),
        ("<https://a.example|x>", "markdown", "&lt;https://a.example|x&gt;"),
        ("<https://a.example|x>", "plain", "&lt;https://a.example|x&gt;"),
        ("<ftp://a.example|x>", "mrkdwn", "&lt;ftp://a.example|x&gt;"),
        ("<https://a.example|<!here>>", "mrkdwn", "&lt;https://a.example|&lt;!here&gt;&gt;"),
        ("[x](https://a.example)", "markdown", "[x](https://a.example)"),
        ("a\n> quoted\n>> twice > not", "markdown", "a\n> quoted\n>> twice &gt; not"),
        ("a\n> quoted", "mrkdwn", "a\n&gt; quoted"),
    ],
)
def test_links_and_quotations_by_form(text, form, expected):
    assert compose(text, form, "none", KNOWN).text == expected


def test_only_what_is_needed_is_looked_up():
    text = "@frida @Frida. @channel #support #12 <@U0TEAM002> <#C0SALES> a@b.example"
    asked = wanted(text, "users")
    assert asked.people == {"frida"}
    assert asked.rooms == {"support"}
    assert asked.user_ids == {"U0TEAM002"}
    assert asked.channel_ids == {"C0SALES"}
    silent = wanted(text, "none")
    assert (silent.people, silent.user_ids) == (frozenset(), frozenset())
    assert silent.rooms == {"support"}


# The forms of https://docs.slack.dev/messaging/formatting-message-text#retrieving-messages
@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("<@U0TEAM001> wrote", "@frida (U0TEAM001) wrote"),
        ("<@U0OTHER> and <@U0LABEL|lena>", "@U0OTHER and @lena (U0LABEL)"),
        ("in <#C0SUPPORT|support> and <#C0PRIVATE>", "in #support (C0SUPPORT) and #C0PRIVATE"),
        ("<!here> <!channel|channel> <!subteam^S0A|@ops> <!subteam^S0B>", "@here channel @ops (S0A) @S0B"),
        ("<!date^1392734382^{date}|Feb 18, 2014>", "Feb 18, 2014"),
        ("<https://example.com/track|track>", "track (https://example.com/track)"),
        (
            "<https://example.com> <https://a.example|https://a.example>",
            "https://example.com https://a.example",
        ),
        ("<mailto:bob@example.com|bob@example.com>", "bob@example.com"),
        ("<mailto:bob@example.com|Bob>", "Bob (mailto:bob@example.com)"),
        ("a &lt;b&gt; &amp;lt; c", "a <b> &lt; c"),
        ("<https://a.example/?x=1&amp;y=2|a &amp; b>", "a & b (https://a.example/?x=1&y=2)"),
        ("< not one> <>", "< not one> <>"),
    ],
)
def test_what_is_shown_of_a_text_from_slack(text, expected):
    assert rendered(text, {"U0TEAM001": "frida"}) == expected


def test_mentioned_users_are_found():
    assert mentioned("<@U0TEAM001> <@W0AAAAAA|x> <#C0A> <!here> @U0NO &lt;@U0NO2&gt;") == {
        "U0TEAM001",
        "W0AAAAAA",
    }
