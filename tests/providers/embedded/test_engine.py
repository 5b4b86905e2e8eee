"""The model inside."""

from __future__ import annotations

import numpy as np
import pytest

from wirepost.providers.embedded.engine import DIMENSIONS, count_tokens, missing, vectors


async def test_each_text_becomes_a_vector_of_length_one():
    found = await vectors(["one", "two\0three"])
    assert found.shape == (2, DIMENSIONS)
    assert np.linalg.norm(found, axis=1) == pytest.approx([1, 1], abs=1e-3)


def test_longer_texts_have_more_tokens():
    assert count_tokens(["a b c d e f"]) > count_tokens(["a"]) > 0


def test_a_missing_package_is_named():
    assert "wirepost[embedded]" in (missing().hint or "")
