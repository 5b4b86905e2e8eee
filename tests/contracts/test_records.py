"""Objects and their fields by name, figures, and rows of imports."""

from __future__ import annotations

from support.paper_shop import PERSON, column
from wirepost.contracts.records import Measure, imported


def test_a_field_is_found_by_its_own_name_before_an_alias() -> None:
    fields = [column("email"), column("work_email")]
    schema = PERSON.model_copy(
        update={"fields": fields, "aliases": {"email": "work_email", "mail": "work_email", "phone": "gone"}}
    )
    assert schema.field("email") is fields[0]
    assert schema.field("mail") is fields[1]
    assert schema.field("phone") is None


def test_a_figure_is_named_by_what_is_counted_of_which_field() -> None:
    assert Measure("sum", "amount").name == "sum_amount"
    assert Measure("count").name == "count"


def test_a_row_of_an_import_has_what_the_vendor_tells_and_nothing_else() -> None:
    assert imported("ok", number=1, record_id="7", is_new=False) == {
        "status": "ok",
        "number": 1,
        "id": "7",
        "is_new": False,
    }
    assert imported("failed", code="duplicate", fields={"email": "a@example.com"}) == {
        "status": "failed",
        "error": {"code": "duplicate", "message": None},
        "fields": {"email": "a@example.com"},
    }
