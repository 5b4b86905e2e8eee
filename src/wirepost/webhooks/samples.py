"""Requests as a sender would make them, for trying: bodies kept with the sender, with other values."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from importlib.resources import files
from typing import Any


def sample_file(package: str, name: str) -> bytes:
    """The bytes of a sample in the folder `samples` of a package."""
    return files(package).joinpath("samples", name).read_bytes()


def with_fields(value: Any, fields: Mapping[str, Any]) -> Any:
    """The value with others at some paths, such as `event.text` or `0.objectId`; changed in place.

    The last step may be new; raises `ValueError` where a path leads nowhere.
    """
    for path, given in fields.items():
        *steps, last = path.split(".")
        place = value
        for step in steps:
            place = _step(place, step, path)
        if isinstance(place, dict):
            place[last] = given
        elif isinstance(place, list) and last.isdecimal() and int(last) < len(place):
            place[int(last)] = given
        else:
            raise ValueError(f"there is no {path} in the sample")
    return value


def sample_type(kind: str, samples: Iterable[str], types: Mapping[str, str]) -> str:
    """The sender's type of which there is a sample, by its own name or by ours; raises `ValueError`."""
    theirs = list(samples)
    found = kind if kind in theirs else next((name for name in theirs if types.get(name) == kind), None)
    if found is None:
        raise unknown_type(kind, theirs)
    return found


def unknown_type(kind: str, known: Iterable[str]) -> ValueError:
    """The error for a type of which there is no sample."""
    return ValueError(f"there is no sample of {kind}; there are {', '.join(sorted(set(known)))}")


def _step(place: Any, step: str, path: str) -> Any:
    if isinstance(place, dict) and step in place:
        return place[step]
    if isinstance(place, list) and step.isdecimal() and int(step) < len(place):
        return place[int(step)]
    raise ValueError(f"there is no {path} in the sample")
