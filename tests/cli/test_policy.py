"""`wirepost policy explain`: the rule that would decide."""

from __future__ import annotations

import pytest

RULES = """\
connections:
  shop: {provider: stripe, environment: sandbox}
policy:
  rules:
    - {id: small, effect: allow, tools: [stripe_create_refund], amount: {up_to: "20.00", currency: eur}}
    - id: night-shift
      effect: deny
      callers: [night-*]
      reason: Not at night
"""


@pytest.fixture(autouse=True)
def rules(configure) -> None:
    configure(RULES)


def explained(cli, *arguments: str) -> dict[str, str]:
    return cli("policy", "explain", *arguments, "--json").json


def test_the_rule_that_decides_is_named_with_its_line(cli) -> None:
    result = cli("policy", "explain", "stripe_create_refund", "amount=10.00", "currency=eur")
    assert result.out == "allow: it would run\nby rule small (wirepost.yaml:5): rule small\n"
    result = cli("policy", "explain", "stripe_get_balance", "--caller", "night-3")
    assert result.out == "deny: it would be refused\nby rule night-shift (wirepost.yaml:6): Not at night\n"


def test_without_an_amount_a_rule_on_amounts_leaves_it_open(cli) -> None:
    assert "depends on amount" in cli("policy", "explain", "stripe_create_refund").out
    assert explained(cli, "stripe_create_refund")["effect"] == "depends on amount or target"


def test_another_amount_falls_to_the_default_of_the_risk(cli) -> None:
    found = explained(cli, "stripe_create_refund", "amount=20.01", "currency=eur")
    assert (found["effect"], found["rule"], found["connection"]) == ("confirm", "default:W3", "shop")
    assert explained(cli, "connection_list")["effect"] == "allow"


def test_read_only_denies_what_writes(cli, configure) -> None:
    configure("read_only: true")
    assert explained(cli, "stripe_create_refund")["rule"] == "read_only"


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (("stripe_create_refunds",), 2, "did you mean stripe_create_refund?"),
        (("stripe_create_refund", "amount=1,5", "currency=eur"), 1, "plain decimal"),
        (
            ("stripe_create_refund", "connection=x"),
            2,
            "there is no connection 'x' for it (connection= one of shop)",
        ),
        (("stripe_create_refund", "amount"), 2, "write key=value"),
    ],
)
def test_a_question_that_makes_no_sense_is_refused(
    cli, arguments: tuple[str, ...], code: int, says: str
) -> None:
    result = cli("policy", "explain", *arguments)
    assert result.code == code
    assert says in result.err


def test_with_several_connections_one_is_to_be_named(cli, configure) -> None:
    configure("connections:\n  a: &a {provider: stripe, environment: sandbox}\n  b: *a\n")
    assert (
        "several connections fit (connection= one of a, b)"
        in cli("policy", "explain", "stripe_get_balance").err
    )
    assert explained(cli, "stripe_get_balance", "connection=b")["connection"] == "b"
