"""Loading of the MCP SDK what a server needs; its packages load the client half too, a tenth of a start."""

from __future__ import annotations

import sys
from importlib.machinery import ModuleSpec, PathFinder
from importlib.util import module_from_spec
from types import ModuleType
from typing import Any

_PACKAGES = ("mcp", "mcp.server")
"""Their own code only gathers names of their modules, from both halves."""


def defer_client_half() -> None:
    """Import modules of the SDK without what its packages gather; that follows when a name of it is missed.

    Does nothing when the SDK is loaded already, or is not laid out as expected.
    """
    if _PACKAGES[0] in sys.modules:
        return
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
