"""The claims of access tokens, whatever they hold."""

from __future__ import annotations

import contextlib

from hypothesis import given
from hypothesis import strategies as st

from wirepost.server.auth.claims import scopes_in, verified
from wirepost.server.auth.verified import Refused

GOOD = {"iss": "https://i.example", "aud": "r", "sub": "s", "client_id": "c", "exp": 100, "scope": "a b"}
ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)


@given(st.sampled_from([*GOOD, "nbf", "iat", "azp", "scp", "cnf"]), ANYTHING)
def test_any_value_of_any_claim_is_either_a_caller_or_a_refusal(name, value) -> None:
    with contextlib.suppress(Refused):
        found = verified({**GOOD, name: value}, "https://i.example", "r", 50.0)
        assert found.caller.id.startswith("https://i.example|")
        assert isinstance(found.caller.scopes, frozenset)


@given(ANYTHING)
def test_scopes_are_words_or_nothing(value) -> None:
    assert all(isinstance(scope, str) for scope in scopes_in({"scope": value}))
