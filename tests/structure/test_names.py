"""Words that say nothing are not used as names."""

from __future__ import annotations

import ast
import re

from support.sources import SRC, TESTS, listed_exceptions, parsed, python_files, shown

BANNED = frozenset(
    ["manager", "handler", "helper", "util", "service", "base", "common", "misc", "data", "info"],
)
EXCEPTIONS = TESTS / "structure" / "names.txt"


def words(name: str) -> set[str]:
    """The parts of a snake_case or CamelCase name, in lower case."""
    parted = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", name).lower()
    parted = re.sub(r"data_dir(ectory)?", "directory", parted)  # a term of the product
    return {word.rstrip("s") if word.rstrip("s") in BANNED else word for word in parted.split("_")}


def defined_names() -> dict[str, str]:
    """`file:name` → name, for modules, classes and functions of the product."""
    names = {}
    for path in python_files("src"):
        place = path.relative_to(SRC).as_posix()
        names[place] = path.parent.name if path.stem == "__init__" else path.stem
        for node in ast.walk(parsed(path)):
            if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
                names[f"{place}:{node.name}"] = node.name
    return names


def test_no_name_contains_a_word_that_says_nothing() -> None:
    found = {place for place, name in defined_names().items() if words(name) & BANNED}
    allowed = listed_exceptions(EXCEPTIONS)
    assert sorted(found - allowed.keys()) == []
    assert sorted(allowed.keys() - found) == [], f"{shown(EXCEPTIONS)} lists what is no longer there"
    assert [place for place, reason in allowed.items() if not reason] == []


def test_words_are_told_apart_in_both_spellings() -> None:
    assert words("HTTPHandler") == {"http", "handler"}
    assert words("parse_base_url") == {"parse", "base", "url"}
    assert words("database") == {"database"}
    assert words("DataDirectory") == {"directory"}
    assert words("read_settings") == {"read", "settings"}
