"""Loading of the MCP SDK what a server needs, when it needs it: two tenths of a start.

Its packages load the client half too, and the types of all protocol versions are made ready to validate.
"""

from __future__ import annotations

import sys
from contextlib import suppress
from importlib import import_module
from importlib.machinery import ModuleSpec, PathFinder
from importlib.util import module_from_spec
from types import ModuleType
from typing import Any

from pydantic import BaseModel

_PACKAGES = ("mcp", "mcp.server")
"""Their own code only gathers names of their modules, from both halves."""


def defer_sdk() -> None:
    """Import the SDK without what a server may never use; that follows when it is used.

    Does nothing when the SDK is loaded already, or is not laid out as expected.
    """
    if _PACKAGES[0] in sys.modules:
        return
    _defer_client_half()
    _defer_types()


def _defer_types() -> None:
    """Have each of the types of messages, several hundred, made ready when the first such message comes."""
    # Models take over the options of the class they derive from, and this is where all of them begin.
    BaseModel.model_config["defer_build"] = True
    try:
        with suppress(ModuleNotFoundError):
            import_module("mcp_types.methods")
    finally:
        del BaseModel.model_config["defer_build"]


def _defer_client_half() -> None:
    place = None
    for name in _PACKAGES:
        spec = PathFinder.find_spec(name, place)
        if spec is None or spec.loader is None or spec.submodule_search_locations is None:
            return
        place = list(spec.submodule_search_locations)
        module = module_from_spec(spec)
        module.__dict__["__getattr__"] = _Completion(module, spec)
        sys.modules[name] = module
        parent, _, own_name = name.rpartition(".")
        if parent:
            setattr(sys.modules[parent], own_name, module)


class _Completion:
    """Runs a package's own code the first time one of its names is missed."""

    def __init__(self, module: ModuleType, spec: ModuleSpec) -> None:
        self._module, self._spec = module, spec

    def __call__(self, name: str) -> Any:
        if name.startswith("__") or self._spec.loader is None:
            raise AttributeError(name)
        del self._module.__dict__["__getattr__"]
        self._spec.loader.exec_module(self._module)
        return getattr(self._module, name)
