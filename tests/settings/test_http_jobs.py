"""A description of jobs that could never work is refused."""

from __future__ import annotations

import pytest

from support.warehouse import DESCRIBED
from wirepost.settings import ConnectionSettings


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"jobs": {"export": {**DESCRIBED, "states": {"x": "failed"}}}}, "no state that means succeeded"),
        ({"jobs": {"export": {**DESCRIBED, "status": "/v1/exports"}}}, "pattern"),
        ({"jobs": {"export": {**DESCRIBED, "id": "a..b"}}}, "pattern"),
    ],
)
def test_descriptions_that_cannot_work_are_refused(change, told):
    with pytest.raises(ValueError, match=told):
        ConnectionSettings.model_validate(
            {"provider": "http", "environment": "test", "jobs": {"export": DESCRIBED}, **change}
        )
