"""Languages by name."""

from __future__ import annotations

import pytest

from wirepost.providers.embedded.language import recognise


@pytest.mark.parametrize(
    ("text", "language"),
    [  # the Universal Declaration of Human Rights, article 1, in the translations of the United Nations
        ("All human beings are born free and equal in dignity and rights.", "en"),
        ("Alle Menschen sind frei und gleich an Würde und Rechten geboren.", "de"),
        ("Tous les êtres humains naissent libres et égaux en dignité et en droits.", "fr"),
        ("Todos los seres humanos nacen libres e iguales en dignidad y derechos.", "es"),
        ("Tutti gli esseri umani nascono liberi ed eguali in dignità e diritti.", "it"),
        ("Alle mensen worden vrij en gelijk in waardigheid en rechten geboren.", "nl"),
    ],
)
def test_a_sentence_shows_its_language(text, language):
    name, share = recognise(text)
    assert name == language
    assert 0.5 < share <= 1


def test_without_a_letter_there_is_no_language():
    assert recognise("12 €") is None
