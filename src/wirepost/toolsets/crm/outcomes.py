"""What became of the records of a batch, and when that is an error."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from wirepost.contracts.records import FieldTrouble, Trouble, Written
from wirepost.core.errors import FieldProblem, Rejected
from wirepost.core.text import cut
from wirepost.tools.results import Result
from wirepost.toolsets.crm.checking import NAMED
from wirepost.upstream.faults import safe_words

_BRIEF = 60
"""Characters of the message of a failure that is told in brief."""
_MOST_ALLOWED = 20


class Outcomes(Result):
    """Every record of a batch, in input order."""

    results: list[Written]
    succeeded: int
    failed: int
    skipped: int


def outcomes_of(results: Sequence[Written], argument: str = "records") -> Outcomes:
    """The results with their counts; raises `Rejected` where every record failed.

    `argument` names the list that the indexes belong to.
    """
    shown = list(_shown(results))
    failed = [each for each in shown if each.status == "failed"]
    if failed and len(failed) == len(shown):
        raise _rejected(failed, argument)
    return Outcomes(
        results=shown,
        succeeded=sum(each.status == "ok" for each in shown),
        failed=len(failed),
        skipped=sum(each.status == "skipped" for each in shown),
    )


def all_done(ids: Sequence[str]) -> Outcomes:
    """Every record was found to be as it should."""
    return outcomes_of([Written(index=index, status="ok", id=each) for index, each in enumerate(ids)])


def _shown(results: Sequence[Written]) -> Iterator[Written]:
    """Results with clean words; of many failures the later ones in brief, so that none has to be left out."""
    failures = 0
    for each in results:
        if each.error is None:
            yield each
            continue
        failures += 1
        error = _in_full(each.error) if failures <= NAMED else _in_brief(each.error)
        yield each.model_copy(update={"error": error})


def _in_full(error: Trouble) -> Trouble:
    """Messages of a vendor may quote what outsiders wrote."""
    fields = [
        FieldTrouble(
            path=safe_words(each.path),
            problem=safe_words(each.problem),
            allowed=each.allowed and [safe_words(value) for value in each.allowed[:_MOST_ALLOWED]],
        )
        for each in error.fields or ()
    ]
    return Trouble(code=error.code, message=safe_words(error.message), fields=fields or None)


def _in_brief(error: Trouble) -> Trouble:
    return Trouble(code=error.code, message=cut(safe_words(error.message), _BRIEF))


def _rejected(failed: Sequence[Written], argument: str) -> Rejected:
    troubles = [(each.index, each.error) for each in failed if each.error is not None]
    codes = {trouble.code for _, trouble in troubles}
    code = codes.pop() if len(codes) == 1 else "upstream_rejected"
    said = troubles[0][1].message if troubles else "the vendor gave no reason"
    message = said if len(failed) == 1 else f"None of the {len(failed)} records was written: {said}"
    problems = [problem for index, trouble in troubles for problem in _problems(index, trouble, argument)]
    family_code = code if code in Rejected.codes else "upstream_rejected"
    return Rejected(family_code, message, fields=problems[:NAMED], applied_nothing=True)


def _problems(index: int, trouble: Trouble, argument: str) -> Iterator[FieldProblem]:
    place = f"{argument}[{index}]"
    if not trouble.fields:
        yield FieldProblem(path=place, problem=trouble.message)
    for each in trouble.fields or ():
        problem = FieldProblem(path=f"{place}.{each.path}", problem=each.problem)
        if each.allowed:
            problem["allowed"] = each.allowed
        yield problem
