"""Every kind of job that a provider declares has rows that name its proofs, and the proofs are there."""

from __future__ import annotations

from support.sources import TESTS
from wirepost.providers import load_provider, provider_names

CASES = {"success", "partial", "failure", "cancel", "expiry", "unknown", "lost", "kill"}
"""`unknown`: its provider has no such job; `lost`: the answer to its submission never came; `kill`: whoever
waited for it was killed."""
ROWS = [
    [cell.strip() for cell in line.split("|")]
    for line in (TESTS / "jobs" / "kinds.txt").read_text(encoding="utf-8").splitlines()
    if not line.startswith("#")
]


def test_every_kind_that_is_declared_has_its_rows_and_no_other_has() -> None:
    loads = [load_provider(name).load_jobs for name in provider_names()]
    declared = {kind.name for load in loads if load for kind in load()}
    assert {kind for kind, *_ in ROWS} == declared
    for kind in declared:
        assert {case for name, case, *_ in ROWS if name == kind} == CASES, kind


def test_every_proof_is_there() -> None:
    for kind, case, file, proof in ROWS:
        assert case in CASES, kind
        if file != "-":
            assert f"def {proof}(" in (TESTS / file).read_text(encoding="utf-8"), (kind, proof)
        assert proof
